"""Ids, addresses, state tables and log fields."""

from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.lib.errors import IllegalTransition
from app.lib.http import local_address
from app.lib.ids import random_reference, uuid7
from app.lib.log import hide_rows, hide_secrets
from app.lib.state import Transitions


def test_ids_sort_by_age_and_say_their_version() -> None:
    ids = [uuid7() for _ in range(50)]
    assert len(set(ids)) == 50
    assert {id_.version for id_ in ids} == {7}
    assert [id_.int >> 80 for id_ in ids] == sorted(id_.int >> 80 for id_ in ids)


def test_references_are_what_paytr_takes_and_never_twice() -> None:
    references = {random_reference("TZG") for _ in range(200)}
    assert len(references) == 200
    assert all(r.isalnum() and r.isascii() and len(r) == 24 and r.startswith("TZG") for r in references)


@pytest.mark.parametrize(
    "address", ["/", "/billing", "/workspaces/1?block=a#b", "/a//b", "/%2f%2fevil.example"]
)
def test_a_path_of_ours_is_kept(address: str) -> None:
    assert local_address(address, "/dashboard") == address


@given(st.text())
def test_what_is_kept_starts_with_one_slash_and_prints(address: str) -> None:
    kept = local_address(address, "/dashboard")
    assert kept.startswith("/")
    assert not kept.startswith(("//", "/\\"))
    assert kept.isprintable()


class Light(StrEnum):
    RED = "red"
    GREEN = "green"


def test_a_state_machine_moves_along_its_arrows_only() -> None:
    table = Transitions({Light.RED: {Light.GREEN}})
    assert table.move(Light.RED, Light.GREEN) is Light.GREEN
    for current, target in ((Light.GREEN, Light.RED), (Light.RED, Light.RED)):
        assert not table.allows(current, target)
        with pytest.raises(IllegalTransition):
            table.move(current, target)


def test_fields_named_like_secrets_are_blanked_in_the_log() -> None:
    event: dict[str, Any] = {"event": "password.changed", "user": "7"}
    secrets = dict.fromkeys(
        ("password", "paytr_token", "Cookie", "Authorization", "hash", "card_number"), "x"
    )
    hidden = hide_secrets(None, "info", {**event, **secrets})
    assert hidden == event | dict.fromkeys(secrets, "[hidden]")


def test_rows_quoted_by_the_database_are_taken_out_of_traces() -> None:
    trace = "CheckViolationError: violates\nDETAIL:  Failing row contains (1, ada@example.com).\nTraceback"
    assert hide_rows(None, "error", {"event": "e", "exception": trace})["exception"] == (
        "CheckViolationError: violates\nDETAIL: [hidden]\nTraceback"
    )
