"""What `make check` says of secrets and of what we are built from: found is found, unasked is not well."""

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "scripts"))

import audit
import secret_scan

DRAWN = "b7Qx0vT2mZr9LkP4sWcY"
"""Made up for this test; in pieces below, so that the scan of this file finds nothing."""


@pytest.mark.parametrize(
    "line",
    [
        "-----BEGIN RSA " + "PRIVATE KEY-----",
        "key = 'AKIA" + "ABCDEFGHIJKLMNOP'",
        "ghp_" + "a1B2" * 9,
        "database = 'postgresql://tezgah:" + "hunter2hunter2@db.example/tezgah'",
        "TEZGAH_SECRET_KEY=" + DRAWN,
        '"merchant_salt": "' + DRAWN + '"',
    ],
)
def test_a_secret_in_a_file_is_found(line: str) -> None:
    assert secret_scan.kinds_in(line)


@pytest.mark.parametrize(
    "line",
    [
        "TEZGAH_SECRET_KEY=development-only-secret-key-never-in-production",
        "password: str = Field(max_length=200)",
        "token = request.query_params['token_of_the_letter']",
        "postgresql+asyncpg://user:password@host:5432/database",
        "secret = derive_secret(keys, purpose)",
    ],
)
def test_code_that_speaks_of_secrets_is_none(line: str) -> None:
    assert not secret_scan.kinds_in(line)


def test_a_finding_does_not_print_the_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secret_scan, "ROOT", tmp_path)
    (tmp_path / "settings.py").write_text(f"a = 1\npaytr_token = '{DRAWN}'\n")
    assert list(secret_scan.findings("settings.py")) == ["settings.py:2: random text given to a secret"]


def test_what_no_source_was_asked_about_is_told_and_is_no_success() -> None:
    skipped: dict[str, Any] = {"name": "one", "skip_reason": "not found"}
    clean: dict[str, Any] = {"name": "two", "version": "1", "vulns": []}
    bad: dict[str, Any] = {
        "name": "three",
        "version": "1",
        "vulns": [{"id": "PYSEC-1", "fix_versions": ["2"]}],
    }
    assert audit.told([skipped]) == ([], "no source of vulnerabilities answers here")
    assert audit.told([skipped, clean]) == ([], "vulnerabilities of one")
    assert audit.told([clean]) == ([], "")
    assert audit.told([bad])[0] == ["three 1: PYSEC-1, fixed in ['2']"]


def test_a_requirement_without_a_hash_or_an_exact_version_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "ROOT", tmp_path)
    monkeypatch.setattr(audit, "LISTS", ("production.txt",))
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "production.txt").write_text(
        "good==1.0 \\\n    --hash=sha256:00\n    # via tezgah\nloose>=1 \\\n    --hash=sha256:00\nbare==1.0\n"
    )
    assert [line.split()[1] for line in audit.unpinned()] == ["loose>=1", "bare==1.0"]


def test_a_licence_nobody_has_looked_at_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "licence_of", lambda name: "AGPL-3.0" if name == "click" else "MIT")
    assert [line.partition(":")[0] for line in audit.unlicensed({"click": "8", "jinja2": "3"})] == ["click"]
