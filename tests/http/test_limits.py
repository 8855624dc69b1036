"""Tries against an account: slowed down from wherever they come, and never at its owner's cost."""

import asyncio
from datetime import timedelta

import pytest
from litestar import Litestar
from redis.asyncio import Redis

from app.domain.accounts import limits
from app.domain.accounts.limits import LOGIN_OF_ACCOUNT, LOGIN_OF_ADDRESS, RESET_OF_ACCOUNT
from app.lib.errors import TooMany
from app.lib.throttles import Limit, Throttle, network_of
from app.tasks.context import Resources
from tests.conftest import Browser, browser
from tests.factories import PASSWORD, Customer, make_customer
from tests.waiting import until


@pytest.fixture
async def customer(resources: Resources) -> Customer:
    return await make_customer(resources.session_maker)


async def try_from(application: Litestar, address: str, email: str, password: str = "not this one") -> int:
    async with browser(application, address=address) as client:
        return (await client.submit("/login", email=email, password=password)).status_code


async def attack(application: Litestar, email: str, tries: int = LOGIN_OF_ACCOUNT.times) -> None:
    """Use up the tries of an account, each from another address."""
    for number in range(tries):
        assert await try_from(application, f"198.51.100.{number}", email) == 422


async def test_many_addresses_have_no_more_tries_at_one_account_than_one(
    application: Litestar, customer: Customer
) -> None:
    await attack(application, customer.email)
    assert await try_from(application, "192.0.2.200", customer.email.upper(), PASSWORD) == 429


async def test_who_has_logged_in_before_gets_in_while_others_try(
    application: Litestar, client: Browser, customer: Customer
) -> None:
    await customer.log_in(client)
    await client.submit("/logout")
    await attack(application, customer.email)
    assert await try_from(application, "192.0.2.200", customer.email) == 429
    assert (await client.submit("/login", email=customer.email, password=PASSWORD)).status_code == 303


async def test_a_known_browser_has_a_limit_of_its_own_and_for_its_own_account_alone(
    client: Browser, resources: Resources, customer: Customer
) -> None:
    await customer.log_in(client)
    wrong = {"email": customer.email, "password": "not this one"}
    codes = [
        (await client.submit("/login", **wrong)).status_code for _ in range(limits.LOGIN_OF_DEVICE.times + 1)
    ]
    assert codes == [422] * limits.LOGIN_OF_DEVICE.times + [429]
    other = await make_customer(resources.session_maker)
    assert (await client.submit("/login", email=other.email, password="not this one")).status_code == 422


async def test_the_right_password_gives_the_tries_back(application: Litestar, customer: Customer) -> None:
    for _ in range(2):
        await attack(application, customer.email, LOGIN_OF_ACCOUNT.times - 1)
        assert await try_from(application, "192.0.2.1", customer.email, PASSWORD) == 303


async def test_an_address_without_an_account_is_slowed_down_as_one_with(
    application: Litestar, customer: Customer
) -> None:
    await attack(application, "nobody@example.com")
    assert await try_from(application, "192.0.2.200", "nobody@example.com") == 429


async def test_a_refusal_says_when_and_loses_nothing(
    client: Browser, redis: "Redis", monkeypatch: pytest.MonkeyPatch, customer: Customer
) -> None:
    monkeypatch.setattr(limits, "LOGIN_OF_ADDRESS", Limit("tried", 1, timedelta(minutes=5)))
    client.headers["accept-language"] = "en"
    form = {"email": customer.email, "password": PASSWORD}
    await client.submit("/login", email=customer.email, password="not this one")
    refused = await client.submit("/login", **form)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["retry-after"]) <= 300
    assert "Too many tries. Try again at " in refused.text
    client.headers["hx-request"] = "true"
    toast = await client.submit("/login", **form)
    assert (toast.status_code, toast.headers["hx-reswap"]) == (429, "none")


async def test_no_address_floods_logins_whichever_accounts_it_tries(throttle: Throttle) -> None:
    network = network_of("2001:db8:1:2:3::4")
    for _ in range(LOGIN_OF_ADDRESS.times):
        await throttle.take(LOGIN_OF_ADDRESS, network)
    with pytest.raises(TooMany):
        await throttle.take(LOGIN_OF_ADDRESS, network_of("2001:db8:1:2:ffff::1"))
    await throttle.take(LOGIN_OF_ADDRESS, network_of("2001:db8:1:3::1"))


async def test_asking_for_links_has_an_end_for_known_and_unknown_addresses_alike(
    client: Browser, customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.domain.people.controllers.password_reset.ANSWER_AFTER", 0.0)
    for email in (customer.email, "nobody@example.com"):
        codes = [
            (await client.submit("/password-reset", email=email)).status_code
            for _ in range(RESET_OF_ACCOUNT.times + 1)
        ]
        assert codes == [200] * RESET_OF_ACCOUNT.times + [429]


@pytest.fixture
def throttle(redis: "Redis") -> Throttle:
    return Throttle(redis)


async def test_tries_at_the_same_moment_are_all_counted(throttle: Throttle) -> None:
    limit = Limit("burst", 7, timedelta(hours=1))
    done = await asyncio.gather(*(throttle.take(limit, "one") for _ in range(30)), return_exceptions=True)
    assert sum(result is None for result in done) == limit.times
    await throttle.take(limit, "another")


async def test_tries_come_back_one_by_one_and_not_all_at_once(throttle: Throttle) -> None:
    limit = Limit("quick", 4, timedelta(seconds=2))

    async def may() -> bool:
        try:
            await throttle.take(limit, "one")
        except TooMany:
            return False
        return True

    assert [await may() for _ in range(4)] == [True] * 4
    await until(may)
    await throttle.forgive(limit, "one")
    assert [await may() for _ in range(4)] == [True] * 4


async def test_the_names_in_redis_tell_no_address(throttle: Throttle, redis: "Redis") -> None:
    await throttle.take(Limit("named", 1, timedelta(minutes=1)), "ada@acme.com.tr")
    assert not [key for key in await redis.keys("tezgah:throttle:*") if "ada" in str(key)]


@pytest.mark.parametrize(
    ("path", "limit"),
    [
        ("/billing/checkout", limits.CHECKOUT_OF_COMPANY),
        ("/billing/checkout/card", limits.CHECKOUT_OF_COMPANY),
        ("/workspaces", limits.WORKSPACES_OF_COMPANY),
    ],
)
async def test_what_costs_us_work_has_a_limit_for_each_company(
    application: Litestar, resources: Resources, throttle: Throttle, path: str, limit: Limit
) -> None:
    ours, theirs = [await make_customer(resources.session_maker) for _ in range(2)]
    for _ in range(limit.times):
        await throttle.take(limit, str(ours.company.id))
    form = {"name": "one", "plan": "team", "interval": "month", "consent": "yes"}
    for customer, is_refused in ((ours, True), (theirs, False)):
        async with browser(application) as client:
            await customer.log_in(client)
            assert ((await client.submit(path, **form)).status_code == 429) is is_refused
