"""The virtual environment: exactly the pinned packages, each checked against its hash."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from setup_errors import SetupError, run

REQUIREMENTS = Path("requirements/development.txt")
MEND = "Is a package index reachable? pip's configuration (pip.conf, PIP_*) is honoured. Then run make again."
NO_PIP = (
    "Install Python's own pip (Debian and Ubuntu: apt-get install python3-venv; Fedora: dnf install "
    "python3-pip) and run make again."
)

# What uv calls the settings of pip; uv reads its own only.
UV_NAMES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
    "proxy": "ALL_PROXY",
}


def install_packages(root: Path) -> None:
    """Make `.venv` and fill it: pip brings the pinned uv, and uv the rest, ten times faster than pip."""
    python = make_environment(root)
    pip = find_pip(root)
    requirements = (root / REQUIREMENTS).read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        only_uv = Path(folder) / "uv.txt"
        only_uv.write_text(block_of("uv", requirements), encoding="utf-8")
        pip_install(pip, root, only_uv)
    try:
        uv(root, python, "--require-hashes", "--no-deps", "--requirement", str(root / REQUIREMENTS))
    except SetupError:
        # A set-up that uv does not understand (an index behind netrc or a keyring, say) pip may well do.
        pip_install(pip, root, root / REQUIREMENTS)


def install_product(root: Path) -> None:
    """Install the product itself so that its sources are used where they lie."""
    python = root / ".venv" / "bin" / "python"
    uv(root, python, "--no-deps", "--no-build-isolation", "--editable", str(root))


def make_environment(root: Path) -> Path:
    """Create the virtual environment, anew where its Python is gone or is another version."""
    folder = root / ".venv"
    python = folder / "bin" / "python"
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    ask = [str(python), "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    if (
        python.exists()
        and subprocess.run(ask, capture_output=True, text=True, check=False).stdout.strip() == version
    ):
        return python
    shutil.rmtree(folder, ignore_errors=True)
    mend = "Debian and Ubuntu ship it apart: apt-get install python3-venv. Then run make again."
    run(
        [sys.executable, "-m", "venv", "--without-pip", folder], mend=mend, where=root, environment=os.environ
    )
    return python


def find_pip(root: Path) -> list[str]:
    """Return a command that is pip for the virtual environment, without installing pip into it."""
    python = str(root / ".venv" / "bin" / "python")
    try:
        import ensurepip

        wheels = sorted((Path(ensurepip.__file__).parent / "_bundled").glob("pip-*.whl"))
    except ImportError:
        wheels = []
    # Debian keeps the wheels that ensurepip installs in a place of its own.
    wheels += sorted(Path("/usr/share/python-wheels").glob("pip-*.whl"))
    if wheels:
        return [python, str(wheels[0] / "pip")]
    own_pip = [sys.executable, "-m", "pip", "--python", python]
    if subprocess.run([*own_pip, "--version"], capture_output=True, check=False).returncode == 0:
        return own_pip
    raise SetupError("This Python has no pip and nothing to install one from.", NO_PIP)


def pip_install(pip: list[str], root: Path, requirements: Path) -> None:
    options = ["--quiet", "--disable-pip-version-check", "--require-hashes", "--no-deps", "--requirement"]
    run([*pip, "install", *options, requirements], mend=MEND, where=root, environment=os.environ)


def uv(root: Path, python: Path, *arguments: str) -> None:
    """Install with uv, told what pip is told; hashes decide, so any index may bring any package."""
    command = [str(python.parent / "uv"), "pip", "install", "--quiet", "--python", str(python)]
    options = ["--native-tls", "--index-strategy", "unsafe-best-match"]
    environment = {**os.environ, **uv_settings(pip_settings(root))}
    run([*command, *options, *arguments], mend=MEND, where=root, environment=environment)


def pip_settings(root: Path) -> dict[str, str]:
    """Return pip's settings by their names; the environment comes first, as it does for pip."""
    listing = run([*find_pip(root), "config", "list"], mend=MEND, where=root, environment=os.environ)
    found: dict[str, str] = {}
    for scope, name, value in re.findall(r"^([^.\s]+)\.([\w-]+)='(.*)'$", listing, flags=re.MULTILINE):
        if scope == ":env:" or name not in found:
            found[name] = value.encode().decode("unicode_escape")
    return found


def uv_settings(settings: Mapping[str, str]) -> dict[str, str]:
    """Return pip's settings as the variables of uv, but for those that are set already."""
    chosen = {UV_NAMES[name]: value for name, value in settings.items() if name in UV_NAMES}
    return {name: " ".join(value.split()) for name, value in chosen.items() if name not in os.environ}


def block_of(package: str, requirements: str) -> str:
    """Return the lines of one package, hashes included, from a list of pinned requirements."""
    found = re.search(rf"^{re.escape(package)}==.*(?:\n[ \t]+--hash.*)*", requirements, flags=re.MULTILINE)
    if found is None:
        raise SetupError(f"{REQUIREMENTS} does not pin {package}.", "Run `make lock`.")
    return found.group(0) + "\n"
