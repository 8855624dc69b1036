"""The table of a workspace's states, and what each move leaves behind."""

from functools import partial

import pytest

from app.db.models.workspace import WORKSPACE_TRANSITIONS, Workspace, WorkspaceStatus
from app.domain.workspaces.service import BUSY, REACHED, UNDERWAY
from app.lib.clock import now
from app.lib.errors import IllegalTransition
from app.lib.ids import uuid7

W = WorkspaceStatus


def workspace(status: WorkspaceStatus) -> Workspace:
    return Workspace(
        company_id=uuid7(),
        owner_id=uuid7(),
        name="shop",
        driver="fake",
        status=status,
        driver_state={"pid": 1},
    )


def can_be_reached(workspace: Workspace) -> bool:
    return bool(workspace.backend_url or workspace.ready_at)


def test_a_deleted_workspace_stays_deleted() -> None:
    assert not any(WORKSPACE_TRANSITIONS.allows(W.DELETED, target) for target in W)


def test_every_state_but_the_last_can_be_left() -> None:
    for status in set(W) - {W.DELETED}:
        assert any(WORKSPACE_TRANSITIONS.allows(status, target) for target in W), status


@pytest.mark.parametrize("status", [W.READY, W.STOPPED, W.FAILED])
def test_from_every_state_of_rest_each_wish_is_fulfilled_or_possible(status: WorkspaceStatus) -> None:
    for kind, target in UNDERWAY.items():
        assert status in REACHED[kind] or WORKSPACE_TRANSITIONS.allows(status, target), (kind, status)


def test_every_state_in_between_has_a_sentence_for_those_who_ask_too_early() -> None:
    assert {status for status in W if workspace(status).is_in_transition} == set(BUSY)


def test_only_a_ready_workspace_has_an_address() -> None:
    ready = workspace(W.STARTING)
    ready.became_ready("fake", "http://127.0.0.1:9", {"pid": 2}, now(), editor_key="name")
    assert ready.backend_url
    for leave in (
        partial(ready.begin, W.STOPPING),
        partial(ready.became_stopped, {}, "it ended"),
        partial(ready.failed, "it broke"),
    ):
        ready.status, ready.backend_url = W.READY, "http://127.0.0.1:9"
        leave()
        assert not can_be_reached(ready)


def test_a_failure_keeps_what_the_driver_needs_to_clean_up() -> None:
    failed = workspace(W.STARTING)
    failed.failed("it broke")
    assert (failed.driver_state, failed.last_error) == ({"pid": 1}, "it broke")


def test_a_move_that_is_not_in_the_table_is_refused() -> None:
    with pytest.raises(IllegalTransition):
        workspace(W.STOPPED).became_ready("fake", "http://127.0.0.1:9", {}, now(), editor_key="name")
