"""The one answer to "may this company run workspaces", in every state and at every edge of time."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import app
from app.db.models import Subscription, SubscriptionStatus
from app.domain.subscriptions.entitlement import entitlement_of

AT = datetime(2026, 3, 31, 9, tzinfo=UTC)
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
S = SubscriptionStatus


def may_run(status: SubscriptionStatus, **facts: Any) -> bool:
    subscription = Subscription(status=status, **{"cancel_at_period_end": False, **facts})
    subscription.plan = None  # type: ignore[assignment]  # no limit is asked for here
    return entitlement_of(subscription, AT).may_run_workspaces


@pytest.mark.parametrize(
    ("status", "facts", "may"),
    [
        (S.TRIALING, {"trial_ends_at": AT + SECOND}, True),
        (S.TRIALING, {"trial_ends_at": AT}, False),
        (S.ACTIVE, {"current_period_end": AT + SECOND}, True),
        (S.ACTIVE, {"current_period_end": AT}, True),
        (S.ACTIVE, {"current_period_end": AT - 7 * DAY + SECOND}, True),
        (S.ACTIVE, {"current_period_end": AT - 7 * DAY}, False),
        (S.ACTIVE, {"current_period_end": AT + SECOND, "cancel_at_period_end": True}, True),
        (S.ACTIVE, {"current_period_end": AT, "cancel_at_period_end": True}, False),
        (S.PAST_DUE, {"past_due_since": AT - 6 * DAY}, True),
        (S.PAST_DUE, {"past_due_since": AT - 60 * DAY}, True),
        (S.SUSPENDED, {"current_period_end": AT + DAY}, False),
        (S.CANCELED, {"current_period_end": AT + DAY}, False),
    ],
)
def test_the_entitlement_of_each_state(status: SubscriptionStatus, facts: dict[str, Any], may: bool) -> None:
    """Source: product §3. Past due runs until the engine has suspended it, an attempt being waited for."""
    assert may_run(status, **facts) is may


def test_a_company_without_a_subscription_may_run_nothing() -> None:
    assert not entitlement_of(None, AT).may_run_workspaces
    assert entitlement_of(None, AT).workspace_limit == 0


def test_nothing_but_the_entitlement_asks_the_subscription_itself() -> None:
    sources = Path(app.__file__).parent
    asking = {
        file.relative_to(sources).as_posix()
        for file in sources.rglob("*")
        if file.suffix in {".py", ".j2"} and ".grants_access(" in file.read_text(encoding="utf-8")
    }
    assert asking == {"domain/subscriptions/entitlement.py"}
