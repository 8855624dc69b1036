"""A copy of the data, being forgotten, and closing a company: what goes, what stays, and who may."""

import io
import json
import zipfile
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.models import (
    AuditEntry,
    Company,
    DataArchive,
    EmailMessage,
    Invoice,
    Membership,
    Order,
    Role,
    Subscription,
    SubscriptionStatus,
    User,
)
from app.domain.accounts.husks import DELETED_PERSON
from app.domain.ledger.proof import find_breaks
from app.domain.people.privacy.deletion import delete_account
from app.lib.clock import now, real_now
from app.lib.uow import unit_of_work
from app.tasks.context import Resources
from app.tasks.privacy import SWEEPS
from tests.conftest import Browser
from tests.factories import PASSWORD, Customer, add_member, make_customer, pay
from tests.worker import drain

Maker = async_sessionmaker[AsyncSession]


@pytest.fixture
async def customer(session_maker: Maker, client: Browser) -> Customer:
    """Somebody who is logged in."""
    customer = await make_customer(session_maker, language="en")
    await customer.log_in(client)
    return customer


async def actions(session_maker: Maker) -> list[str]:
    async with session_maker() as session:
        return list(await session.scalars(select(AuditEntry.action)))


async def end_of(session_maker: Maker, customer: Customer) -> None:
    """Let the company's subscription and its files be gone, as cancellation and retention leave them."""
    async with unit_of_work(session_maker) as session:
        await session.execute(
            update(Subscription)
            .where(Subscription.company_id == customer.company.id)
            .values(
                status=SubscriptionStatus.CANCELED,
                canceled_at=now(),
                data_kept_until=now(),
                data_deleted_at=now(),
            )
        )


async def test_the_last_owner_of_a_living_company_stays(
    client: Browser, session_maker: Maker, customer: Customer
) -> None:
    answer = await client.submit("/account/deletion", password=PASSWORD)
    assert answer.status_code == 409
    assert "You own Işık Yazılım." in answer.text
    async with session_maker() as session:
        assert (await session.get_one(User, customer.user.id)).deleted_at is None


async def test_who_is_forgotten_is_so_everywhere_and_may_come_again(
    client: Browser, session_maker: Maker, customer: Customer
) -> None:
    member = await add_member(session_maker, customer, Role.DEVELOPER)
    async with session_maker() as session:
        membership = await session.scalar(select(Membership.id).where(Membership.user_id == member.user.id))
    await client.submit(f"/company/members/{membership}/quota", quota="1")
    await client.submit(f"/company/members/{membership}/role", role="admin")
    await client.submit("/logout")
    await member.log_in(client)
    await client.submit("/account", full_name="Deniz Eren", language="en", color_scheme="dark")
    assert (await client.submit("/account/deletion", password="wrong")).status_code == 422
    gone = await client.submit("/account/deletion", password=PASSWORD)
    assert gone.headers["location"] == "/login?after=account-deletion"
    assert (await client.get("/dashboard")).status_code == 302, "its session has ended"
    assert (await client.submit("/login", email=member.email, password=PASSWORD)).status_code == 422
    async with session_maker() as session:
        user = await session.get_one(User, member.user.id)
        theirs = list(await session.scalars(select(Membership).where(Membership.user_id == user.id)))
        trail = select(AuditEntry).where(AuditEntry.actor_id == user.id)
        entries = list(await session.scalars(trail))
        kept = text("SELECT u::text FROM users u UNION ALL SELECT a::text FROM audit_entries a")
        rows = (await session.execute(kept)).scalars().all()
    assert (user.full_name, user.deleted_at is not None, theirs) == (DELETED_PERSON, True, [])
    assert "account.deleted" in {entry.action for entry in entries}
    assert len(entries) > 1
    assert {entry.address for entry in entries} == {None}
    assert {"member.quota_changed", "member.role_changed", "member.left"} <= set(await actions(session_maker))
    assert not [row for row in rows if member.email in row or "Deniz" in row]
    await customer.log_in(client)
    told = (await client.get("/company/audit")).text
    assert "Silinmiş kişi" in told or "Deleted person" in told
    await client.submit("/logout")
    again = await client.submit(
        "/register",
        company_name="Deniz Ltd.",
        full_name="Deniz Er",
        email=member.email,
        password=PASSWORD,
        plan="team",
        accept_terms="yes",
    )
    assert again.status_code == 303


async def test_a_mailbox_that_had_its_trial_has_none_after_being_forgotten(
    client: Browser, session_maker: Maker, resources: Resources, customer: Customer
) -> None:
    await end_of(session_maker, customer)
    await client.submit("/company/closing")
    await SWEEPS["close_companies"](resources, real_now())
    async with unit_of_work(session_maker) as session:
        user = await session.get_one(User, customer.user.id)
        proof = {"password": PASSWORD, "code": ""}
        await delete_account(session, user, **proof, settings=resources.settings, at=real_now())
    fields = {"company_name": "Yeni", "full_name": "Ada Ç", "plan": "team", "accept_terms": "yes"}
    await client.submit("/register", email=customer.email, password=PASSWORD, **fields)
    async with session_maker() as session:
        fresh = select(Subscription).join(Company, Company.id == Subscription.company_id)
        subscription = (await session.scalars(fresh.where(Company.name == "Yeni"))).one()
        assert customer.email not in str((await session.execute(text("SELECT * FROM used_trials"))).all())
    assert subscription.trial_ends_at is None


