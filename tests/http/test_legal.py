"""The law on our pages: words that stay as they were, and nothing paid before its contract is accepted."""

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.models import LegalAcceptance, LegalText, Order, Role, User
from app.domain.accounts.cookies import cookies_of
from app.domain.accounts.legal import DOCUMENTS, asked_of_people
from app.domain.accounts.legal_texts import digest_of_sources, words_of
from app.lib.clock import real_now
from app.lib.settings import Settings
from app.lib.uow import unit_of_work
from app.tasks.context import Resources
from tests.agreements import submit_agreed
from tests.conftest import Browser
from tests.factories import Customer, add_member, make_customer
from tests.html import read

Maker = async_sessionmaker[AsyncSession]
BOUGHT = {"plan": "team", "interval": "month"}


@pytest.fixture
async def customer(session_maker: Maker, client: Browser) -> Customer:
    """Somebody who is logged in."""
    customer = await make_customer(session_maker, language="en")
    await customer.log_in(client)
    return customer


async def of_orders(session_maker: Maker) -> list[LegalAcceptance]:
    async with session_maker() as session:
        statement = select(LegalAcceptance).where(LegalAcceptance.order_id.is_not(None))
        return list(await session.scalars(statement.order_by(LegalAcceptance.document)))


@pytest.mark.parametrize("slug", DOCUMENTS)
def test_words_that_were_published_are_never_edited(slug: str) -> None:
    for version in DOCUMENTS[slug].versions:
        found = tuple(digest_of_sources(DOCUMENTS[slug], version, language) for language in ("tr", "en"))
        assert found == version.sources, f"{slug} {version.name}: publish a new version instead"


def test_the_words_are_filled_from_the_settings_and_change_their_hash_with_them() -> None:
    document = DOCUMENTS["terms"]
    version = document.versions[-1]
    one = words_of(document, version, "tr", Settings(seller_name="Örnek <b>Ltd.</b> Şti.", data_kept_days=45))
    other = words_of(document, version, "tr", Settings())
    assert "Örnek &lt;b&gt;Ltd.&lt;/b&gt; Şti." in one.html
    assert "45 gün" in one.html
    assert one.sha256 != other.sha256 == words_of(document, version, "tr", Settings()).sha256


async def test_old_versions_stay_readable_and_unknown_ones_are_not_found(client: Browser) -> None:
    old = await client.get("/legal/terms/2026-11", headers={"accept-language": "en"})
    assert (old.status_code, "This is not the version in force." in old.text) == (200, True)
    assert (await client.get("/legal/terms/1999-01")).status_code == 404


async def test_nothing_is_ordered_before_the_contract_is_accepted_as_it_was_shown(
    client: Browser, session_maker: Maker, customer: Customer
) -> None:
    first = await client.submit("/billing/checkout", **BOUGHT)
    shown = read(first.text).value("shown_contract")
    assert first.status_code == 200
    assert shown
    for part in ("Işık Yazılım", "₺2,475.00", "₺2,970.00", "owner"):
        assert part in first.text
    refused = await client.submit("/billing/checkout", **BOUGHT, shown_contract=shown)
    assert refused.status_code == 422
    assert read(refused.text).sentence_at("accept_contract") == "Accept the contract to go on."
    assert read(refused.text).value("plan") == "team"
    other = await client.submit("/billing/checkout", **BOUGHT, shown_contract="0" * 64, accept_contract="yes")
    assert other.status_code == 422
    async with session_maker() as session:
        assert list(await session.scalars(select(Order))) == []
    assert await of_orders(session_maker) == []


