"""No request is answered with a fault of ours, without the header set, or with another company's name.

`make fuzz REQUESTS=20000 SEED=1` sends many; one seed means the same requests every time.
"""

import os
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass
from random import Random

import httpx
import pytest
from litestar import Litestar

from app.db.base import Base
from app.lib.throttles import Throttle
from app.tasks.context import Resources
from tests.conftest import KEPT, Browser, browser, empty
from tests.factories import Person, make_customer
from tests.fuzz.requests import Sent, random_request
from tests.fuzz.surface import Target, surface_of
from tests.http.attacks.test_header_walk import COMMON, OF_THEIR_OWN
from tests.http.route_table import STREAMS
from tests.http.route_world import World, build_world, person

REQUESTS = int(os.environ.get("TEZGAH_FUZZ_REQUESTS", "300"))
SEED = int(os.environ.get("TEZGAH_FUZZ_SEED", "1"))
A_WORLD_LASTS = 1_000
"""Requests until everything begins anew: what was closed or deleted would hide what stands behind it."""
PEOPLE = ("visitor", "owner", "admin", "developer", "stranger", "operator")
SECRET = "Gizli Komşu Ltd"
"""The name of a company to which none of them belongs."""
UNAVAILABLE = {"/edge/unavailable", "/health/ready"}
ENDS_THE_SESSION = {"/logout", "/login", "/login/code"}


@dataclass
class Scene:
    """A world, the people who ask in it, and their browsers."""

    world: World
    known: dict[str, list[str]]
    people: dict[str, Person | None]
    browsers: dict[str, Browser]

    async def send(self, who: str, sent: Sent) -> httpx.Response:
        """Send a request as somebody, who logs in again first where they were logged out."""
        client, somebody = self.browsers[who], self.people[who]
        if somebody and "session" not in client.cookies:
            await somebody.log_in(client)
        if "csrf" not in client.cookies:
            await client.get("/login")
        headers = dict(sent.headers)
        if sent.has_token and "csrf" in client.cookies:
            headers["x-csrftoken"] = client.cookies["csrf"]
        return await client.request(sent.method, sent.address, headers=headers, content=sent.body)


@pytest.fixture(autouse=True)
def unlimited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let everybody try as often as they like: what is slowed down is tested elsewhere."""

    async def take(*_: object) -> None:
        return

    monkeypatch.setattr(Throttle, "take", take)
    monkeypatch.setattr("app.domain.people.controllers.password_reset.ANSWER_AFTER", 0.0)


async def test_no_request_finds_a_fault_a_bare_answer_or_another_company(
    application: Litestar, resources: Resources
) -> None:
    random = Random(SEED)  # noqa: S311 to be repeated, not to be unguessable
    targets = surface_of(application)
    tally: Counter[int] = Counter()
    faults: dict[str, str] = {}
    sent = 0
    while sent < REQUESTS:
        async with AsyncExitStack() as stack:
            scene = await set_up(application, resources, stack)
            for _ in range(min(A_WORLD_LASTS, REQUESTS - sent)):
                target = random.choice(targets)
                who = random.choice(PEOPLE)
                request = random_request(random, as_asked(target), scene.known)
                answer = await scene.send(who, request)
                if found := objections(target, who, answer):
                    said = f"request {sent} of seed {SEED} by {who}: {request}"
                    faults.setdefault(f"{target.method} {target.path} {found}", said)
                if target.path in ENDS_THE_SESSION:
                    scene.browsers[who].cookies.clear()
                tally[answer.status_code] += 1
                sent += 1
    print(f"{sent} requests of seed {SEED} to {len(targets)} targets: {dict(sorted(tally.items()))}")
    assert not faults, "\n".join(f"{found}\n    {said}" for found, said in faults.items())
    assert tally[200] > sent / 20
    assert {303, 403, 404, 422} <= tally.keys() or sent < 300


def as_asked(target: Target) -> Target:
    """Return a target as it can be asked here: of what never ends, the beginning alone."""
    if target.path not in STREAMS:
        return target
    return Target("HEAD", target.path, target.query, target.form)


def objections(target: Target, who: str, answer: httpx.Response) -> str:
    """Return what is wrong with an answer, or nothing."""
    if answer.status_code >= 500 and not (answer.status_code == 503 and target.path in UNAVAILABLE):
        return f"answered {answer.status_code}"
    if missing := [name for name, value in COMMON.items() if value and name not in answer.headers]:
        return f"lacks {missing}"
    policy = answer.headers["content-security-policy"]
    if "unsafe-" in policy and target.path not in OF_THEIR_OWN:
        return f"allows too much: {policy}"
    if "planted" in str(answer.headers) or "evil.example" in answer.headers.get("location", "").split("?")[0]:
        return f"was led by its own request: {answer.headers}"
    if who != "operator" and SECRET in answer.text:
        return "names another company"
    return ""


async def set_up(application: Litestar, resources: Resources, stack: AsyncExitStack) -> Scene:
    """Return a fresh world with everybody in it, and the ids behind its addresses, others' among them."""
    tables = [table.name for table in Base.metadata.sorted_tables if table.name not in KEPT]
    await empty(resources.engine, tables)
    await resources.redis.flushdb()
    world = await build_world(resources)
    neighbour = await make_customer(resources.session_maker, name=SECRET)
    known = {name: [value] for name, value in world.known.items()}
    known["workspace_id:uuid"] += world.spare
    known["card_id:uuid"] = list(world.spare_cards)
    known.setdefault("company_id:uuid", []).append(str(neighbour.company.id))
    known.setdefault("member_id:uuid", []).append(str(neighbour.user.id))
    people = {who: await person(resources, world.customer, who) for who in PEOPLE}
    browsers = {who: await stack.enter_async_context(browser(application)) for who in PEOPLE}
    return Scene(world, known, people, browsers)
