"""Look at what the product is built from: `make check` asks that every pin has its hash, that every licence
is one we may ship under, and whether a vulnerability of a pinned version is known.

The last needs a source that answers; where none does, that is said and is no success: "not checked".
"""

import json
import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LISTS = ("production.txt", "development.txt")
PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==(\S+)", re.MULTILINE)
PERMISSIVE = re.compile(
    r"\b(?:MIT|BSD|Apache|ISC|PSF|Python Software Foundation|Unlicense|Zlib|0BSD|CNRI-Python)\b"
    r"|Public Domain",
    re.IGNORECASE,
)
WEAK_COPYLEFT = {
    "certifi": "MPL-2.0: a list of certificates, used as it is",
    "python-stdnum": "LGPL-2.1-or-later: imported as a library and not changed",
}
"""Licences that ask for more, each with why we may keep to it."""
SECONDS = 60


def main() -> int:
    """Print what is wrong, and what could not be checked; return 1 when something is wrong."""
    wrong = [*unpinned(), *unlicensed(pins("production.txt"))]
    known, note = vulnerabilities()
    for line in [*wrong, *known]:
        print(line)
    if note:
        print(f"not checked: {note}")
    return 1 if wrong or known else 0


def pins(name: str) -> dict[str, str]:
    """Return the version of every package of a list."""
    return dict(PIN.findall((ROOT / "requirements" / name).read_text()))


def unpinned() -> list[str]:
    """Return the requirements without an exact version, or without a hash."""
    found = []
    for name in LISTS:
        text = (ROOT / "requirements" / name).read_text().replace("\\\n", " ")
        lines = (
            line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("#")
        )
        found += [
            f"requirements/{name}: {line.split()[0]} is not pinned by version and hash"
            for line in lines
            if not PIN.match(line) or "--hash=sha256:" not in line
        ]
    return found


def unlicensed(packages: dict[str, str]) -> list[str]:
    """Return what is shipped under a licence that nobody has looked at."""
    found = []
    for name in packages:
        try:
            licence = licence_of(name)
        except PackageNotFoundError:
            continue  # for another system or Python; whoever installs it checks it
        if not PERMISSIVE.search(licence) and name not in WEAK_COPYLEFT:
            found.append(
                f"{name}: its licence is {licence or 'not told'}; decide about it in scripts/audit.py"
            )
    return found


def licence_of(name: str) -> str:
    """Return what an installed package says of its licence, in whichever of three ways."""
    facts = metadata(name)
    classifiers = [line for line in facts.get_all("Classifier") or [] if line.startswith("License ::")]
    told_shortly = facts.get_all("License-Expression") or []
    in_full = [text[:80] for text in facts.get_all("License") or []]  # some put the whole licence here
    return " ".join(told_shortly or [*classifiers, *in_full])


def vulnerabilities() -> tuple[list[str], str]:
    """Return the known vulnerabilities of what is shipped, and what could not be asked about, if anything."""
    command = [
        *(str(ROOT / ".venv" / "bin" / "pip-audit"), "--requirement", "requirements/production.txt"),
        *(
            "--require-hashes",
            "--disable-pip",
            "--progress-spinner",
            "off",
            "--timeout",
            "5",
            "--format",
            "json",
        ),
    ]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return [], f"no source of vulnerabilities answered within {SECONDS} s"
    try:
        report = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        return [], "no source of vulnerabilities answers here"
    return told(report)


def told(report: list[dict[str, Any]]) -> tuple[list[str], str]:
    """Return a report's vulnerabilities, and a note about the packages it says nothing of."""
    known = [
        f"{one['name']} {one['version']}: {problem['id']}, fixed in {problem['fix_versions'] or 'no version'}"
        for one in report
        for problem in one.get("vulns", ())
    ]
    skipped = [one["name"] for one in report if "skip_reason" in one]
    if len(skipped) == len(report):
        return known, "no source of vulnerabilities answers here"
    return known, f"vulnerabilities of {', '.join(skipped)}" if skipped else ""


if __name__ == "__main__":
    sys.exit(main())
