"""A person in several companies, in one, and in none."""

from litestar import Litestar
from sqlalchemy import delete, select

from app.db.models import Company, Membership, Role, Subscription, SubscriptionStatus
from app.lib.uow import unit_of_work
from app.tasks.context import Resources
from tests.conftest import Browser, browser
from tests.factories import PASSWORD, Customer, add_member, add_workspace, make_customer
from tests.people import join, membership_of

COMPANIES = "/account/companies"


async def two_companies(resources: Resources) -> tuple[Customer, Customer]:
    """Return the owner of one company, who is a developer in the other one, and that one's owner."""
    person = await make_customer(resources.session_maker, name="Birinci Şirket")
    other = await make_customer(resources.session_maker, name="İkinci Şirket")
    await join(resources.session_maker, person, other)
    return person, other


async def remove(resources: Resources, person: Customer, company: Company) -> None:
    async with unit_of_work(resources.session_maker) as session:
        of_person = Membership.user_id == person.user.id
        await session.execute(delete(Membership).where(of_person, Membership.company_id == company.id))


async def test_a_person_switches_and_sees_one_company_at_a_time(
    resources: Resources, client: Browser
) -> None:
    person, other = await two_companies(resources)
    workspace = await add_workspace(resources.session_maker, other, "theirs")
    deep = f"/workspaces/{workspace.id}"
    await person.log_in(client)
    page = (await client.get("/dashboard")).text
    assert f'value="{other.company.id}"' in page
    assert (await client.get(deep)).status_code == 404
    before = client.cookies["session"]
    answer = await client.submit("/company/switch", company_id=str(other.company.id))
    assert (answer.status_code, answer.headers["location"]) == (303, "/dashboard")
    assert client.cookies["session"] == before
    assert (await client.get(deep)).status_code == 200
    assert (await client.get("/billing")).status_code == 403
    assert f'value="{person.company.id}"' in (await client.get("/dashboard")).text


async def test_nobody_switches_to_a_company_that_is_not_theirs(resources: Resources, client: Browser) -> None:
    person, other = await make_customer(resources.session_maker), await make_customer(resources.session_maker)
    await person.log_in(client)
    for wanted in (str(other.company.id), "nothing", ""):
        answer = await client.submit("/company/switch", company_id=wanted)
        assert answer.status_code == 404, wanted
    assert person.company.name in (await client.get(COMPANIES)).text


async def test_who_is_removed_goes_on_in_another_company_and_nothing_is_done_in_the_wrong_one(
    resources: Resources, client: Browser
) -> None:
    person, other = await two_companies(resources)
    await person.log_in(client)
    await client.submit("/company/switch", company_id=str(other.company.id))
    await remove(resources, person, other.company)
    answer = await client.submit("/workspaces", name="meant-for-the-other")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{COMPANIES}?moved=true")
    page = (await client.get(answer.headers["location"])).text
    assert "Birinci Şirket" in page
    assert "İkinci Şirket" not in page
    assert "meant-for-the-other" not in (await client.get("/workspaces")).text
    assert (await client.get("/billing")).status_code == 200


async def test_who_belongs_to_no_company_can_log_in_and_keep_their_account(
    resources: Resources, client: Browser, application: Litestar
) -> None:
    owner = await make_customer(resources.session_maker)
    member = await add_member(resources.session_maker, owner, Role.DEVELOPER)
    await member.log_in(client)
    await remove(resources, member, owner.company)
    for path in ("/dashboard", "/workspaces", "/company", "/billing"):
        answer = await client.get(path)
        assert answer.headers["location"].startswith(COMPANIES), path
    async with browser(application) as again:
        answer = await again.submit("/login", email=member.email, password=PASSWORD)
        assert answer.status_code == 303
        assert (await again.get("/dashboard")).headers["location"] == COMPANIES
        for path in (COMPANIES, f"{COMPANIES}/new", "/account", "/account/password", "/account/sessions"):
            assert (await again.get(path)).status_code == 200, path
        assert (await again.get("/operator")).status_code == 403
        wanted = {"current": PASSWORD, "password": "another long sentence"}
        assert (await again.submit("/account/password", **wanted)).status_code == 303
        assert (await again.get(COMPANIES)).status_code == 200


async def test_who_leaves_goes_on_elsewhere_and_the_owner_stays(
    resources: Resources, client: Browser
) -> None:
    person, other = await two_companies(resources)
    await person.log_in(client)
    assert (await client.submit("/company/departure")).status_code == 409
    await client.submit("/company/switch", company_id=str(other.company.id))
    answer = await client.submit("/company/departure")
    assert (answer.status_code, answer.headers["location"]) == (303, COMPANIES)
    assert (await client.get("/billing")).status_code == 200
    assert await membership_of(resources.session_maker, person, other) is None


async def test_a_second_company_begins_without_a_second_trial_and_says_so(
    resources: Resources, client: Browser
) -> None:
    person = await make_customer(resources.session_maker, language="en")
    await person.log_in(client)
    assert "begins with a payment" in (await client.get(f"{COMPANIES}/new")).text
    form = {"company_name": "Second Ltd", "plan": "starter", "accept_terms": "yes"}
    assert (await client.submit(f"{COMPANIES}/new", **{**form, "company_name": ""})).status_code == 422
    assert (await client.submit(f"{COMPANIES}/new", **{**form, "accept_terms": ""})).status_code == 422
    assert (await client.submit(f"{COMPANIES}/new", **form)).status_code == 303
    assert "Second Ltd" in (await client.get("/dashboard")).text
    async with resources.session_maker() as session:
        found = select(Subscription).join(Company, Company.id == Subscription.company_id)
        subscription = (await session.scalars(found.where(Company.name == "Second Ltd"))).one()
    assert subscription.status is SubscriptionStatus.SUSPENDED
    assert subscription.trial_ends_at is None


async def test_who_was_only_invited_gets_the_trial_of_their_own_company_once(
    resources: Resources, client: Browser
) -> None:
    owner = await make_customer(resources.session_maker)
    member = await add_member(resources.session_maker, owner, Role.DEVELOPER)
    await member.log_in(client)
    for name in ("First Own", "Second Own"):
        form = {"company_name": name, "plan": "team", "accept_terms": "yes"}
        assert (await client.submit(f"{COMPANIES}/new", **form)).status_code == 303
    async with resources.session_maker() as session:
        found = select(Company.name, Subscription.trial_ends_at.is_not(None)).join(
            Subscription, Subscription.company_id == Company.id
        )
        trials = dict((await session.execute(found.where(Company.founder_id == member.user.id))).all())
    assert trials == {"First Own": True, "Second Own": False}
