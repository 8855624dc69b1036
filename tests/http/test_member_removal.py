"""Quotas and removals as people meet them: pages, refusals at their fields, the letter, the shut door."""

from uuid import UUID

import pytest
from litestar import Litestar
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.models import EmailMessage, MemberRemoval, Membership, Role, Workspace, WorkspaceStatus
from app.lib.settings import Settings
from app.tasks.context import Resources
from app.tasks.people import sweep_removals
from app.tasks.workspaces import machinery_of
from tests.conftest import Browser, browser
from tests.domain.people.firm import DeafDriver
from tests.domain.workspaces.desk import with_driver, work_off
from tests.factories import Customer, add_member, add_workspace, make_customer, pay

Sessions = async_sessionmaker[AsyncSession]
REMOVALS = "/company/members/removals"


@pytest.fixture
async def owner(session_maker: Sessions) -> Customer:
    return await make_customer(session_maker, name="Acme", plan="starter", language="en")


@pytest.fixture
async def office(client: Browser, owner: Customer) -> Browser:
    """The owner's browser, in English."""
    await owner.log_in(client)
    await client.submit("/preferences", language="en")
    return client


async def member(
    session_maker: Sessions, owner: Customer, role: Role = Role.DEVELOPER
) -> tuple[Customer, str]:
    """Add a member and return them with the address of their membership."""
    person = await add_member(session_maker, owner, role)
    return person, await address_of(session_maker, person)


async def address_of(session_maker: Sessions, person: Customer) -> str:
    of_person = (Membership.user_id == person.user.id, Membership.company_id == person.company.id)
    async with session_maker() as session:
        return f"/company/members/{(await session.scalars(select(Membership.id).where(*of_person))).one()}"


async def only_removal(session_maker: Sessions) -> MemberRemoval:
    async with session_maker() as session:
        return (await session.scalars(select(MemberRemoval))).one()


async def owner_of(session_maker: Sessions, workspace_id: UUID) -> UUID:
    async with session_maker() as session:
        return (await session.get_one(Workspace, workspace_id)).owner_id


async def test_a_quota_is_given_on_its_page_and_a_wrong_one_comes_back(
    office: Browser, owner: Customer, session_maker: Sessions
) -> None:
    _, address = await member(session_maker, owner)
    refused = await office.submit(f"{address}/quota", quota="6")
    assert refused.status_code == 422
    assert 'value="6"' in refused.text
    assert "At most 5 fit: your plan holds 5 workspaces" in refused.text
    assert (await office.submit(f"{address}/quota", quota="5")).status_code == 303
    page = await office.get(f"{address}/quota")
    assert 'value="5"' in page.text
    listed = await office.get("/workspaces")
    assert "The places that are left in your plan (5) are reserved for others" in listed.text


async def test_the_list_tells_a_person_their_own_use_and_what_is_left(
    application: Litestar, office: Browser, owner: Customer, session_maker: Sessions
) -> None:
    person, address = await member(session_maker, owner)
    await office.submit(f"{address}/quota", quota="3")
    await add_workspace(session_maker, person, "mine")
    async with browser(application) as theirs:
        await person.log_in(theirs)
        await theirs.submit("/preferences", language="en")
        page = (await theirs.get("/workspaces")).text
    assert "1 of your 3 in use" in page
    assert "room for 2 more" in page
    assert "2 reserved · room for 2 more" in (await office.get("/workspaces")).text


async def test_only_who_manages_members_sees_quotas_and_removals(
    application: Litestar, owner: Customer, session_maker: Sessions
) -> None:
    _, address = await member(session_maker, owner)
    developer = await add_member(session_maker, owner, Role.DEVELOPER)
    stranger = await make_customer(session_maker, name="Other")
    for person, status in ((developer, 403), (stranger, 404)):
        async with browser(application) as theirs:
            await person.log_in(theirs)
            for path in (f"{address}/quota", f"{address}/removal"):
                assert (await theirs.get(path)).status_code == status
                assert (await theirs.submit(path, quota="1")).status_code == status


async def test_somebody_without_workspaces_is_removed_at_once_and_told_kindly(
    application: Litestar, office: Browser, owner: Customer, session_maker: Sessions
) -> None:
    person, address = await member(session_maker, owner)
    async with browser(application) as theirs:
        await person.log_in(theirs)
        assert (await theirs.get("/dashboard")).status_code == 200
        assert (await office.submit(f"{address}/removal")).headers["location"] == "/company/members"
        assert (await theirs.get("/dashboard")).status_code != 200
    assert (await office.get(f"{address}/removal")).status_code == 404
    async with session_maker() as session:
        letters = select(EmailMessage).where(EmailMessage.template == "member_removed")
        [letter] = await session.scalars(letters)
    assert (letter.recipient, letter.context["company_name"]) == (person.email, "Acme")


