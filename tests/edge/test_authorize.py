"""Who gets through the edge, and with what: every way in that must stay shut is tried."""

from datetime import timedelta

import pytest
from redis.asyncio import Redis
from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.models import Membership, Role, Subscription, SubscriptionStatus, User, Workspace
from app.domain.workspaces.edge import COOKIE, editor_secret, issue_ticket
from app.lib.clock import now
from app.lib.settings import Settings
from app.tasks.context import Resources
from app.tasks.workspaces import machinery_of
from tests.conftest import BASE_URL
from tests.domain.workspaces.desk import work_off
from tests.edge.conftest import CALL, PAGE, SOCKET, Edge, Place, make_place
from tests.factories import add_member
from tests.http.test_queries import counted

Sessions = async_sessionmaker[AsyncSession]
TICKET = "/.tezgah/ticket/"


async def test_a_person_without_a_pass_is_sent_to_fetch_a_ticket(edge: Edge, place: Place) -> None:
    answer = await edge.ask(place.host)
    assert (answer.status_code, answer.headers["location"]) == (
        302,
        f"{BASE_URL}/workspaces/open/shop--acme",
    )


@pytest.mark.parametrize("kind", [CALL, SOCKET])
async def test_a_program_without_a_pass_is_turned_away(
    edge: Edge, place: Place, kind: dict[str, str]
) -> None:
    answer = await edge.ask(place.host, kind=kind)
    assert (answer.status_code, answer.text) == (401, "")


async def test_a_ticket_becomes_the_hosts_own_cookie_and_opens_the_editor(
    edge: Edge, place: Place, redis: Redis, settings: Settings
) -> None:
    ticket = await issue_ticket(redis, place.entry())
    admitted = await edge.ask(place.host, TICKET + ticket)
    assert (admitted.status_code, admitted.headers["location"]) == (302, f"http://{place.host}/")
    cookie = admitted.headers["set-cookie"]
    name, attributes = cookie.split("; ", 1)
    assert name.startswith(f"{COOKIE}=")
    assert {"HttpOnly", "Path=/", "SameSite=lax", "Max-Age=43200"} <= set(attributes.split("; "))
    assert "domain" not in attributes.lower()
    passed = await edge.ask(place.host, cookies=f"theme=dark; {name}; session=stolen", kind=CALL)
    assert passed.status_code == 200
    secret = editor_secret(settings.keys, place.workspace_id)
    assert passed.headers["cookie"] == f"theme=dark; session=stolen; code-server-session={secret}"
    assert passed.headers["x-tezgah-user"] == str(place.customer.user.id)
    assert "set-cookie" not in passed.headers


async def test_a_ticket_is_good_once(edge: Edge, place: Place, redis: Redis) -> None:
    ticket = await issue_ticket(redis, place.entry())
    assert (await edge.ask(place.host, TICKET + ticket)).headers["location"] == f"http://{place.host}/"
    again = await edge.ask(place.host, TICKET + ticket)
    assert again.headers["location"].startswith(BASE_URL)
    assert "set-cookie" not in again.headers


async def test_a_ticket_is_good_for_a_minute_and_stands_nowhere_in_redis(
    edge: Edge, place: Place, redis: Redis
) -> None:
    ticket = await issue_ticket(redis, place.entry())
    [key] = [key async for key in redis.scan_iter("tezgah:ticket:*")]
    assert ticket not in str(key)
    assert 0 < await redis.ttl(key) <= 60
    await redis.pexpire(key, 1)
    while await redis.exists(key):
        pass
    assert "set-cookie" not in (await edge.ask(place.host, TICKET + ticket)).headers


async def test_a_ticket_for_one_host_is_worthless_and_spent_on_another(
    edge: Edge, place: Place, redis: Redis, resources: Resources
) -> None:
    other = await make_place(resources, "Acme", "other")
    ticket = await issue_ticket(redis, place.entry())
    for host in (other.host, place.host):
        assert "set-cookie" not in (await edge.ask(host, TICKET + ticket)).headers


