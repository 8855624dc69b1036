"""The pages of a company's people: what each role sees, and what an invitation's link does."""

from litestar import Litestar
from sqlalchemy import func, select, update

from app.db.models import EmailMessage, Invitation, LegalAcceptance, Membership, Role, User
from app.domain.companies.permissions import ALLOWED, WORDS
from app.domain.people.invitations.addresses import AT_ONCE
from app.lib.i18n import translate
from app.lib.uow import unit_of_work
from app.tasks.context import Resources
from tests.conftest import Browser, browser
from tests.factories import PASSWORD, add_member, make_customer, make_operator
from tests.html import Page, read
from tests.people import invited, letters_to, link_of, membership_of

NEW = {"full_name": "Deniz Yeni", "password": PASSWORD, "accept_terms": "yes"}


def printed_table(page: Page, *, yes: str) -> dict[str, list[bool]]:
    """Return what the table says: of each row its title, and of each role whether it is ticked."""
    found: dict[str, list[bool]] = {}
    for element in page.elements:
        if element.name == "th" and element.attributes.get("scope") == "row":
            found[element.text] = row = []
        elif element.name == "td":
            row.append(False)
        elif element.name == "svg" and element.attributes.get("aria-label") == yes and found:
            row[-1] = True
    return found


async def test_the_page_of_roles_says_what_the_code_allows(resources: Resources, client: Browser) -> None:
    customer = await make_customer(resources.session_maker)
    await customer.log_in(client)
    for language in ("tr", "en"):
        await client.submit("/preferences", language=language)
        page = read((await client.get("/company/roles")).text)
        assert printed_table(page, yes=translate(language, "yes")) == {
            translate(language, words.title): [permission in ALLOWED[role] for role in Role]
            for permission, words in WORDS.items()
        }


async def test_everybody_sees_the_members_and_only_who_manages_them_the_invited(
    resources: Resources, client: Browser
) -> None:
    owner = await make_customer(resources.session_maker)
    developer = await add_member(resources.session_maker, owner, Role.DEVELOPER)
    await invited(resources.session_maker, owner, "waiting@x.com")
    await owner.log_in(client)
    page = (await client.get("/company/members")).text
    assert developer.email in page
    assert "waiting@x.com" in page
    await developer.log_in(client)
    page = (await client.get("/company/members")).text
    assert owner.email in page
    assert "waiting@x.com" not in page
    assert 'action="/company/invitations' not in page


async def test_a_refused_form_keeps_every_address_and_says_what_is_wrong_with_which(
    resources: Resources, client: Browser
) -> None:
    owner = await make_customer(resources.session_maker, language="en")
    await owner.log_in(client)
    typed = f"good@x.com nobody {owner.email}"
    answer = await client.submit("/company/invitations", emails=typed, role="billing")
    assert answer.status_code == 422
    assert typed in answer.text
    assert "nobody is no e-mail address." in answer.text
    assert f"{owner.email} belongs to your company already." in answer.text
    assert await letters_to(resources.session_maker, "good@x.com") == []


async def test_letters_to_strangers_are_slowed_down(resources: Resources, client: Browser) -> None:
    owner = await make_customer(resources.session_maker)
    await owner.log_in(client)
    full = [" ".join(f"a{form}-{number}@x.com" for number in range(AT_ONCE)) for form in range(4)]
    answers = [await client.submit("/company/invitations", emails=typed, role="developer") for typed in full]
    assert [answer.status_code for answer in answers] == [303, 303, 303, 429]
    assert int(answers[-1].headers["Retry-After"]) > 0


async def test_a_new_person_joins_without_a_company_of_their_own(
    resources: Resources, application: Litestar
) -> None:
    owner = await make_customer(resources.session_maker)
    link = link_of(resources.settings, await invited(resources.session_maker, owner, "deniz@x.com"))
    async with browser(application) as client:
        assert (await client.get(link)).status_code == 200
        assert (await client.submit(link, **{**NEW, "password": "short"})).status_code == 422
        assert (await client.submit(link, **{**NEW, "accept_terms": ""})).status_code == 422
        assert (await client.submit(link, **NEW)).status_code == 303
        assert owner.company.name in (await client.get("/dashboard")).text
    async with browser(application) as client:
        assert (await client.get(link)).status_code == 410
        assert (await client.submit(link, **NEW)).status_code == 410
        assert (await client.submit("/login", email="deniz@x.com", password=PASSWORD)).status_code == 303
    async with resources.session_maker() as session:
        user = (await session.scalars(select(User).where(User.email == "deniz@x.com"))).one()
        roles = list(await session.scalars(select(Membership.role).where(Membership.user_id == user.id)))
        accepted = select(LegalAcceptance.document).where(LegalAcceptance.user_id == user.id)
        documents = set(await session.scalars(accepted))
    assert user.email_verified_at is not None
    assert roles == [Role.DEVELOPER]
    assert {"terms", "privacy"} <= documents


