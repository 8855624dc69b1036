"""The pages of workspaces over HTTP: with and without JavaScript, as each role, as another company."""

from uuid import UUID, uuid4

import pytest
from litestar import Litestar
from sqlalchemy import event, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from app.db.models import Role, Workspace, WorkspaceStatus
from app.domain.workspaces.drivers.fakes import FAILURE, FailingDriver
from app.tasks.context import Resources
from app.tasks.workspaces import machinery_of
from tests.conftest import Browser, browser
from tests.domain.workspaces.desk import with_driver, work_off
from tests.factories import Customer, add_member, make_customer

Sessions = async_sessionmaker[AsyncSession]
W = WorkspaceStatus


@pytest.fixture
async def customer(session_maker: Sessions) -> Customer:
    return await make_customer(session_maker, name="Acme", language="en")


@pytest.fixture
async def owner(client: Browser, customer: Customer) -> Browser:
    return await customer.log_in(client)


async def create(owner: Browser, name: str = "shop") -> UUID:
    answer = await owner.submit("/workspaces", name=name)
    assert answer.status_code == 303, answer.text
    return UUID(answer.headers["location"].rsplit("/", 1)[1])


async def status_of(session_maker: Sessions, workspace_id: UUID) -> WorkspaceStatus:
    async with session_maker() as session:
        status = await session.scalar(select(Workspace.status).where(Workspace.id == workspace_id))
    assert status is not None
    return status


async def test_a_workspaces_life_in_plain_forms(
    owner: Browser, resources: Resources, session_maker: Sessions
) -> None:
    machinery = machinery_of(resources)
    workspace_id = await create(owner)
    page = f"/workspaces/{workspace_id}"
    assert "shop" in (await owner.get("/workspaces")).text
    await work_off(machinery)
    shown = await owner.get(page)
    assert shown.status_code == 200
    assert f"{page}/open" in shown.text
    for path, status in (
        (f"{page}/session/end", W.STOPPED),
        (f"{page}/session", W.READY),
        (f"{page}/deletion", W.DELETED),
    ):
        answer = await owner.submit(path)
        assert answer.status_code == 303
        await work_off(machinery)
        assert await status_of(session_maker, workspace_id) is status
    assert (await owner.get(page)).status_code == 404


async def test_the_verbs_of_the_resource_do_the_same(
    owner: Browser, resources: Resources, session_maker: Sessions
) -> None:
    machinery = machinery_of(resources)
    workspace_id = await create(owner)
    await work_off(machinery)
    headers = {"HX-Request": "true", "X-CSRFToken": owner.cookies["csrf"]}
    stopped = await owner.delete(f"/workspaces/{workspace_id}/session", headers=headers)
    assert (stopped.status_code, stopped.headers["hx-redirect"]) == (200, f"/workspaces/{workspace_id}")
    await work_off(machinery)
    deleted = await owner.delete(f"/workspaces/{workspace_id}", headers=headers)
    assert deleted.headers["hx-redirect"] == "/workspaces"
    await work_off(machinery)
    assert await status_of(session_maker, workspace_id) is W.DELETED


@pytest.mark.parametrize("name", ["", "Çay", "a--b", "www"])
async def test_a_refused_name_comes_back_with_the_reason_beside_it(owner: Browser, name: str) -> None:
    answer = await owner.submit("/workspaces", name=name)
    assert answer.status_code == 422
    assert f'value="{name}"' in answer.text
    fragment = await owner.post(
        "/workspaces",
        data={"name": name},
        headers={"HX-Request": "true", "X-CSRFToken": owner.cookies["csrf"]},
    )
    assert fragment.status_code == 422
    assert "<html" not in fragment.text


async def test_too_early_a_wish_is_answered_with_a_sentence(owner: Browser) -> None:
    workspace_id = await create(owner)
    answer = await owner.submit(f"/workspaces/{workspace_id}/deletion")
    assert answer.status_code == 409
    assert "This workspace is starting." in answer.text


async def test_a_failed_start_is_told_with_a_button_that_works(
    owner: Browser, resources: Resources, session_maker: Sessions
) -> None:
    workspace_id = await create(owner)
    await work_off(with_driver(machinery_of(resources), FailingDriver()))
    page = await owner.get(f"/workspaces/{workspace_id}")
    assert FAILURE in page.text
    assert f'action="/workspaces/{workspace_id}/session"' in page.text
    await owner.submit(f"/workspaces/{workspace_id}/session")
    await work_off(machinery_of(resources))
    assert await status_of(session_maker, workspace_id) is W.READY