@pytest.mark.parametrize("ticket", ["", "made-up", "%2e%2e", "a" * 5000])
async def test_a_made_up_ticket_opens_nothing(edge: Edge, place: Place, ticket: str) -> None:
    answer = await edge.ask(place.host, TICKET + ticket, kind=CALL)
    assert answer.status_code == 401


async def test_a_ticket_for_a_person_who_is_no_member_opens_nothing(
    edge: Edge, place: Place, redis: Redis, resources: Resources
) -> None:
    stranger = await make_place(resources, "Other", "shop")
    ticket = await issue_ticket(redis, place.entry(user_id=stranger.customer.user.id))
    answer = await edge.ask(place.host, TICKET + ticket)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


async def test_one_workspaces_cookie_opens_no_other(edge: Edge, place: Place, resources: Resources) -> None:
    foreign = await make_place(resources, "Other", "shop")
    for entry in (foreign.entry(), place.entry(workspace_id=foreign.workspace_id)):
        assert (await edge.ask(place.host, cookies=edge.cookie(entry), kind=CALL)).status_code == 401


async def test_a_cookie_that_was_changed_or_is_too_old_opens_nothing(edge: Edge, place: Place) -> None:
    good = edge.cookie(place.entry())
    flipped = good[:-1] + ("0" if good[-1] != "0" else "1")
    old = edge.cookie(place.entry(), now() - timedelta(hours=12, seconds=1))
    for cookie in (flipped, old, f"{COOKIE}=", f"{COOKIE}=nonsense", f"{COOKIE}=ç.ü"):
        answer = await edge.ask(place.host, cookies=cookie, kind=CALL)
        assert answer.status_code == 401, cookie


@pytest.mark.parametrize("kind", [PAGE, CALL, SOCKET])
async def test_a_removed_member_is_refused_at_the_next_request(
    edge: Edge, place: Place, session_maker: Sessions, kind: dict[str, str]
) -> None:
    cookie = edge.cookie(place.entry())
    assert (await edge.ask(place.host, cookies=cookie, kind=kind)).status_code == 200
    async with session_maker.begin() as session:
        await session.execute(delete(Membership).where(Membership.user_id == place.customer.user.id))
    assert (await edge.ask(place.host, cookies=cookie, kind=kind)).status_code == 403


async def test_the_billing_role_does_not_get_in_even_to_a_workspace_of_its_own(
    edge: Edge, place: Place, session_maker: Sessions
) -> None:
    for role, status in ((Role.BILLING, 403), (Role.DEVELOPER, 200)):
        member = await add_member(session_maker, place.customer, role)
        async with session_maker.begin() as session:
            await session.execute(update(Workspace).values(owner_id=member.user.id))
        cookie = edge.cookie(place.entry(user_id=member.user.id))
        assert (await edge.ask(place.host, cookies=cookie, kind=CALL)).status_code == status


@pytest.mark.parametrize("role", [Role.ADMIN, Role.DEVELOPER])
async def test_a_colleague_does_not_get_in_whatever_their_role(
    edge: Edge, place: Place, redis: Redis, session_maker: Sessions, role: Role
) -> None:
    colleague = await add_member(session_maker, place.customer, role)
    entry = place.entry(user_id=colleague.user.id)
    assert (await edge.ask(place.host, cookies=edge.cookie(entry), kind=CALL)).status_code == 403
    admitted = await edge.ask(place.host, TICKET + await issue_ticket(redis, entry))
    assert admitted.status_code == 403
    assert "set-cookie" not in admitted.headers


