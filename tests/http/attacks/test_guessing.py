"""Guessing: whether an account exists costs the same and says the same; passwords are not tried in bulk."""

import re
from types import SimpleNamespace
from typing import Any

import pytest
from litestar import Litestar
from redis.asyncio import Redis

from app.domain.accounts import passwords
from app.domain.accounts.limits import LOGIN_OF_ACCOUNT, LOGIN_OF_ADDRESS, LoginTries, device_cookie
from app.domain.people.controllers import password_reset
from app.lib.clock import real_now
from app.lib.errors import TooMany
from app.lib.settings import Settings
from app.lib.throttles import Throttle
from app.tasks.context import Resources
from tests import html
from tests.conftest import Browser, browser
from tests.factories import PASSWORD, make_customer
from tests.http.test_registration import FORM

NOBODY = "nobody@example.com"


class Counting:
    """The hasher, which counts what it is asked: that is what a login costs, whatever the machine."""

    def __init__(self, hasher: Any) -> None:
        self._hasher, self.verified, self.hashed = hasher, 0, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._hasher, name)

    def verify(self, *arguments: Any) -> bool:
        self.verified += 1
        return bool(self._hasher.verify(*arguments))

    def hash(self, *arguments: Any) -> str:
        self.hashed += 1
        return str(self._hasher.hash(*arguments))


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> Counting:
    found = Counting(passwords.hasher)
    monkeypatch.setattr(passwords, "hasher", found)
    return found


async def test_a_login_costs_one_verification_whether_the_account_exists_or_not(
    client: Browser, resources: Resources, counting: Counting
) -> None:
    customer = await make_customer(resources.session_maker)
    counting.verified = counting.hashed = 0
    pages = []
    for email in (customer.email, NOBODY, "not an address", ""):
        answer = await client.submit("/login", email=email, password="not this one")
        page = html.read(answer.text)
        pages.append((answer.status_code, page.sentence_at("password"), [*answer.headers]))
    assert (counting.verified, counting.hashed) == (4, 0)
    assert pages[1:] == pages[:1] * 3


async def test_the_hash_that_nobody_has_is_as_dear_as_anybodys() -> None:
    known, nobody = passwords.hasher.hash("x"), passwords.NOBODY
    assert known.rsplit("$", 2)[0] == nobody.rsplit("$", 2)[0], "algorithm, version, memory, time, lanes"
    assert not passwords.hasher.check_needs_rehash(nobody)


async def test_asking_for_a_new_password_answers_alike_and_not_before_its_time(
    client: Browser, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer = await make_customer(resources.session_maker)
    waited = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(password_reset, "asyncio", SimpleNamespace(sleep=sleep))
    pages = []
    for email in (customer.email, NOBODY):
        answer = await client.submit("/password-reset", email=email)
        page = re.sub("nonce[-=][^ ]+", "", answer.text)
        pages.append((answer.status_code, page.replace(email, ""), [*answer.headers]))
    assert pages[0] == pages[1]
    assert len(waited) == 2


async def test_a_sign_up_with_a_taken_address_costs_what_another_does(
    client: Browser, resources: Resources, counting: Counting
) -> None:
    customer = await make_customer(resources.session_maker)
    costs = []
    for email in (customer.email, NOBODY):
        counting.hashed = 0
        await client.submit("/register", **FORM | {"email": email})
        costs.append(counting.hashed)
    assert costs == [1, 1]


async def tries_that_pass(redis: "Redis", settings: Settings, addresses: list[str], email: str) -> int:
    """Return how many of these, one after another, would have their password looked at."""
    passed = 0
    for address in addresses:
        tries = LoginTries.of(
            Throttle(redis), keys=settings.keys, address=address, email=email, cookie=None, at=real_now()
        )
        try:
            await tries.take()
        except TooMany:
            continue
        passed += 1
    return passed


async def test_a_thousand_addresses_try_one_account_no_more_often_than_one(
    redis: "Redis", settings: Settings
) -> None:
    thousand = [f"198.51.{number // 250}.{number % 250}" for number in range(1_000)]
    assert await tries_that_pass(redis, settings, thousand, "ada@acme.com.tr") == LOGIN_OF_ACCOUNT.times
    assert await tries_that_pass(redis, settings, ["203.0.113.1"] * 30, "eve@acme.com.tr") == (
        LOGIN_OF_ACCOUNT.times
    )


async def test_one_network_tries_a_thousand_accounts_no_more_often_than_one_address(
    redis: "Redis", settings: Settings
) -> None:
    passed = 0
    for number in range(300):
        address = f"2001:db8::{number:x}"
        passed += await tries_that_pass(redis, settings, [address], f"somebody{number}@example.com")
    assert passed == LOGIN_OF_ADDRESS.times


async def test_a_cookie_of_a_known_browser_helps_nobody_elses_account_and_cannot_be_made(
    application: Litestar, resources: Resources, settings: Settings
) -> None:
    customer = await make_customer(resources.session_maker)
    tries = [f"198.51.100.{number}" for number in range(LOGIN_OF_ACCOUNT.times)]
    await tries_that_pass(resources.redis, settings, tries, customer.email)
    foreign = device_cookie(settings.keys, NOBODY, at=real_now())
    own = device_cookie(settings.keys, customer.email, at=real_now())
    for cookie, status in (
        (foreign, 429),
        (own[:-1] + ("1" if own[-1] == "0" else "0"), 429),
        (own[::-1], 429),
        (own, 303),
    ):
        async with browser(application) as client:
            client.cookies.set("device", cookie, domain="tezgah.localhost")
            answer = await client.submit("/login", email=customer.email, password=PASSWORD)
        assert answer.status_code == status
