"""Bodies and parameters meant to break something: too large, too many, cut off, or no text at all."""

import re
from collections.abc import AsyncIterator

import pytest
from litestar import Litestar

from app.server.core import BODY_LIMIT
from app.tasks.context import Resources
from tests.conftest import Browser, browser
from tests.factories import make_customer, make_operator
from tests.fuzz.surface import Target, surface_of

PARAMETER = re.compile(r"{\w+:(\w+)}")
EXAMPLES = {"uuid": "0199c0de-0000-7000-8000-000000000000", "date": "2026-11-21", "path": "a", "str": "a"}
FORM = {"content-type": "application/x-www-form-urlencoded"}
READS_NO_BODY = {
    "/edge/unavailable",
    "/billing/return/{result:str}",
    "/billing/cards/return/{result:str}",
}
"""Pages that PayTR or Traefik send people to, whatever else they send along."""
UNTEXT = {
    "NUL": "%00",
    "half of a pair": "%ED%A0%80",
    "no UTF-8": "%FF%FE%C0",
    "line end": "a%0D%0ASet-Cookie:%20b=c",
}


def address_of(target: Target) -> str:
    return PARAMETER.sub(lambda found: EXAMPLES[found[1]], target.path)


async def inside(resources: Resources, client: Browser, *, as_operator: bool) -> None:
    """Log somebody in who may see the route."""
    make = make_operator if as_operator else make_customer
    somebody = await make(resources.session_maker)
    await somebody.log_in(client)


async def in_pieces(size: int) -> AsyncIterator[bytes]:
    """Send a body without saying how long it is."""
    for _ in range(size // 100_000 + 1):
        yield b"a" * 100_000


@pytest.mark.parametrize("as_operator", [False, True], ids=["customer", "operator"])
async def test_no_form_takes_more_than_the_limit_whether_it_says_its_length_or_not(
    application: Litestar, resources: Resources, as_operator: bool
) -> None:
    wrong = {}
    async with browser(application) as client:
        await inside(resources, client, as_operator=as_operator)
        for target in surface_of(application):
            is_console = target.path.startswith("/operator")
            if target.method == "GET" or target.path in READS_NO_BODY or is_console is not as_operator:
                continue
            for way, body in (("said", b"a" * (BODY_LIMIT + 1)), ("unsaid", in_pieces(BODY_LIMIT))):
                answer = await client.request(target.method, address_of(target), headers=FORM, content=body)
                if answer.status_code != 413:
                    wrong[f"{target.method} {target.path} {way}"] = answer.status_code
    assert wrong == {}


@pytest.mark.parametrize("what", UNTEXT)
async def test_what_is_no_text_is_the_callers_fault_in_every_field_and_parameter(
    application: Litestar, resources: Resources, what: str
) -> None:
    wrong = {}
    async with browser(application) as customer, browser(application) as operator:
        await inside(resources, customer, as_operator=False)
        await inside(resources, operator, as_operator=True)
        for target in surface_of(application):
            if not (target.query or target.form):
                continue
            client = operator if target.path.startswith("/operator") else customer
            query = "&".join(f"{name}={UNTEXT[what]}" for name in target.query)
            form = "&".join(f"{name}={UNTEXT[what]}" for name in target.form).encode()
            headers = FORM | {"x-csrftoken": client.cookies["csrf"]}
            address = f"{address_of(target)}?{query}"
            answer = await client.request(target.method, address, headers=headers, content=form)
            if answer.status_code >= 500 or "set-cookie: b=c" in str(answer.headers).lower():
                wrong[f"{target.method} {target.path}"] = answer.status_code
    assert wrong == {}


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/x-www-form-urlencoded", b"&".join(b"a%d=1" % number for number in range(50_000))),
        ("application/x-www-form-urlencoded", b"a=1&" * 100_000),
        ("application/x-www-form-urlencoded", b"&" * 500_000),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' * 9_000,
        ),
        ("multipart/form-data; boundary=b", b"--b\r\n" * 50_000),
        ("multipart/form-data; boundary=" + "b" * 5_000, b"--b"),
        ("multipart/form-data", b"--b\r\n\r\n"),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="email"; filename="x"\r\n\r\nx',
        ),
        ("application/json", b"[" * 100_000),
        ("application/json", b'{"email": 1, "password": {}}'),
        ("application/x-msgpack", b"\xdf\xff\xff\xff\xff"),
    ],
    ids=range(11),
)
async def test_a_form_of_too_many_parts_or_of_none_is_refused(
    client: Browser, content_type: str, body: bytes
) -> None:
    await client.get("/login")
    for token in ({"x-csrftoken": client.cookies["csrf"]}, {}):
        answer = await client.post("/login", headers={"content-type": content_type, **token}, content=body)
        assert 400 <= answer.status_code < 500


async def test_an_address_longer_than_any_file_name_leads_nowhere(client: Browser) -> None:
    for path in ("/static/" + "a" * 300, "/legal/" + "a" * 5_000, "/static/" + "a/" * 2_000):
        assert (await client.get(path)).status_code == 404
    assert (await client.get("/static/%00.css")).status_code == 404
    assert (await client.get("/pricing?" + "a=b&" * 5_000)).status_code == 200


async def test_a_day_beyond_the_calendar_is_not_found(client: Browser, resources: Resources) -> None:
    await (await make_operator(resources.session_maker)).log_in(client)
    for day in ("0001-01-01", "9999-12-31"):
        for path in (f"/operator/forecast/{day}", f"/operator/reconciliation/{day}"):
            assert (await client.get(path)).status_code < 500, path
        for query in ("reconciliation?before=", "audit?first=", "audit?last="):
            assert (await client.get(f"/operator/{query}{day}")).status_code < 500, query


async def test_a_fragment_knows_who_looks_as_its_page_does(client: Browser, resources: Resources) -> None:
    await (await make_customer(resources.session_maker)).log_in(client)
    for path in ("/account/two-factor", "/company/security", "/company/support"):
        assert (await client.get(path, headers={"hx-request": "true"})).status_code == 200, path
