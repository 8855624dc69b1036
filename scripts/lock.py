"""Resolve the dependencies anew: `make lock`. Lists keep hashes, and never where a package came from."""

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import setup_node
from lock_editor import write_parts

ROOT = Path(__file__).resolve().parent.parent
UV_OPTIONS = (
    "--universal",
    "--generate-hashes",
    "--no-header",
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--quiet",
)


def main() -> None:
    """Write requirements/*.txt and every package-lock.json."""
    lock_python("production.txt")
    lock_python("development.txt", "--extra=development")
    for folder in (ROOT, ROOT / "scripts" / "code-server"):
        npm(folder, "install", "--package-lock-only")
    lock_editor_parts()


def lock_python(name: str, *options: str) -> None:
    """Pin what pyproject.toml asks for; versions already pinned stay unless `--upgrade` is given."""
    command = [str(ROOT / ".venv" / "bin" / "uv"), "pip", "compile", *UV_OPTIONS, *options, *sys.argv[1:]]
    output = f"requirements/{name}"
    subprocess.run(
        [*command, "--native-tls", "pyproject.toml", "-o", output],
        cwd=ROOT,
        check=True,
        stdout=subprocess.DEVNULL,
    )


def lock_editor_parts() -> None:
    """Pin what the server half of code-server loads, from the lists in its own package."""
    target = ROOT / setup_node.EDITOR_SOURCE / "parts"
    with tempfile.TemporaryDirectory() as folder:
        version = (
            npm(ROOT / setup_node.EDITOR_SOURCE, "pkg", "get", "dependencies.code-server").strip().strip('"')
        )
        archive = npm(Path(folder), "pack", f"code-server@{version}", "--silent").strip().splitlines()[-1]
        with tarfile.open(Path(folder) / archive) as package:
            package.extractall(folder, filter="data")
        write_parts(Path(folder) / "package", target)
    npm(target, "install", "--package-lock-only")


def npm(folder: Path, *arguments: str) -> str:
    """Run npm in a folder with the settings of the repository."""
    node = setup_node.find_node(ROOT)
    program = node.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    borrowed = folder / ".npmrc"
    is_borrowed = not borrowed.exists()
    if is_borrowed:
        shutil.copy(ROOT / ".npmrc", borrowed)
    path = os.pathsep.join((str(node.parent), os.environ.get("PATH", os.defpath)))
    try:
        command = [str(node), str(program), "--loglevel=error", *arguments]
        environment = {**os.environ, "PATH": path}
        return subprocess.run(
            command, cwd=folder, env=environment, check=True, capture_output=True, text=True
        ).stdout
    finally:
        if is_borrowed:
            borrowed.unlink()


if __name__ == "__main__":
    main()