async def test_following_the_link_changes_nothing(resources: Resources, client: Browser) -> None:
    owner = await make_customer(resources.session_maker)
    invitation = await invited(resources.session_maker, owner, "deniz@x.com")
    for _ in range(2):
        assert (await client.get(link_of(resources.settings, invitation))).status_code == 200
    async with resources.session_maker() as session:
        assert (await session.get_one(Invitation, invitation.id)).accepted_at is None
        assert await session.scalar(select(func.count()).select_from(User)) == 1


async def test_who_has_an_account_logs_in_comes_back_and_joins_as_it(
    resources: Resources, client: Browser
) -> None:
    owner = await make_customer(resources.session_maker, name="Onların Şirketi")
    person = await make_customer(resources.session_maker, name="Benim Şirketim")
    async with unit_of_work(resources.session_maker) as session:
        await session.execute(update(User).where(User.id == person.user.id).values(email_verified_at=None))
    link = link_of(resources.settings, await invited(resources.session_maker, owner, person.email))
    page = await client.get(link)
    assert f"/login?next={link}" in page.text
    assert 'name="password"' not in page.text
    assert (await client.submit(link, **NEW)).status_code == 422
    answer = await client.submit("/login", email=person.email, password=PASSWORD, next=link)
    assert answer.headers["location"] == link
    assert (await client.submit(link)).headers["location"] == "/dashboard"
    assert "Onların Şirketi" in (await client.get("/dashboard")).text
    async with resources.session_maker() as session:
        user = await session.get_one(User, person.user.id)
    assert user.email_verified_at is not None


async def test_another_account_is_told_so_and_can_log_out(
    resources: Resources, application: Litestar
) -> None:
    owner = await make_customer(resources.session_maker)
    other = await make_customer(resources.session_maker)
    operator = await make_operator(resources.session_maker)
    link = link_of(resources.settings, await invited(resources.session_maker, owner, "deniz@x.com"))
    for person in (other, operator):
        async with browser(application) as client:
            await person.log_in(client)
            for answer in (await client.get(link), await client.submit(link, **NEW)):
                assert answer.status_code == 403
                assert f'action="/logout?next={link}"' in answer.text
                assert "deniz@x.com" in answer.text
            answer = await client.submit(f"/logout?next={link}")
            assert answer.headers["location"] == f"/login?next={link}"
    assert await membership_of(resources.session_maker, other, owner) is None


async def test_nothing_of_a_link_that_opens_nothing_is_told(resources: Resources, client: Browser) -> None:
    owner = await make_customer(resources.session_maker, name="Gizli Şirket")
    invitation = await invited(resources.session_maker, owner, "deniz@x.com")
    link = link_of(resources.settings, invitation)
    await owner.log_in(client)
    await client.submit(f"/company/invitations/{invitation.id}/withdrawal")
    await client.submit("/logout")
    sentences = set()
    for address in (link, f"{link}x", "/invitations/made.up"):
        answer = await client.get(address)
        assert answer.status_code == 410
        assert "Gizli Şirket" not in answer.text
        sentences.add(read(answer.text).by_id("invitation").text)
    assert len(sentences) == 1


async def test_a_changed_role_holds_from_the_next_request(
    resources: Resources, client: Browser, application: Litestar
) -> None:
    owner = await make_customer(resources.session_maker)
    member = await add_member(resources.session_maker, owner, Role.BILLING)
    await member.log_in(client)
    assert (await client.get("/billing")).status_code == 200
    async with browser(application) as other:
        await owner.log_in(other)
        membership = await membership_of(resources.session_maker, member, owner)
        assert membership is not None
        answer = await other.submit(f"/company/members/{membership.id}/role", role="developer")
        assert answer.status_code == 303
    assert (await client.get("/billing")).status_code == 403


async def test_the_letter_holds_a_link_and_no_password(resources: Resources) -> None:
    owner = await make_customer(resources.session_maker)
    await invited(resources.session_maker, owner, "deniz@x.com")
    async with resources.session_maker() as session:
        found = select(EmailMessage).where(EmailMessage.template == "invitation")
        letter = (await session.scalars(found)).one()
    said = {"full_name", "company_name", "invited_by", "link", "expires_at"}
    assert set(letter.context) == said
