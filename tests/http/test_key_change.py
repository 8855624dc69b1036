"""The secret key is changed: nobody is logged out, no link ends, and afterwards the old key opens nothing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from litestar import Litestar

from app.domain.accounts.limits import LOGIN_OF_ACCOUNT, account_key
from app.domain.billing.paylinks import pay_path
from app.domain.workspaces.edge import COOKIE, Pass, editor_secret, seal_pass
from app.lib.clock import now
from app.lib.settings import Settings
from app.lib.throttles import Throttle
from app.server.core import build_application
from app.tasks.context import Resources
from tests.conftest import Browser, browser, msgspec_replace
from tests.factories import PASSWORD, Customer, add_workspace, make_customer, pay, start_checkout
from tests.http.attacks.test_header_walk import cookies_of
from tests.http.test_account import WANTED, ask_for_link

NEW = "the key after the change, more than 32 long"


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.domain.people.controllers.password_reset.ANSWER_AFTER", 0.0)


@pytest.fixture
def overlap(resources: Resources) -> Settings:
    """Both keys, as docs/secrets.md has it between steps 2 and 5."""
    return msgspec_replace(
        resources.settings, secret_key=NEW, secret_key_previous=resources.settings.secret_key
    )


@asynccontextmanager
async def moved(client: Browser, resources: Resources, settings: Settings) -> AsyncIterator[Browser]:
    """The same browser, at a service that was restarted with other keys."""
    restarted: Litestar = build_application(settings, resources, owns_resources=False)
    async with restarted.lifespan(), browser(restarted) as again:
        again.cookies.update(client.cookies)
        yield again


async def test_who_is_logged_in_stays_so_and_forms_under_way_are_taken(
    client: Browser, resources: Resources, overlap: Settings
) -> None:
    customer = await make_customer(resources.session_maker)
    await customer.log_in(client)
    async with moved(client, resources, overlap) as again:
        assert (await again.get("/dashboard")).status_code == 200
        assert (await again.submit("/workspaces", name="written-before")).status_code == 303
    async with moved(client, resources, msgspec_replace(overlap, secret_key_previous="")) as alone:
        assert (await alone.get("/dashboard")).status_code == 200
        assert (await alone.submit("/workspaces", name="too-late")).status_code == 403


async def test_links_of_before_open_until_the_old_key_goes(
    client: Browser, resources: Resources, overlap: Settings
) -> None:
    customer = await make_customer(resources.session_maker)
    checkout = await start_checkout(resources.session_maker, customer)
    order = pay_path(resources.settings, checkout.order, at=now())
    reset = await ask_for_link(client, resources, resources.settings, customer.email)
    async with moved(client, resources, msgspec_replace(overlap, secret_key_previous="")) as alone:
        assert [(await alone.get(path)).status_code for path in (order, reset)] == [404, 410]
    async with moved(client, resources, overlap) as again:
        assert [(await again.get(path)).status_code for path in (order, reset)] == [200, 200]
        assert (await again.submit(reset, password=WANTED)).status_code == 303
        assert (await again.submit(reset, password=WANTED + "!")).status_code == 410, "once"


async def test_a_known_browser_stays_one(client: Browser, resources: Resources, overlap: Settings) -> None:
    customer = await make_customer(resources.session_maker)
    await customer.log_in(client)
    await client.submit("/logout")
    async with moved(client, resources, overlap) as again:
        throttle = Throttle(resources.redis)
        for _ in range(LOGIN_OF_ACCOUNT.times):
            await throttle.take(LOGIN_OF_ACCOUNT, account_key(customer.email))
        answer = await again.submit("/login", email=customer.email, password=PASSWORD)
        assert answer.status_code == 303


async def test_a_workspace_opens_by_its_cookie_and_keeps_its_editor(
    client: Browser, resources: Resources, overlap: Settings
) -> None:
    customer: Customer = await make_customer(resources.session_maker)
    await pay(resources.session_maker, customer, resources.settings)
    workspace = await add_workspace(resources.session_maker, customer, "shop")
    entry = Pass(workspace.id, customer.user.id, customer.user.session_epoch)
    cookie = f"{COOKIE}={seal_pass(resources.settings.keys, entry, now())}"
    host = f"shop--{customer.company.slug}.{resources.settings.workspace_domain}"
    restarted = build_application(overlap, resources, owns_resources=False)
    async with restarted.lifespan(), browser(restarted, address="127.0.0.1") as traefik:
        answer = await traefik.get("/edge/authorize", headers={"x-forwarded-host": host, "cookie": cookie})
    assert answer.status_code == 200
    assert editor_secret(resources.settings.keys, workspace.id) in answer.headers["cookie"]


async def test_what_is_made_meanwhile_is_of_the_new_key(
    client: Browser, resources: Resources, overlap: Settings
) -> None:
    async with moved(client, resources, overlap) as again:
        token = cookies_of(await again.get("/login"))["csrf"].partition(";")[0]
    form = {"email": "a@b.co", "password": PASSWORD, "_csrf_token": token}
    client.cookies.set("csrf", token, domain="tezgah.localhost")
    assert (await client.post("/login", data=form)).status_code == 403, "the old key alone does not know it"