async def test_the_very_words_are_kept_with_the_order_and_asked_for_once(
    client: Browser, session_maker: Maker, customer: Customer
) -> None:
    assert 'id="paytriframe"' in (await submit_agreed(client, "/billing/checkout", **BOUGHT)).text
    again = await client.submit("/billing/checkout", **BOUGHT)
    assert 'id="paytriframe"' in again.text, "the contract of this order stands"
    contract, information = await of_orders(session_maker)
    assert (contract.document, information.document) == ("distance-sales", "preliminary-information")
    assert (contract.user_id, contract.address) == (customer.user.id, "203.0.113.7")
    async with session_maker() as session:
        kept = await session.get_one(LegalText, contract.sha256)
    assert (kept.company_id, kept.language) == (customer.company.id, "en")
    assert "₺2,970.00" in kept.html
    page = await client.get(f"/company/acceptances/{contract.id}")
    assert kept.html in page.text
    assert contract.sha256 in page.text


async def test_an_acceptance_is_nobody_elses_to_read_and_cannot_be_changed(
    client: Browser, session_maker: Maker, customer: Customer
) -> None:
    await submit_agreed(client, "/billing/checkout", **BOUGHT)
    contract, _ = await of_orders(session_maker)
    await client.submit("/logout")
    stranger = await make_customer(session_maker, name="Başka Şirket")
    await stranger.log_in(client)
    assert (await client.get(f"/company/acceptances/{contract.id}")).status_code == 404
    for statement in ("UPDATE legal_acceptances SET address = 'x'", "DELETE FROM legal_texts"):
        with pytest.raises(DBAPIError, match="is append only"):
            async with unit_of_work(session_maker) as session:
                await session.execute(text(statement))


async def test_a_new_version_is_asked_for_once_before_going_on(
    client: Browser, session_maker: Maker, customer: Customer
) -> None:
    async with unit_of_work(session_maker) as session:
        await session.execute(update(User).values(accepted_documents="terms:2026-11 privacy:2026-11"))
    asked = await client.get("/billing")
    assert (asked.status_code, asked.headers["location"]) == (303, "/legal/acceptance?next=/billing")
    for way_out in ("/account/data", "/account/deletion", "/company/closing", "/legal/acceptance"):
        assert (await client.get(way_out)).status_code == 200, way_out
    refused = await client.submit("/legal/acceptance", next="/billing")
    assert refused.status_code == 422
    assert read(refused.text).value("next") == "/billing"
    for _ in range(2):
        done = await client.submit("/legal/acceptance", accept_terms="yes", next="/billing")
        assert done.headers["location"] == "/billing"
    assert (await client.get("/billing")).status_code == 200
    async with session_maker() as session:
        user = await session.get_one(User, customer.user.id)
        rows = list(await session.scalars(select(LegalAcceptance.document)))
    assert user.accepted_documents == asked_of_people(real_now())
    assert sorted(rows) == ["privacy", "terms"], "signing up had accepted these very words"


async def test_who_never_accepted_is_asked_too(
    client: Browser, session_maker: Maker, customer: Customer
) -> None:
    member = await add_member(session_maker, customer, Role.DEVELOPER)
    async with unit_of_work(session_maker) as session:
        await session.execute(update(User).where(User.id == member.user.id).values(accepted_documents=None))
    await client.submit("/logout")
    await member.log_in(client)
    assert (await client.get("/workspaces")).headers["location"].startswith("/legal/acceptance")
    await client.submit("/legal/acceptance", accept_terms="yes")
    assert (await client.get("/workspaces")).status_code == 200


async def test_every_cookie_that_is_set_stands_on_the_cookie_page(
    client: Browser, resources: Resources, customer: Customer
) -> None:
    await client.submit("/preferences", language="en", color_scheme="dark")
    for path in ("/", "/pricing", "/dashboard", "/billing", "/account/sessions"):
        await client.get(path)
    known = {cookie.name for cookie in cookies_of(resources.settings)}
    page = await client.get("/legal/cookies")
    assert {cookie.name for cookie in client.cookies.jar} <= known
    assert {"session", "csrf", "device", "language", "color_scheme"} <= {c.name for c in client.cookies.jar}
    assert [name for name in known if f"<code>{name}</code>" not in page.text] == []