async def test_the_owner_and_oneself_are_not_removed_here(
    application: Litestar, office: Browser, owner: Customer, session_maker: Sessions
) -> None:
    admin, address = await member(session_maker, owner, Role.ADMIN)
    of_owner = await address_of(session_maker, owner)
    async with browser(application) as theirs:
        await admin.log_in(theirs)
        for path in (of_owner, address):
            assert (await theirs.get(f"{path}/removal")).status_code == 409
            assert (await theirs.submit(f"{path}/removal")).status_code == 409
    assert (await office.submit(f"{of_owner}/removal")).status_code == 409
    assert (await office.submit(f"{address}/removal")).status_code == 303


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({}, "Choose what becomes of the workspaces."),
        ({"workspaces_to": "member"}, "Choose who gets the workspaces."),
        ({"workspaces_to": "member", "heir": "0" * 32}, "Choose a member who works with workspaces."),
        ({"workspaces_to": "deletion", "confirmation": "1"}, "Type 2 here to delete as many workspaces"),
    ],
)
async def test_a_removal_that_is_not_meant_comes_back_with_its_sentence(
    office: Browser, owner: Customer, session_maker: Sessions, form: dict[str, str], sentence: str
) -> None:
    person, address = await member(session_maker, owner)
    for name in ("one", "two"):
        await add_workspace(session_maker, person, name)
    answer = await office.submit(f"{address}/removal", **form)
    assert (answer.status_code, sentence in answer.text) == (422, True)
    assert (await office.get(f"{address}/removal")).status_code == 200


async def test_workspaces_pass_on_from_the_page(
    office: Browser, owner: Customer, session_maker: Sessions
) -> None:
    person, address = await member(session_maker, owner)
    workspace = await add_workspace(session_maker, person, "shop", WorkspaceStatus.STOPPED)
    heir, of_heir = await member(session_maker, owner)
    full = (await member(session_maker, owner))[1]
    await office.submit(f"{full}/quota", quota="0")
    page = await office.get(f"{address}/removal")
    assert f'value="{heir.user.id}"' in page.text
    assert "Their quota has no room: Deniz Er." in page.text
    answer = await office.submit(f"{address}/removal", workspaces_to="member", heir=str(heir.user.id))
    assert answer.headers["location"] == "/company/members"
    assert await owner_of(session_maker, workspace.id) == heir.user.id
    assert (await office.get(f"{of_heir}/removal")).status_code == 200


async def test_a_failed_deletion_is_shown_with_a_button_that_works(
    application: Litestar, office: Browser, owner: Customer, session_maker: Sessions, resources: Resources
) -> None:
    person, address = await member(session_maker, owner)
    workspace = await add_workspace(session_maker, person, "shop", WorkspaceStatus.STOPPED)
    answer = await office.submit(f"{address}/removal", workspaces_to="deletion", confirmation=" 1 ")
    removal = await only_removal(session_maker)
    assert answer.headers["location"] == f"{REMOVALS}/{removal.id}"
    driver = DeafDriver()
    machinery = with_driver(machinery_of(resources), driver)
    await work_off(machinery)
    page = await office.get(f"{REMOVALS}/{removal.id}")
    assert "Not everything went through" in page.text
    stranger = await make_customer(session_maker, name="Other")
    async with browser(application) as theirs:
        await stranger.log_in(theirs)
        assert (await theirs.get(f"{REMOVALS}/{removal.id}")).status_code == 404
        assert (await theirs.submit(f"{REMOVALS}/{removal.id}/retry")).status_code == 404
    assert (await office.submit(f"{REMOVALS}/{removal.id}/retry")).status_code == 303
    driver.is_deaf = False
    await sweep(resources)
    await work_off(machinery)
    assert (await office.submit(f"{REMOVALS}/{removal.id}/retry")).status_code == 303
    await sweep(resources)
    async with session_maker() as session:
        assert (await session.get_one(Workspace, workspace.id)).status is WorkspaceStatus.DELETED
    assert (await only_removal(session_maker)).done_at is not None
    assert "is gone with its files" in (await office.get(f"{REMOVALS}/{removal.id}")).text
    assert (await office.submit(f"{REMOVALS}/{removal.id}/retry")).status_code == 303, "and once more is fine"


async def sweep(resources: Resources) -> None:
    await sweep_removals({"resources": resources})  # type: ignore[typeddict-unknown-key, typeddict-item]  # SAQ's context


async def test_a_smaller_plan_says_beforehand_that_quotas_do_not_fit_it(
    office: Browser, owner: Customer, session_maker: Sessions, settings: Settings
) -> None:
    await pay(session_maker, owner, settings)
    _, address = await member(session_maker, owner)
    await office.submit(f"{address}/quota", quota="6")
    preview = await office.submit("/billing/plan-change/preview", plan="starter", interval="month")
    assert "6 are in use or kept, and this plan holds 5" in preview.text
    await office.submit(f"{address}/quota", quota="5")
    preview = await office.submit("/billing/plan-change/preview", plan="starter", interval="month")
    assert "are in use or kept" not in preview.text
