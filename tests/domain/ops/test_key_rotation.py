"""A change of the secret key: what is stored comes along, and nothing that is open closes on the way."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from app.cli_secrets import secrets
from app.db.base import Base
from app.db.encrypted import EncryptedText, encrypted_columns
from app.db.models import AuditEntry, PaymentStatus, SecondFactor, StoredCard, Workspace
from app.db.models.second_factor import FACTOR_SECRETS
from app.domain.billing.cards.store import digest_of, tokens_of
from app.domain.ops import key_rotation
from app.domain.ops.key_rotation import LINKS_LIVE, Rotation, rotate, standing
from app.domain.workspaces.edge import editor_secret
from app.lib.clock import now
from app.lib.crypto import Encrypted, Keys, Unreadable, decrypt, encrypt
from app.lib.ids import uuid7
from app.lib.settings import Settings
from app.lib.uow import unit_of_work
from app.tasks.context import Resources
from tests.cards import add_card
from tests.conftest import msgspec_replace
from tests.factories import Customer, add_workspace, make_customer
from tests.scenarios.cashier import Cashier

NEW = "the key after the change, more than 32 long"


@pytest.fixture
async def customer(resources: Resources) -> Customer:
    return await make_customer(resources.session_maker)


@pytest.fixture
def old(resources: Resources) -> Keys:
    return resources.settings.keys


@pytest.fixture
def changed(old: Keys) -> Keys:
    """Both keys, while they are changed."""
    return Keys(NEW, (old.newest,))


async def cards_of(resources: Resources) -> list[StoredCard]:
    async with resources.session_maker() as session:
        return list(await session.scalars(select(StoredCard).order_by(StoredCard.id)))


async def run(resources: Resources, keys: Keys, progress: Any = lambda table, rows: None) -> Rotation:
    return await rotate(resources.session_maker, keys, at=now(), progress=progress)


def test_an_encrypted_column_takes_no_plain_text() -> None:
    column = EncryptedText("purpose")
    with pytest.raises(TypeError, match="purpose takes what was encrypted"):
        column.process_bind_param("the token itself", None)  # type: ignore[arg-type]


def test_every_digest_beside_an_encrypted_text_is_a_column() -> None:
    listed = encrypted_columns(Base.metadata)
    assert {table.name for table in listed} >= {"stored_cards", "card_registrations", "second_factors"}
    for table, columns in listed.items():
        assert {column.digest for column in columns if column.digest} <= set(table.columns.keys())


async def test_the_newest_key_alone_opens_everything_afterwards(
    resources: Resources, customer: Customer, old: Keys, changed: Keys
) -> None:
    for number in range(3):
        await add_card(resources, customer, number=number)
    async with unit_of_work(resources.session_maker) as session:
        secret = encrypt(old, FACTOR_SECRETS, "JBSWY3DP")
        session.add(
            SecondFactor(user_id=customer.user.id, secret=secret, confirmed_at=now(), last_used_step=1)
        )
    assert (await run(resources, changed)).rewritten == 4
    new = Keys(NEW)
    for number, card in enumerate(await cards_of(resources)):
        assert (tokens_of(card, new).user, tokens_of(card, new).card) == ("utoken", f"ctoken{number}")
        assert card.card_digest == digest_of(new, f"ctoken{number}")
        with pytest.raises(Unreadable):
            tokens_of(card, old)
    async with resources.session_maker() as session:
        factor = (await session.scalars(select(SecondFactor))).one()
        assert decrypt(new, FACTOR_SECRETS, factor.secret) == "JBSWY3DP"
        entry = (
            await session.scalars(select(AuditEntry).where(AuditEntry.action == "secrets.rotated"))
        ).one()
    assert (entry.subject, entry.facts) == (new.name, {"rewritten": 4, "unreadable": 0})
    assert (await run(resources, changed)).rewritten == 0, "a second pass finds nothing to do"


async def test_a_pass_that_was_killed_goes_on_where_it_ended(
    resources: Resources, customer: Customer, changed: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_rotation, "AT_ONCE", 1)
    for number in range(4):
        await add_card(resources, customer, number=number)

    class Killed(BaseException):
        pass

    def kill(table: str, rows: int) -> None:
        if rows == 2:
            raise Killed

    with pytest.raises(Killed):
        await run(resources, changed, kill)
    tally = (await standing(resources.session_maker, changed)).columns["stored_cards.card_token"]
    assert (tally.newest, tally.older) == (2, 2)
    assert (await run(resources, changed)).rewritten == 2
    assert {tokens_of(card, Keys(NEW)).card for card in await cards_of(resources)} == {
        f"ctoken{number}" for number in range(4)
    }


async def test_two_passes_at_once_write_each_row_once(
    resources: Resources, customer: Customer, changed: Keys
) -> None:
    for number in range(4):
        await add_card(resources, customer, number=number)
    done = await asyncio.gather(*(run(resources, changed) for _ in range(3)))
    assert sum(one.rewritten for one in done) == 4


async def test_a_card_is_charged_before_and_after_it_was_written_anew(
    resources: Resources, old: Keys, changed: Keys
) -> None:
    overlap = msgspec_replace(resources.settings, secret_key=NEW, secret_key_previous=old.newest)
    alone = msgspec_replace(resources.settings, secret_key=NEW)
    cashier = Cashier(resources)
    first, second = [
        await cashier.owes(await make_customer(resources.session_maker), now()) for _ in range(2)
    ]
    assert await under(cashier, overlap).charge(first, now()) is PaymentStatus.WAITING, "taken"
    await run(resources, changed)
    assert await under(cashier, alone).charge(second, now()) is PaymentStatus.WAITING
    late = await cashier.owes(await make_customer(resources.session_maker), now())
    assert await under(cashier, alone).charge(late, now()) is PaymentStatus.FAILED, (
        "written under the old key"
    )


async def test_a_value_that_no_key_opens_is_named_and_stays(
    resources: Resources, customer: Customer, changed: Keys
) -> None:
    lost = await add_card(resources, customer)
    async with unit_of_work(resources.session_maker) as session:
        card = await session.get_one(StoredCard, lost.id)
        card.card_token = encrypt(Keys("a key that nobody kept"), "stored-card", "ctoken")
        kept: Encrypted = card.card_token
    done = await run(resources, changed)
    assert (done.rewritten, done.unreadable) == (0, [f"stored_cards {lost.id}"])
    assert (await cards_of(resources))[0].card_token == kept
    reasons = (await standing(resources.session_maker, changed)).reasons(changed, now())
    assert "1 values are opened by no key: set the one that made them." in reasons


async def test_the_older_key_stays_as_long_as_anything_needs_it(
    resources: Resources, customer: Customer, changed: Keys
) -> None:
    await add_card(resources, customer)
    workspace = await add_workspace(resources.session_maker, customer, "runs")

    async def reasons(at: timedelta = timedelta()) -> str:
        found = await standing(resources.session_maker, changed)
        return " ".join(found.reasons(changed, now() + at))

    assert "2 values need an older key" in await reasons()
    await run(resources, changed)
    assert "values need" not in await reasons()
    assert "1 running workspaces know an older key" in await reasons()
    async with unit_of_work(resources.session_maker) as session:
        (await session.get_one(Workspace, workspace.id)).editor_key = changed.name
    assert await reasons(LINKS_LIVE - timedelta(minutes=1)) != ""
    assert await reasons(LINKS_LIVE) == ""


def test_a_running_editor_keeps_the_secret_it_was_started_with() -> None:
    old, workspace_id = Keys("the key before"), uuid7()
    changed = Keys(NEW, (old.newest,))
    started = editor_secret(old, workspace_id)
    assert editor_secret(changed.named(old.name), workspace_id) == started
    assert editor_secret(changed.named(None), workspace_id) == started
    assert editor_secret(changed.named(changed.name), workspace_id) != started


async def test_the_commands_tell_programs_what_they_did_and_what_is_left(
    resources: Resources, customer: Customer, old: Keys
) -> None:
    await add_card(resources, customer)
    settings = msgspec_replace(resources.settings, secret_key=NEW, secret_key_previous=old.newest)
    code, before = await command(settings, "check")
    assert code == 1
    assert {"column": "stored_cards.card_token", "newest": 0, "older": 1, "unreadable": 0} in before[
        "columns"
    ]
    code, done = await command(settings, "rotate")
    assert (code, done["rewritten"], done["unreadable"]) == (0, 1, [])
    assert (await command(msgspec_replace(settings, secret_key_previous=""), "check"))[0] == 0


async def command(settings: Settings, name: str) -> tuple[int, Any]:
    """Run one command as from the shell; return its exit code and what it printed."""
    done = await asyncio.to_thread(CliRunner().invoke, secrets, [name, "--json"], obj=settings)
    return done.exit_code, json.loads(done.stdout)


def under(cashier: Cashier, settings: Settings) -> Cashier:
    """Return the same shop under other settings."""
    return replace(cashier, resources=replace(cashier.resources, settings=settings))
