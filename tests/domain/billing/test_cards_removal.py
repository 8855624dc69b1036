"""Choosing and removing cards: one default, no removal under a charge, tokens that end with it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from app.db.models import PaymentChannel, PaymentStatus, StoredCard
from app.domain.billing.cards.service import (
    CardInUse,
    due_removals,
    make_default,
    remove_at_provider,
    remove_card,
)
from app.domain.billing.cards.store import NoTokens, tokens_of, user_token_of
from app.domain.payments.gateway import GatewayRefused
from app.domain.payments.paytr.fake import InMemoryGateway
from app.lib.errors import DomainError, NotFound
from app.lib.uow import unit_of_work
from app.tasks.context import Resources
from tests.cards import add_card
from tests.factories import Customer, make_customer, start_checkout

AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@pytest.fixture
async def customer(resources: Resources) -> Customer:
    """A company."""
    return await make_customer(resources.session_maker)


async def remove(resources: Resources, customer: Customer, card_id: UUID, at: datetime = AT) -> None:
    async with unit_of_work(resources.session_maker) as session:
        await remove_card(session, await customer.viewer(session), card_id, at=at)


async def at_provider(resources: Resources, card_id: UUID, at: datetime = AT) -> None:
    await remove_at_provider(resources.session_maker, resources.gateway, resources.settings, card_id, at=at)


async def stored(resources: Resources, card_id: UUID) -> StoredCard:
    async with resources.session_maker() as session:
        return await session.get_one(StoredCard, card_id)


async def due(resources: Resources, at: datetime) -> list[UUID]:
    async with resources.session_maker() as session:
        return await due_removals(session, at=at)


async def test_the_tokens_stay_until_paytr_has_removed_the_card(
    resources: Resources, customer: Customer
) -> None:
    card = await add_card(resources, customer)
    await remove(resources, customer, card.id)
    waiting = await stored(resources, card.id)
    assert (waiting.removed_at, waiting.is_default) == (AT, False)
    assert tokens_of(waiting, resources.settings.keys).card == "ctoken0"
    await at_provider(resources, card.id)
    gone = await stored(resources, card.id)
    assert (gone.user_token, gone.card_token, gone.removal_due_at) == (None, None, None)
    with pytest.raises(NoTokens):
        tokens_of(gone, resources.settings.keys)


async def test_the_removal_is_tried_until_paytr_answers(resources: Resources, customer: Customer) -> None:
    gateway = resources.gateway
    assert isinstance(gateway, InMemoryGateway)
    card = await add_card(resources, customer)
    await remove(resources, customer, card.id)
    gateway.unreachable, at, tries = True, AT, 0
    while at < AT + timedelta(days=2):
        assert await due(resources, at) == [card.id]
        await at_provider(resources, card.id, at)
        tries += 1
        next_try = (await stored(resources, card.id)).removal_due_at
        assert next_try is not None
        assert timedelta(minutes=2) <= next_try - at <= timedelta(hours=6)
        assert await due(resources, next_try - timedelta(seconds=1)) == []
        at = next_try
    assert 10 < tries < 25
    gateway.unreachable = False
    await at_provider(resources, card.id, at)
    assert (await stored(resources, card.id)).card_token is None
    assert await due(resources, at + timedelta(days=365)) == []


async def test_a_refusal_by_paytr_is_no_removal(
    resources: Resources, customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = await add_card(resources, customer)
    await remove(resources, customer, card.id)

    async def refuse(**request: Any) -> None:
        raise GatewayRefused(f"{sorted(request)} is not signed as it should be")

    monkeypatch.setattr(resources.gateway, "delete_card", refuse)
    await at_provider(resources, card.id)
    assert (await stored(resources, card.id)).card_token is not None


async def test_a_card_is_removed_at_paytr_once_however_many_try(
    resources: Resources, customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = await add_card(resources, customer)
    await remove(resources, customer, card.id)
    asked: list[str] = []

    async def watch(*, user_token: str, card_token: str) -> None:
        asked.append(f"{user_token} {card_token}")

    monkeypatch.setattr(resources.gateway, "delete_card", watch)
    for _ in range(3):
        await at_provider(resources, card.id)
    assert asked == ["utoken ctoken0"]


@pytest.mark.parametrize("status", [PaymentStatus.CREATED, PaymentStatus.SENT, PaymentStatus.UNKNOWN])
async def test_a_card_with_an_undecided_charge_stays(
    resources: Resources, customer: Customer, status: PaymentStatus
) -> None:
    card = await add_card(resources, customer)
    checkout = await start_checkout(resources.session_maker, customer)
    async with unit_of_work(resources.session_maker) as session:
        payment = await session.merge(checkout.payment)
        payment.channel, payment.card_id, payment.status = PaymentChannel.STORED_CARD, card.id, status
    with pytest.raises(CardInUse):
        await remove(resources, customer, card.id)
    assert (await stored(resources, card.id)).removed_at is None
    async with unit_of_work(resources.session_maker) as session:
        payment = await session.merge(checkout.payment)
        payment.channel, payment.card_id = PaymentChannel.STORED_CARD, card.id
        payment.status = PaymentStatus.FAILED
    await remove(resources, customer, card.id)


async def test_the_newest_fit_card_follows_a_removed_default(
    resources: Resources, customer: Customer
) -> None:
    default = await add_card(resources, customer)
    fit = await add_card(resources, customer, number=1)
    await add_card(resources, customer, number=2, requires_cvv=True)
    await add_card(resources, customer, number=3, expiry_month=10, expiry_year=2026)
    await remove(resources, customer, default.id)
    assert (await stored(resources, fit.id)).is_default


async def test_an_unfit_card_never_becomes_the_default(resources: Resources, customer: Customer) -> None:
    default = await add_card(resources, customer)
    unfit = await add_card(resources, customer, number=1, requires_cvv=True)
    async with unit_of_work(resources.session_maker) as session:
        with pytest.raises(DomainError):
            await make_default(session, await customer.viewer(session), unfit.id, at=AT)
    await remove(resources, customer, default.id)
    assert not (await stored(resources, unfit.id)).is_default


async def test_a_card_ends_with_its_last_month_in_istanbul(resources: Resources, customer: Customer) -> None:
    card = await add_card(resources, customer, expiry_month=11, expiry_year=2026)
    assert card.is_fit(datetime(2026, 11, 30, tzinfo=UTC).date())
    assert not card.is_fit(datetime(2026, 12, 1, tzinfo=UTC).date())
    assert [card.expires_soon(datetime(2026, month, 1, tzinfo=UTC).date()) for month in (9, 10, 11, 12)] == [
        False,
        True,
        True,
        False,
    ]


async def test_a_removed_card_is_nobodys_any_more(resources: Resources, customer: Customer) -> None:
    card = await add_card(resources, customer)
    await remove(resources, customer, card.id)
    with pytest.raises(NotFound):
        await remove(resources, customer, card.id)
    async with resources.session_maker() as session:
        assert await user_token_of(session, customer.company.id, resources.settings.keys) == "utoken"
    await at_provider(resources, card.id)
    async with resources.session_maker() as session:
        assert await user_token_of(session, customer.company.id, resources.settings.keys) is None
