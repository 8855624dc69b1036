"""Adding a card: what PayTR reports counts once, and nothing is left hanging."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from app.db.models import (
    CardRegistration,
    CaseKind,
    OperatorCase,
    RefundStatus,
    RegistrationStatus,
    StoredCard,
)
from app.domain.billing.cards.registrations import TRIES_AN_HOUR
from app.domain.billing.cards.rules import NOT_LISTED, TEST_PAYMENT
from app.domain.billing.cards.service import due_removals, remove_card
from app.domain.billing.cards.store import reveal, tokens_of
from app.domain.billing.settlement.service import Outcome
from app.domain.billing.verification.rules import LADDER
from app.lib.crypto import Keys, Unreadable
from app.lib.errors import TooMany
from app.lib.uow import unit_of_work
from app.tasks.context import Resources
from tests.conftest import msgspec_replace
from tests.domain.billing.card_desk import AT, MINUTE, Desk
from tests.factories import make_customer


@pytest.fixture
async def desk(resources: Resources) -> Desk:
    """A company that adds a card."""
    return Desk(resources, await make_customer(resources.session_maker))


async def test_the_first_card_is_kept_as_default_and_its_money_is_back(desk: Desk) -> None:
    await desk.begin()
    tokens = desk.confirm()
    assert await desk.report(**tokens) is Outcome.APPLIED
    await desk.follow()
    (card,) = await desk.all(StoredCard)
    registration = await desk.registration()
    assert (card.last_four, card.is_default, card.requires_cvv) == ("4358", True, False)
    assert (registration.status, registration.card_id) == (RegistrationStatus.STORED, card.id)
    assert (registration.refund_status, registration.refunded_at) == (RefundStatus.SUCCEEDED, AT)
    assert registration.next_attempt_at is None
    assert desk.given_back == [100]


async def test_tokens_are_unreadable_at_rest_and_come_back_with_the_key_alone(desk: Desk) -> None:
    await desk.begin()
    tokens = desk.confirm()
    await desk.report(**tokens)
    waiting = await desk.registration()
    assert tokens["card_token"] not in str(waiting.card_token)
    await desk.follow()
    (card,) = await desk.all(StoredCard)
    opened = tokens_of(card, desk.resources.settings.keys)
    assert {"user_token": opened.user, "card_token": opened.card} == tokens
    assert not [
        token for token in tokens.values() if token in f"{card.user_token}{card.card_token}{opened!r}"
    ]
    with pytest.raises(Unreadable):
        reveal(Keys("another key of more than thirty-two characters"), card.card_token)
    stored = await desk.registration()
    assert (stored.user_token, stored.card_token) == (None, None)


async def test_a_decline_is_kept_and_a_later_success_in_the_same_form_counts(desk: Desk) -> None:
    await desk.begin()
    declined: dict[str, Any] = {"status": "failed", "total_amount": 0, "failed_reason_code": "2"}
    assert await desk.report(**declined) is Outcome.DECLINED
    assert await desk.report(**declined) is Outcome.REPEATED
    assert (await desk.registration()).failure_code == "2"
    await desk.report(**desk.confirm())
    await desk.follow()
    assert await desk.report(**declined) is Outcome.REPEATED
    registration = await desk.registration()
    assert (registration.status, registration.failure_code) == (RegistrationStatus.STORED, None)


async def test_a_callback_without_the_card_token_finds_the_card_that_is_new(desk: Desk) -> None:
    await desk.add()
    await desk.begin()
    tokens = desk.confirm(last_four="5403")
    await desk.report(user_token=tokens["user_token"])
    await desk.follow()
    cards = await desk.all(StoredCard)
    assert [(card.last_four, card.is_default) for card in cards] == [("4358", True), ("5403", False)]


async def test_a_fit_card_takes_the_place_of_a_default_that_is_not(desk: Desk) -> None:
    await desk.add(requires_cvv=True)
    await desk.add(last_four="5403")
    cards = await desk.all(StoredCard)
    assert [(card.requires_cvv, card.is_default) for card in cards] == [(True, False), (False, True)]


async def test_a_card_that_is_not_listed_yet_is_looked_for_until_it_is(desk: Desk) -> None:
    await desk.begin()
    tokens = desk.confirm()
    kept = desk.gateway.cards.pop(tokens["user_token"])
    await desk.report(**tokens)
    await desk.follow()
    assert (await desk.registration()).status is RegistrationStatus.CONFIRMED
    desk.gateway.cards[tokens["user_token"]] = kept
    desk.at += LADDER[0]
    await desk.follow()
    assert (await desk.registration()).status is RegistrationStatus.STORED
    assert desk.given_back == [100]


async def test_a_card_that_is_never_listed_is_given_up_and_its_money_is_back(desk: Desk) -> None:
    await desk.begin()
    tokens = desk.confirm()
    desk.gateway.cards.clear()
    await desk.report(**tokens)
    for wait in (*LADDER, timedelta(0)):
        await desk.follow()
        desk.at += wait
    registration = await desk.registration()
    assert (registration.status, registration.failure_code) == (RegistrationStatus.FAILED, NOT_LISTED)
    assert (registration.user_token, registration.next_attempt_at) == (None, None)
    assert desk.given_back == [100]


async def test_a_refund_refused_because_it_was_made_already_counts_as_made(desk: Desk) -> None:
    await desk.begin()
    await desk.report(**desk.confirm())
    await desk.gateway.refund(merchant_oid=desk.oid, amount=100, reference="BYHAND")
    await desk.follow()
    assert (await desk.registration()).refund_status is RefundStatus.SUCCEEDED
    assert desk.given_back == [100]
    assert await desk.all(OperatorCase) == []


async def test_an_unreported_registration_expires_only_after_paytr_was_asked(desk: Desk) -> None:
    await desk.begin()
    desk.gateway.unreachable = True
    desk.at += 40 * MINUTE
    await desk.follow()
    assert (await desk.registration()).status is RegistrationStatus.WAITING
    desk.gateway.unreachable = False
    desk.at += LADDER[0]
    await desk.follow()
    registration = await desk.registration()
    assert (registration.status, registration.next_attempt_at) == (RegistrationStatus.EXPIRED, None)
    await desk.report(**desk.confirm())
    await desk.follow()
    assert (await desk.registration()).status is RegistrationStatus.STORED


async def test_paytr_that_never_answers_ends_with_a_case(desk: Desk) -> None:
    await desk.begin()
    desk.gateway.unreachable = True
    desk.at += 40 * MINUTE
    for wait in (*LADDER, timedelta(0)):
        await desk.follow()
        desk.at += wait
    (case,) = await desk.all(OperatorCase)
    assert (case.kind, case.subject) == (CaseKind.OUTCOME_UNKNOWN, desk.oid)
    assert (await desk.registration()).next_attempt_at is None


async def test_a_test_payment_brings_no_card_in_production(desk: Desk) -> None:
    production = msgspec_replace(desk.resources.settings, env="production")
    await desk.begin()
    assert await desk.report(production, **desk.confirm(), test_mode=True) is Outcome.HELD
    await desk.follow()
    registration = await desk.registration()
    assert (registration.status, registration.failure_code) == (RegistrationStatus.FAILED, TEST_PAYMENT)
    assert await desk.all(StoredCard) == []
    assert desk.given_back == [100]


async def test_a_card_that_comes_back_while_its_removal_waits_is_not_removed(desk: Desk) -> None:
    await desk.add()
    (card,) = await desk.all(StoredCard)
    async with unit_of_work(desk.resources.session_maker) as session:
        await remove_card(session, await desk.customer.viewer(session), card.id, at=desk.at)
    await desk.begin()
    desk.gateway.pay(desk.oid)
    assert desk.user_token is not None
    (card_token,) = desk.gateway.cards[desk.user_token]
    await desk.report(user_token=desk.user_token, card_token=card_token)
    await desk.follow()
    async with desk.resources.session_maker() as session:
        assert await due_removals(session, at=desk.at + timedelta(days=9)) == []
    removed, kept = await desk.all(StoredCard)
    assert (removed.card_token, kept.removed_at, kept.is_default) == (None, None, True)


async def test_cards_tried_at_the_same_moment_count_as_those_tried_one_by_one(desk: Desk) -> None:
    tries = await asyncio.gather(*(desk.begin() for _ in range(2 * TRIES_AN_HOUR)), return_exceptions=True)
    assert sum(isinstance(attempt, TooMany) for attempt in tries) == TRIES_AN_HOUR
    assert len(await desk.all(CardRegistration)) == TRIES_AN_HOUR
