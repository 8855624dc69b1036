"""Signing up: everything or nothing, and nothing typed is lost."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from litestar import Litestar
from prometheus_client import REGISTRY
from redis.asyncio import Redis
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.models import (
    AuditEntry,
    Company,
    EmailMessage,
    LegalAcceptance,
    Membership,
    Role,
    Subscription,
    SubscriptionStatus,
    User,
)
from app.domain.accounts.legal import DOCUMENTS
from app.domain.accounts.legal_texts import words_of
from app.domain.subscriptions.entitlement import entitlement_of
from app.domain.subscriptions.queries import newest_subscription
from app.lib.clock import now
from app.lib.settings import Settings
from tests import html
from tests.conftest import Browser, browser
from tests.factories import PASSWORD

Maker = async_sessionmaker[AsyncSession]
FORM = {
    "company_name": "Işık Yazılım A.Ş.",
    "full_name": "Ada Çağlar",
    "email": "ada@example.com",
    "password": PASSWORD,
    "plan": "team",
    "accept_terms": "yes",
}
TABLES: tuple[type[Any], ...] = (
    User,
    Company,
    Membership,
    Subscription,
    LegalAcceptance,
    EmailMessage,
    AuditEntry,
)


async def counts(session_maker: Maker) -> list[int]:
    async with session_maker() as session:
        return [await session.scalar(select(func.count()).select_from(table)) or 0 for table in TABLES]


NOTHING = [0] * len(TABLES)


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("company_name", "", "Write a name of 2 to 100 characters."),
        ("company_name", "x" * 101, "Write a name of 2 to 100 characters."),
        ("company_name", "Işık\x00", "Write a name of 2 to 100 characters."),
        ("full_name", " A ", "Write a name of 2 to 100 characters."),
        ("email", "", "Write an e-mail address such as ada@company.com."),
        ("email", "ada@example", "Write an e-mail address such as ada@company.com."),
        ("email", "ada @example.com", "Write an e-mail address such as ada@company.com."),
        ("email", "ağa@example.com", "Write an e-mail address such as ada@company.com."),
        ("email", "a" * 100 + "@example.com", "Write an e-mail address such as ada@company.com."),
        ("password", "", "Choose a password of at least 10 characters."),
        ("password", "ninechars", "Choose a password of at least 10 characters."),
        ("password", "x" * 201, "Choose a password of at most 200 characters."),
        ("plan", "gold", "Choose one of the plans."),
        ("plan", "", "Choose one of the plans."),
        ("accept_terms", "", "Please accept the terms to go on."),
    ],
)
async def test_a_field_that_cannot_be_accepted_is_named_and_nothing_typed_is_lost(
    client: Browser, session_maker: Maker, field: str, value: str, sentence: str
) -> None:
    client.headers["accept-language"] = "en"
    answer = await client.submit("/register", **{**FORM, field: value})
    assert answer.status_code == 422
    page = html.read(answer.text)
    assert sentence in page.sentence_at(field)
    for kept in ("company_name", "full_name", "email", "plan", "accept_terms"):
        if kept != field:
            assert page.value(kept) == FORM[kept], kept
    assert not page.value("password")
    assert PASSWORD not in answer.text
    assert await counts(session_maker) == NOTHING


async def test_htmx_gets_the_form_alone_with_the_sentence(client: Browser) -> None:
    await client.get("/register")
    client.headers.update({"hx-request": "true", "accept-language": "en"})
    answer = await client.submit("/register", **{**FORM, "password": "short"})
    assert answer.status_code == 422
    assert "<html" not in answer.text
    assert "at least 10 characters" in html.read(answer.text).sentence_at("password")


@pytest.mark.parametrize(("plan", "workspaces"), [("starter", 5), ("team", 20), ("enterprise", 150)])
async def test_signing_up_gives_a_trial_of_fourteen_days_with_the_plans_limits(
    client: Browser, session_maker: Maker, plan: str, workspaces: int
) -> None:
    before = now()
    answer = await client.submit("/register", **{**FORM, "plan": plan})
    assert (answer.status_code, answer.headers["location"]) == (303, "/dashboard")
    async with session_maker() as session:
        company = (await session.scalars(select(Company))).one()
        subscription = await newest_subscription(session, company.id)
    assert subscription is not None
    assert subscription.status is SubscriptionStatus.TRIALING
    assert subscription.trial_ends_at is not None
    assert before <= subscription.trial_ends_at - timedelta(days=14) <= now()
    entitlement = entitlement_of(subscription, now() + timedelta(days=13, hours=23))
    assert (entitlement.workspace_limit, entitlement.may_run_workspaces) == (workspaces, True)
    assert not entitlement_of(subscription, now() + timedelta(days=14)).may_run_workspaces


async def test_signing_up_keeps_what_was_accepted_and_writes_one_welcome(
    client: Browser, session_maker: Maker
) -> None:
    signed_up = REGISTRY.get_sample_value("tezgah_registrations_total") or 0
    client.headers["accept-language"] = "en"
    await client.submit("/register", **FORM)
    async with session_maker() as session:
        user, company = (
            (await session.scalars(select(User))).one(),
            (await session.scalars(select(Company))).one(),
        )
        membership = (await session.scalars(select(Membership))).one()
        accepted = {row.document: row for row in await session.scalars(select(LegalAcceptance))}
        mail = (await session.scalars(select(EmailMessage))).one()
        audit = (await session.scalars(select(AuditEntry))).one()
    assert (membership.user_id, membership.company_id, membership.role) == (user.id, company.id, Role.OWNER)
    assert set(accepted) == {"terms", "privacy"}
    for name, row in accepted.items():
        shown = words_of(DOCUMENTS[name], DOCUMENTS[name].in_force(now()), "en", Settings())
        assert (row.version, row.sha256) == (shown.version, shown.sha256)
        assert (row.user_id, row.address) == (user.id, "203.0.113.7")
    assert (mail.dedupe_key, mail.template, mail.recipient, mail.language) == (
        f"welcome:{company.id}",
        "welcome",
        "ada@example.com",
        "en",
    )
    assert mail.next_attempt_at is not None
    assert (audit.action, audit.actor_id, audit.address) == ("company.registered", user.id, "203.0.113.7")
    assert user.password_hash.startswith("$argon2id$")
    assert REGISTRY.get_sample_value("tezgah_registrations_total") == signed_up + 1


async def test_an_address_that_is_taken_is_refused_in_any_case(
    application: Litestar, client: Browser, session_maker: Maker
) -> None:
    await client.submit("/register", **FORM)
    async with browser(application) as other:
        other.headers["accept-language"] = "en"
        answer = await other.submit(
            "/register", **{**FORM, "email": "ADA@Example.com", "company_name": "Other"}
        )
    assert answer.status_code == 422
    assert "There is an account with this address already." in html.read(answer.text).sentence_at("email")
    assert (await counts(session_maker))[:2] == [1, 1]


async def test_two_sign_ups_of_one_address_at_once_make_one_account(
    application: Litestar, session_maker: Maker
) -> None:
    async def sign_up(email: str) -> int:
        async with browser(application) as client:
            return (await client.submit("/register", **{**FORM, "email": email})).status_code

    statuses = await asyncio.gather(sign_up("ada@example.com"), sign_up("Ada@EXAMPLE.com"))
    assert sorted(statuses) == [303, 422]
    assert (await counts(session_maker))[:4] == [1, 1, 1, 1]


async def test_companies_of_one_name_get_host_names_of_their_own(
    application: Litestar, session_maker: Maker
) -> None:
    async def sign_up(number: int, name: str) -> int:
        form = {**FORM, "email": f"ada{number}@example.com", "company_name": name}
        async with browser(application) as client:
            return (await client.submit("/register", **form)).status_code

    names = ["Işık Yazılım A.Ş."] * 4 + ["Admin", "株式会社", "42"]
    assert await asyncio.gather(*(sign_up(*pair) for pair in enumerate(names))) == [303] * 7
    async with session_maker() as session:
        slugs = list(await session.scalars(select(Company.slug).order_by(Company.slug)))
    assert len(set(slugs)) == 7
    assert {"isik-yazilim-a-s", "c-admin", "c-42", "c"} <= set(slugs)


async def test_a_sign_up_that_fails_half_way_leaves_nothing(
    client: Browser, session_maker: Maker, redis: "Redis", monkeypatch: pytest.MonkeyPatch
) -> None:
    async def break_down(*_: Any, **__: Any) -> None:
        raise RuntimeError("the last step breaks")

    monkeypatch.setattr("app.domain.billing.new_company.notifications.queue_email", break_down)
    answer = await client.submit("/register", **FORM)
    assert answer.status_code == 500
    assert "the last step breaks" not in answer.text
    assert await counts(session_maker) == NOTHING
    assert await redis.keys("tezgah:sessions*") == []
    monkeypatch.undo()
    assert (await client.submit("/register", **FORM)).status_code == 303


async def test_a_field_sent_twice_or_as_json_is_refused_as_unreadable(client: Browser) -> None:
    await client.get("/login")
    token = client.cookies["csrf"]
    twice = await client.post("/register", data={"email": ["a@b.co", "c@d.co"], "_csrf_token": token})
    as_json = await client.post("/register", json=FORM, headers={"x-csrftoken": token})
    assert (twice.status_code, as_json.status_code) == (400, 422)


async def test_somebody_inside_is_sent_on_from_the_form(client: Browser) -> None:
    await client.submit("/register", **FORM)
    answer = await client.get("/register")
    assert (answer.status_code, answer.headers["location"]) == (303, "/dashboard")