@pytest.mark.parametrize("kind", [PAGE, CALL, SOCKET])
async def test_whoever_had_a_workspace_before_is_shut_out_once_it_is_somebody_elses(
    edge: Edge, place: Place, redis: Redis, session_maker: Sessions, kind: dict[str, str]
) -> None:
    heir = await add_member(session_maker, place.customer, Role.DEVELOPER)
    cookie, ticket = edge.cookie(place.entry()), await issue_ticket(redis, place.entry())
    assert (await edge.ask(place.host, cookies=cookie, kind=kind)).status_code == 200
    async with session_maker.begin() as session:
        await session.execute(update(Workspace).values(owner_id=heir.user.id))
    assert (await edge.ask(place.host, cookies=cookie, kind=kind)).status_code == 403
    assert "set-cookie" not in (await edge.ask(place.host, TICKET + ticket)).headers
    theirs = edge.cookie(place.entry(user_id=heir.user.id))
    assert (await edge.ask(place.host, cookies=theirs, kind=kind)).status_code == 200


async def test_ending_all_sessions_ends_the_passes_too(
    edge: Edge, place: Place, session_maker: Sessions
) -> None:
    cookie = edge.cookie(place.entry())
    async with session_maker.begin() as session:
        await session.execute(update(User).values(session_epoch=User.session_epoch + 1))
    assert (await edge.ask(place.host, cookies=cookie, kind=CALL)).status_code == 401
    assert (await edge.ask(place.host, cookies=cookie)).headers["location"].startswith(BASE_URL)


async def test_a_suspended_company_is_refused_with_a_sentence(
    edge: Edge, place: Place, session_maker: Sessions
) -> None:
    async with session_maker.begin() as session:
        await session.execute(update(Subscription).values(status=SubscriptionStatus.SUSPENDED))
    cookie = edge.cookie(place.entry())
    answer = await edge.ask(place.host, cookies=cookie)
    assert answer.status_code == 403
    assert BASE_URL in answer.text
    assert "script" not in answer.headers["content-security-policy"]
    assert (await edge.ask(place.host, cookies=cookie, kind=SOCKET)).status_code == 403


@pytest.mark.parametrize("wish", ["stop", "delete"])
async def test_a_workspace_that_does_not_run_lets_nobody_in_even_by_a_stale_route(
    edge: Edge, place: Place, resources: Resources, wish: str
) -> None:
    cookie = edge.cookie(place.entry())
    await getattr(place.desk, wish)(place.workspace_id)
    assert (await edge.ask(place.host, cookies=cookie, kind=CALL)).status_code == 503
    await work_off(machinery_of(resources))
    answer = await edge.ask(place.host, cookies=cookie)
    assert answer.status_code == 503
    assert "code-server-session" not in str(answer.headers)


async def test_only_our_proxy_is_believed(edge: Edge, place: Place) -> None:
    cookie = edge.cookie(place.entry())
    answer = await edge.ask(place.host, cookies=cookie, kind=CALL, address="203.0.113.7")
    assert answer.status_code == 403
    assert "cookie" not in answer.headers


@pytest.mark.parametrize(
    "host",
    [
        "tezgah.localhost",
        "workspaces.localhost",
        "shop--acme.workspaces.localhost.evil.example",
        "x.shop--acme.workspaces.localhost",
        "",
    ],
)
async def test_a_host_that_is_no_workspaces_is_not_found(edge: Edge, place: Place, host: str) -> None:
    assert (await edge.ask(host, cookies=edge.cookie(place.entry()))).status_code == 404


async def test_port_and_case_of_the_host_do_not_matter(edge: Edge, place: Place) -> None:
    cookie = edge.cookie(place.entry())
    for host in (f"{place.host}:8080", place.host.upper()):
        assert (await edge.ask(host, cookies=cookie, kind=CALL)).status_code == 200


async def test_deciding_takes_one_query_and_writes_no_session(edge: Edge, place: Place, redis: Redis) -> None:
    with counted() as statements:
        await edge.ask(place.host, cookies=edge.cookie(place.entry()), kind=CALL)
    assert len(statements) == 1
    assert not [key async for key in redis.scan_iter("tezgah:sessions*")]
