"""The verification payment goes back exactly once, whatever gets lost on the way."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.db.models import (
    CaseKind,
    OperatorCase,
    PaymentEvent,
    RefundStatus,
    RegistrationStatus,
    StoredCard,
)
from app.domain.billing.cards.followup import due_registrations
from app.domain.billing.settlement.service import Outcome
from app.domain.billing.verification.rules import LADDER
from app.domain.payments.gateway import GatewayUnreachable
from app.domain.payments.values import RefundAnswer
from app.tasks.context import Resources
from tests.conftest import msgspec_replace
from tests.domain.billing.card_desk import MINUTE, Desk
from tests.factories import make_customer


@pytest.fixture
async def desk(resources: Resources) -> Desk:
    """A company that adds a card."""
    return Desk(resources, await make_customer(resources.session_maker))


async def test_a_repeated_callback_stores_one_card_and_gives_back_once(desk: Desk) -> None:
    await desk.begin()
    tokens = desk.confirm()
    outcomes = await asyncio.gather(*(desk.report(**tokens) for _ in range(5)))
    assert sorted(map(str, outcomes)) == ["applied", *["repeated"] * 4]
    await asyncio.gather(*(desk.follow() for _ in range(5)))
    assert await desk.report(**tokens) is Outcome.REPEATED
    desk.at += timedelta(days=2)
    await desk.follow()
    assert len(await desk.all(StoredCard)) == 1
    assert len(await desk.all(PaymentEvent)) == 1
    assert desk.given_back == [100]


async def test_a_lost_answer_to_the_refund_is_asked_about_and_not_sent_again(desk: Desk) -> None:
    await desk.begin()
    await desk.report(**desk.confirm())
    desk.gateway.lose_answers = True
    await desk.follow()
    assert (await desk.registration()).refund_status is RefundStatus.UNKNOWN
    assert desk.given_back == [100]
    desk.at += LADDER[0]
    await desk.follow()
    desk.gateway.lose_answers = False
    desk.at += LADDER[1]
    await desk.follow()
    assert (await desk.registration()).refund_status is RefundStatus.SUCCEEDED
    assert desk.given_back == [100]


async def test_a_refund_that_never_arrived_is_sent_again(desk: Desk) -> None:
    await desk.begin()
    await desk.report(**desk.confirm())
    desk.gateway.unreachable = True
    await desk.follow()
    assert desk.given_back == []
    desk.gateway.unreachable = False
    desk.at += LADDER[0]
    await desk.follow()
    assert desk.given_back == [100]
    assert (await desk.registration()).status is RegistrationStatus.STORED


async def test_a_worker_that_dies_over_the_refund_leaves_it_to_be_asked_about(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.begin()
    await desk.report(**desk.confirm())
    send = desk.gateway.refund

    async def die(**request: Any) -> RefundAnswer:
        await send(**request)
        raise asyncio.CancelledError

    monkeypatch.setattr(desk.gateway, "refund", die)
    with pytest.raises(asyncio.CancelledError):
        await desk.follow()
    monkeypatch.setattr(desk.gateway, "refund", send)
    assert (await desk.registration()).refund_status is RefundStatus.SENT
    desk.at += LADDER[0]
    async with desk.resources.session_maker() as session:
        assert await due_registrations(session, at=desk.at) == [(await desk.registration()).id]
    await desk.follow()
    assert (await desk.registration()).refund_status is RefundStatus.SUCCEEDED
    assert desk.given_back == [100]


async def test_a_refund_that_is_refused_for_now_is_tried_again_and_one_refused_for_good_is_a_case(
    desk: Desk,
) -> None:
    await desk.begin()
    await desk.report(**desk.confirm())
    desk.gateway.refund_refusal = "007"
    await desk.follow()
    assert (await desk.registration()).refund_status is RefundStatus.CREATED
    desk.gateway.refund_refusal = "008"
    desk.at += LADDER[0]
    await desk.follow()
    assert (await desk.registration()).refund_status is RefundStatus.FAILED
    (case,) = await desk.all(OperatorCase)
    assert (case.kind, case.subject) == (CaseKind.REFUND_REFUSED, desk.oid)


async def test_a_payment_found_by_asking_is_given_back_and_its_late_callback_brings_the_card(
    desk: Desk,
) -> None:
    await desk.begin()
    tokens = desk.confirm()
    desk.at += 40 * MINUTE
    await desk.follow()
    await desk.follow()
    registration = await desk.registration()
    assert (registration.status, registration.refund_status) == (
        RegistrationStatus.CONFIRMED,
        RefundStatus.SUCCEEDED,
    )
    desk.at += MINUTE
    assert await desk.report(**tokens) is Outcome.APPLIED
    await desk.follow()
    assert (await desk.registration()).status is RegistrationStatus.STORED
    assert desk.given_back == [100]


async def test_another_amount_goes_back_whole_and_is_a_case(desk: Desk) -> None:
    await desk.begin()
    tokens = desk.confirm()
    desk.gateway.pay(desk.oid, total=150)
    await desk.report(**tokens, total_amount=150)
    await desk.follow()
    (case,) = await desk.all(OperatorCase)
    assert (case.kind, case.facts["collected"]) == (CaseKind.AMOUNT_DIFFERS, 150)
    assert desk.given_back == [150]
    assert (await desk.registration()).status is RegistrationStatus.STORED


async def test_paytr_being_away_while_the_card_is_read_costs_time_only(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.begin()
    await desk.report(**desk.confirm())
    ask = desk.gateway.list_cards

    async def away(user_token: str) -> Any:
        raise GatewayUnreachable(f"no answer for somebody of {len(user_token)} letters")

    monkeypatch.setattr(desk.gateway, "list_cards", away)
    await desk.follow()
    assert desk.given_back == [100]
    monkeypatch.setattr(desk.gateway, "list_cards", ask)
    desk.at += LADDER[0]
    await desk.follow()
    assert (await desk.registration()).status is RegistrationStatus.STORED


async def test_a_refund_of_less_than_was_taken_is_laid_before_a_person(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.begin()
    await desk.report(**desk.confirm())
    give_back = desk.gateway.refund

    async def half(**order: Any) -> RefundAnswer:
        return await give_back(**(order | {"amount": order["amount"] // 2}))

    monkeypatch.setattr(desk.gateway, "refund", half)
    await desk.follow()
    assert desk.given_back == [50]
    (case,) = await desk.all(OperatorCase)
    assert case.kind is CaseKind.AMOUNT_DIFFERS


async def test_money_goes_back_although_the_secret_key_has_changed_meanwhile(desk: Desk) -> None:
    await desk.begin()
    await desk.report(**desk.confirm())
    desk.resources = replace(
        desk.resources,
        settings=msgspec_replace(desk.resources.settings, secret_key="another key of 32 letters!" * 2),
    )
    await desk.follow()
    assert desk.given_back == [100]
    assert (await desk.registration()).status is RegistrationStatus.CONFIRMED