async def test_a_company_is_closed_only_once_nothing_of_it_runs_and_its_owner_may_think_again(
    client: Browser, session_maker: Maker, resources: Resources, customer: Customer
) -> None:
    assert (await client.submit("/company/closing")).status_code == 409
    await end_of(session_maker, customer)
    for path in ("/company/closing", "/company/closing/withdrawal"):
        assert (await client.submit(path)).status_code == 303
    assert (await SWEEPS["close_companies"](resources, real_now())).found == 0
    assert (await client.get("/company/closing")).status_code == 200


async def test_closing_takes_what_names_people_and_leaves_the_book_provable(
    client: Browser, session_maker: Maker, resources: Resources, customer: Customer
) -> None:
    await pay(session_maker, customer, resources.settings, at=now() - timedelta(days=40))
    await drain(resources)
    await end_of(session_maker, customer)
    await client.submit("/company/closing")
    for _ in range(2):
        await SWEEPS["close_companies"](resources, real_now())
    async with session_maker() as session:
        company = await session.get_one(Company, customer.company.id)
        invoice = (await session.scalars(select(Invoice))).one()
        letters = list(
            await session.scalars(select(EmailMessage).where(EmailMessage.company_id == company.id))
        )
        entries = list(await session.scalars(select(AuditEntry).where(AuditEntry.company_id == company.id)))
        orders = list(await session.scalars(select(Order).where(Order.company_id == company.id)))
        members = list(await session.scalars(select(Membership)))
        findings = await find_breaks(session, at=real_now())
    assert company.closed_at is not None
    assert (company.name, company.address, members) == ("Closed company", None, [])
    assert invoice.buyer["name"] == "Işık Yazılım", "tax law keeps to whom it was made out"
    assert len(orders) == 1
    assert [(letter.context, customer.email == letter.recipient) for letter in letters] == [
        ({}, False) for _ in letters
    ]
    assert [entry.action for entry in entries].count("company.closed") == 1
    assert {entry.address for entry in entries if entry.action != "company.closed"} == {None}
    assert findings.found == []
    assert (await client.get("/dashboard")).status_code in {302, 303}, "there is no company to look at"


async def test_the_trail_forgets_addresses_of_nobody_who_is_still_here(
    session_maker: Maker, customer: Customer
) -> None:
    for statement in (
        f"SELECT forget_addresses_of_person('{customer.user.id}')",
        "UPDATE audit_entries SET action = 'nothing.happened'",
        "UPDATE audit_entries SET address = NULL",
    ):
        with pytest.raises(DBAPIError, match="is append only"):
            async with unit_of_work(session_maker) as session:
                await session.execute(text(statement))


async def test_a_copy_holds_everything_but_secrets_and_only_who_asked_fetches_it(
    client: Browser, session_maker: Maker, resources: Resources, customer: Customer
) -> None:
    await pay(session_maker, customer, resources.settings)
    await drain(resources)
    for path in ("/company/data", "/account/data"):
        for _ in range(2):
            assert (await client.submit(path)).status_code == 303
    await drain(resources)
    async with session_maker() as session:
        archives = {archive.kind.value: archive for archive in await session.scalars(select(DataArchive))}
        letters = select(EmailMessage).where(EmailMessage.template == "data_ready")
        assert len(list(await session.scalars(letters))) == len(archives) == 2, "one each, asked for twice"
        invoice = (await session.scalars(select(Invoice))).one()
    fetched = {
        kind: await client.get(f"/{'account' if kind == 'person' else 'company'}/data/{one.id}")
        for kind, one in archives.items()
    }
    files = {kind: zipfile.ZipFile(io.BytesIO(answer.content)) for kind, answer in fetched.items()}
    profile = json.loads(files["person"].read("profile.json"))
    assert [(one["email"], "password_hash" in one) for one in profile] == [(customer.email, False)]
    assert json.loads(files["person"].read("sessions.json"))
    assert files["company"].read(f"documents/{invoice.number}.pdf").startswith(b"%PDF")
    assert [one["gross"] for one in json.loads(files["company"].read("orders.json"))] == [297_000]
    everything = b"".join(file.read(name) for file in files.values() for name in file.namelist())
    for secret in (b"$argon2", b"user_token", b"session_epoch", b"paid_with"):
        assert secret not in everything
    await client.submit("/logout")
    stranger = await make_customer(session_maker, name="Başka Şirket")
    await stranger.log_in(client)
    for path in (f"/company/data/{archives['company'].id}", f"/account/data/{archives['person'].id}"):
        assert (await client.get(path)).status_code == 404


async def test_a_copy_is_removed_after_its_days(
    client: Browser, session_maker: Maker, resources: Resources, customer: Customer
) -> None:
    await client.submit("/account/data")
    sweep = partial(SWEEPS["sweep_archives"], resources)
    await sweep(real_now() + timedelta(minutes=2))
    async with session_maker() as session:
        archive = (await session.scalars(select(DataArchive))).one()
    assert archive.storage_key
    assert await resources.storage.exists(archive.storage_key)
    assert (await client.get(f"/account/data/{archive.id}")).status_code == 200
    await sweep(real_now() + timedelta(days=8))
    assert not await resources.storage.exists(archive.storage_key)
    async with session_maker() as session:
        assert (await session.get_one(DataArchive, archive.id)).removed_at is not None
    assert "Make a copy" in (await client.get("/account/data")).text


async def test_a_company_is_neither_copied_nor_closed_by_anybody_but_its_owner(
    client: Browser, session_maker: Maker, customer: Customer
) -> None:
    admin = await add_member(session_maker, customer, Role.ADMIN)
    await client.submit("/logout")
    await admin.log_in(client)
    assert [
        (await client.submit("/company/data")).status_code,
        (await client.submit("/company/closing")).status_code,
    ] == [403, 403]