async def test_steps_are_shown_while_it_starts(owner: Browser, resources: Resources) -> None:
    workspace_id = await create(owner)
    waiting = await owner.get(f"/workspaces/{workspace_id}?block=workspace", headers={"HX-Request": "true"})
    assert waiting.status_code == 200
    assert "<html" not in waiting.text
    assert waiting.headers["vary"] == "HX-Request"


async def test_opening_goes_to_the_workspaces_own_host_once_it_runs(
    owner: Browser, resources: Resources
) -> None:
    workspace_id = await create(owner)
    early = await owner.get(f"/workspaces/{workspace_id}/open")
    assert early.headers["location"] == f"/workspaces/{workspace_id}"
    await work_off(machinery_of(resources))
    for path in (f"/workspaces/{workspace_id}/open", "/workspaces/open/shop--acme"):
        answer = await owner.get(path)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("http://shop--acme.workspaces.localhost/.tezgah/ticket/")
    for path in ("shop--other", "other--acme", "shop", "--", "x--y--z"):
        assert (await owner.get(f"/workspaces/open/{path}")).status_code == 404


PATHS = [
    ("GET", ""),
    ("GET", "/open"),
    ("GET", "/events"),
    ("POST", "/session"),
    ("POST", "/session/end"),
    ("POST", "/deletion"),
    ("DELETE", ""),
    ("DELETE", "/session"),
]


@pytest.mark.parametrize(("method", "path"), PATHS)
async def test_a_foreign_or_unknown_workspace_is_not_found(
    method: str, path: str, owner: Browser, application: Litestar, session_maker: Sessions
) -> None:
    workspace_id = await create(owner)
    other = await make_customer(session_maker, name="Other")
    async with browser(application) as stranger:
        await other.log_in(stranger)
        for wanted in (workspace_id, uuid4()):
            answer = await stranger.request_form(method, f"/workspaces/{wanted}{path}", {})
            assert answer.status_code == 404, (method, path)
    assert await status_of(session_maker, workspace_id) is W.STARTING


@pytest.mark.parametrize(("method", "path"), [("GET", "/workspaces"), ("POST", "/workspaces")])
async def test_who_is_not_logged_in_is_sent_to_log_in(client: Browser, method: str, path: str) -> None:
    answer = await client.request_form(method, path, {"name": "shop"})
    assert answer.status_code == 302
    assert answer.headers["location"].startswith("/login")


async def test_the_billing_role_looks_but_does_not_touch(
    owner: Browser,
    application: Litestar,
    customer: Customer,
    session_maker: Sessions,
    resources: Resources,
) -> None:
    workspace_id = await create(owner)
    await work_off(machinery_of(resources))
    billing = await add_member(session_maker, customer, Role.BILLING)
    async with browser(application) as visitor:
        await billing.log_in(visitor)
        assert (await visitor.get("/workspaces")).status_code == 200
        page = await visitor.get(f"/workspaces/{workspace_id}")
        assert page.status_code == 200
        assert "<form" not in page.text.split("<main", 1)[1].split("</main", 1)[0]
        for path in ("/session", "/session/end", "/deletion"):
            assert (await visitor.submit(f"/workspaces/{workspace_id}{path}")).status_code == 403
        assert (await visitor.get(f"/workspaces/{workspace_id}/open")).status_code == 403
        assert (await visitor.submit("/workspaces", name="theirs")).status_code == 403


async def test_a_change_without_the_form_token_is_refused(owner: Browser, session_maker: Sessions) -> None:
    workspace_id = await create(owner)
    answer = await owner.post(f"/workspaces/{workspace_id}/session/end")
    assert answer.status_code == 403
    assert await status_of(session_maker, workspace_id) is W.STARTING


@pytest.mark.parametrize("count", [1, 12])
async def test_the_list_takes_three_queries_whatever_it_holds(
    owner: Browser, engine: AsyncEngine, count: int
) -> None:
    for number in range(count):
        await create(owner, f"shop-{number}")
    statements: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        statements.append(statement)

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    try:
        await owner.get("/workspaces")
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", note)
    assert len(statements) <= 3
