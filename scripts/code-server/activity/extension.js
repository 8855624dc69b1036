// Touches a file while somebody works here, and warns before the workspace stops for want of it.
//
// An open connection says nothing: a forgotten tab holds one for ever, and a health check does too. VS Code
// itself knows whether its window was touched within the last minute (WindowState.active).
const fs = require("node:fs");
const path = require("node:path");
const vscode = require("vscode");

const LOOK_MS = 20_000;
const WARN_MS = 5 * 60_000;

exports.activate = (context) => {
  const file = path.join(process.env.HOME, ".local", "share", "tezgah", "used");
  const idle = JSON.parse(process.env.WORKSPACE_IDLE || "null");
  let used = Date.now();
  let warned = false;

  const note = () => {
    used = Date.now();
    warned = false;
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, "");
  };
  const look = async () => {
    if (vscode.window.state.active) return note();
    if (!idle || warned || Date.now() - used < idle.minutes * 60_000 - WARN_MS) return;
    warned = true;
    if (await vscode.window.showWarningMessage(idle.warning, idle.stay)) note();
  };

  note();
  const timer = setInterval(look, LOOK_MS);
  context.subscriptions.push(vscode.window.onDidChangeWindowState(look), {
    dispose: () => clearInterval(timer),
  });
};
