"""Every page's headers, exactly: the set is one file, and what a page has beyond it is named here."""

import re

import pytest
from litestar import Litestar

from app.server.core import build_application
from app.tasks.context import Resources
from tests.conftest import Browser, browser, msgspec_replace
from tests.factories import PASSWORD, make_customer
from tests.http.route_table import STREAMS, TABLE
from tests.http.route_world import build_world, person

GATEWAY = "http://127.0.0.1:9"
NONCE = r"[A-Za-z0-9_-]{22}"
POLICY = {
    "default-src": "'self'",
    "script-src": "'nonce-N'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "frame-src": "'none'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
COMMON = {
    "content-security-policy": POLICY,
    "referrer-policy": "strict-origin-when-cross-origin",
    "x-content-type-options": "nosniff",
    "permissions-policy": (
        "camera=(), microphone=(), geolocation=(), display-capture=(), payment=(), usb=(), serial=(), hid=()"
    ),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
    "x-robots-tag": None,
    "strict-transport-security": None,
    "access-control-allow-origin": None,
    "server": None,
    "x-powered-by": None,
}
FRAMES = {"frame-src": f"{GATEWAY} https:"}
FRAMED = {"frame-ancestors": f"'self' {GATEWAY}"}
POSTS = {"form-action": f"'self' {GATEWAY}"}
UNNAMED: dict[str, object] = {"referrer-policy": "no-referrer", "x-robots-tag": "noindex, nofollow"}
BEYOND: dict[str, dict[str, object]] = {
    "/billing/checkout": {"content-security-policy": POLICY | FRAMES},
    "/billing/plan-change": {"content-security-policy": POLICY | FRAMES},
    "/billing/checkout/card": {"content-security-policy": POLICY | POSTS},
    "/billing/cards/new": {"content-security-policy": POLICY | POSTS},
    "/billing/return/{result:str}": {"content-security-policy": POLICY | FRAMED},
    "/pay/return/{token:str}": {"content-security-policy": POLICY | FRAMED, **UNNAMED},
    "/pay/{token:str}": {"content-security-policy": POLICY | FRAMES, **UNNAMED},
    "/password-reset/{token:str}": UNNAMED,
    "/email-verification/{token:str}": UNNAMED,
    "/email-change/{token:str}": UNNAMED,
    "/invitations/{token:str}": UNNAMED,
    "/static/{file_path:path}": {
        "cache-control": "immutable, max-age=31536000, public",
        "cross-origin-resource-policy": "cross-origin",
    },
}
"""What a page has instead of the common set; whatever is not here has exactly that."""
OF_THEIR_OWN = {
    "/dev/mails",
    "/dev/mails/{name:str}/{wanted:str}",
    "/dev/mails/{name:str}",
    "/edge/unavailable",
}
"""Their policy is their own: a letter styles itself, and an edge's page stands on another host."""


def parsed(header: str) -> dict[str, str]:
    policy = dict(part.strip().split(" ", 1) for part in header.split(";"))
    return policy | {"script-src": re.sub(f"nonce-{NONCE}", "nonce-N", policy.get("script-src", ""))}


def differences(path: str, headers: dict[str, str]) -> dict[str, object]:
    """Return the headers that are not as they should be."""
    wanted = COMMON | BEYOND.get(path, {})
    found: dict[str, object] = {name: headers.get(name) for name in wanted}
    kept = sorted(headers["cache-control"].split(", "))
    found["cache-control"] = ", ".join(kept).replace("no-store, private", "no-store")
    if path in OF_THEIR_OWN:
        own = str(found.pop("content-security-policy"))
        wanted = {name: value for name, value in wanted.items() if name != "content-security-policy"}
        assert "default-src 'none'" in own or "default-src 'self'" in own
    else:
        found["content-security-policy"] = parsed(str(found["content-security-policy"]))
    return {name: value for name, value in found.items() if value != wanted[name]}


@pytest.mark.parametrize("who", ["visitor", "owner", "operator"])
async def test_every_page_has_the_whole_set_and_answers_head_as_get(
    resources: Resources, application: Litestar, who: str
) -> None:
    world = await build_world(resources)
    somebody = await person(resources, world.customer, who)
    wrong: dict[str, object] = {}
    async with browser(application) as client:
        if somebody:
            await somebody.log_in(client)
        for method, path in TABLE:
            if method != "GET" or path in STREAMS:
                continue
            address = world.address(method, path)
            answer = await client.get(address)
            if found := differences(path, dict(answer.headers)):
                wrong[path] = found
            head = await client.head(address)
            if (head.status_code, head.content) != (answer.status_code, b""):
                wrong[f"HEAD {path}"] = head.status_code
            if head.headers.get("content-type") != answer.headers.get("content-type"):
                wrong[f"HEAD {path}"] = dict(head.headers)
    assert wrong == {}


@pytest.mark.parametrize("path", sorted(STREAMS))
async def test_a_head_of_a_stream_ends(resources: Resources, application: Litestar, path: str) -> None:
    world = await build_world(resources)
    somebody = await person(resources, world.customer, "operator" if "operator" in path else "owner")
    assert somebody is not None
    async with browser(application) as client:
        await somebody.log_in(client)
        answer = await client.head(world.address("GET", path))
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"].startswith("text/event-stream")


async def test_a_head_of_what_takes_none_is_refused_as_its_get(client: Browser) -> None:
    for path in ("/logout", "/nothing-here"):
        assert (await client.head(path)).status_code == (await client.get(path)).status_code


async def test_every_answer_has_a_nonce_of_its_own(client: Browser) -> None:
    policies = {(await client.get("/login")).headers["content-security-policy"] for _ in range(3)}
    assert len(policies) == 3


async def test_over_https_cookies_are_bound_to_the_host_and_https_is_for_good(resources: Resources) -> None:
    settings = msgspec_replace(resources.settings, public_url="https://tezgah.localhost")
    customer = await make_customer(resources.session_maker)
    secure = build_application(settings, resources, owns_resources=False)
    async with secure.lifespan(), browser(secure) as client:
        page = await client.get("https://tezgah.localhost/login")
        token = cookies_of(page)["__Host-csrf"].partition(";")[0]
        form = {"email": customer.email, "password": PASSWORD, "_csrf_token": token, "language": "en"}
        sent = {"headers": {"cookie": f"__Host-csrf={token}"}, "data": form}
        login = await client.post("https://tezgah.localhost/login", **sent)  # type: ignore[arg-type]
        choice = await client.post("https://tezgah.localhost/preferences", **sent)  # type: ignore[arg-type]
    assert page.headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"
    assert login.status_code == 303
    kept = cookies_of(page) | cookies_of(login) | cookies_of(choice)
    assert kept.keys() == {"__Host-csrf", "__Host-session", "__Host-device", "language"}
    for name, facts in kept.items():
        for attribute in ("; secure", "; httponly", "; path=/", "; samesite=lax"):
            assert attribute in facts.lower(), name
        assert "domain=" not in facts.lower(), name


def cookies_of(answer: object) -> dict[str, str]:
    """Return the cookies an answer sets, each with its value and attributes."""
    lines: list[str] = answer.headers.get_list("set-cookie")  # type: ignore[attr-defined]
    return {name: facts for name, _, facts in (line.partition("=") for line in lines)}
