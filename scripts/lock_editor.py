"""Write `scripts/code-server/parts/`: what the server half of code-server loads, each with its exact version.

code-server brings lists of its own for a second and a third installation inside its package. They
include an AI runtime of 240 MB, programs for Windows and modules that need a compiler; none of them
is needed to edit, to search or to open a terminal. `make lock` calls this after a change of version.
"""

import json
from pathlib import Path

NOT_NEEDED = {
    "@devcontainers/cli",
    "@github/copilot-sdk",
    "@microsoft/mxc-sdk",
    "@vscode/copilot-api",
    "@vscode/deviceid",
    "@vscode/native-watchdog",
    "@vscode/sandbox-runtime",
    "@vscode/spdlog",
    "@vscode/sqlite3",
    "@vscode/windows-process-tree",
    "@vscode/windows-registry",
    "kerberos",
    "ssh2",
}


def write_parts(package: Path, target: Path) -> None:
    """Read the lists in an unpacked code-server package and write ours, without any address."""
    server = package / "lib" / "vscode"
    wanted = json.loads((server / "package.json").read_text(encoding="utf-8"))["dependencies"]
    lock = json.loads((server / "npm-shrinkwrap.json").read_text(encoding="utf-8"))
    extensions = json.loads((server / "extensions" / "npm-shrinkwrap.json").read_text(encoding="utf-8"))
    versions = {
        name: lock["packages"][f"node_modules/{name}"]["version"] for name in wanted if name not in NOT_NEEDED
    }
    versions["typescript"] = extensions["packages"]["node_modules/typescript"]["version"]
    for entry in lock["packages"].values():
        entry.pop("resolved", None)
    lock["packages"][""] = {}
    manifest = {
        "name": "tezgah-editor-parts",
        "private": True,
        "description": "What the server half of the editor loads; written by scripts/lock_editor.py",
        "dependencies": dict(sorted(versions.items())),
    }
    target.mkdir(parents=True, exist_ok=True)
    write(target / "package.json", manifest)
    # npm then takes out what the manifest does not ask for and adds what the lock lacks.
    write(target / "package-lock.json", lock)


def write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
