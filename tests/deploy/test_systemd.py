"""The units that run the service on a machine: accepted by systemd without a word, and shut in."""

import configparser
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))


def read(unit: Path) -> configparser.SectionProxy:
    parser = configparser.ConfigParser(strict=False, interpolation=None, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # systemd's names have capitals
    parser.read(unit, encoding="utf-8")
    return parser["Service"]


def test_there_is_a_unit_for_each_process() -> None:
    assert [unit.name for unit in UNITS] == ["tezgah-web.service", "tezgah-worker.service"]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_runs_its_own_command_as_a_user_without_rights(unit: Path) -> None:
    service = read(unit)
    command = unit.stem.removeprefix("tezgah-")
    assert service["ExecStart"] == f"/opt/tezgah/venv/bin/python -m app {command}"
    assert service["User"] == "tezgah"
    assert service["NoNewPrivileges"] == "yes"
    assert service["ProtectSystem"] == "strict"
    assert service["CapabilityBoundingSet"] == ""
    assert service["Restart"] == "always"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="this machine has no systemd")
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_has_nothing_to_say_about_a_unit(unit: Path, tmp_path: Path) -> None:
    # It looks for the program and the manual at the places where a server has them.
    for folder in ("venv/bin", "deploy"):
        (tmp_path / folder).mkdir(parents=True)
    program = tmp_path / "venv/bin/python"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    rendered = tmp_path / unit.name
    rendered.write_text(
        unit.read_text(encoding="utf-8").replace("/opt/tezgah", str(tmp_path)), encoding="utf-8"
    )
    said = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(rendered)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (said.returncode, said.stderr) == (0, "")
