"""Every letter in development, as it looks; in production there is no such page."""

import re

from litestar import Litestar

from app.domain.notifications.samples import SAMPLES, named_samples
from app.server.core import build_application
from app.tasks.context import Resources
from tests.conftest import Browser, browser, msgspec_replace


async def test_every_letter_is_listed_by_its_subject_in_both_languages(client: Browser) -> None:
    page = (await client.get("/dev/mails")).text
    assert len(named_samples()) == len(SAMPLES)
    for name in named_samples():
        assert f'href="/dev/mails/{name}"' in page
    assert "Your trial ends tomorrow" in page
    assert "Denemeniz yarın sona eriyor" in page


async def test_each_letter_is_shown_in_both_languages_as_html_and_text(client: Browser) -> None:
    for name in named_samples():
        page = (await client.get(f"/dev/mails/{name}")).text
        assert page.count("<pre") == 2
        frames = re.findall(r'<iframe src="([^"]+)"', page)
        assert frames == [f"/dev/mails/{name}/tr", f"/dev/mails/{name}/en"]
        for address, language in zip(frames, ("tr", "en"), strict=True):
            assert f'<html lang="{language}"' in (await client.get(address)).text


async def test_a_letter_may_style_itself_and_nothing_else(client: Browser) -> None:
    policy = (await client.get("/dev/mails/welcome/tr")).headers["Content-Security-Policy"]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox"


async def test_a_letter_that_is_none_is_not_found(client: Browser) -> None:
    for path in ("/dev/mails/nothing", "/dev/mails/welcome/de", "/dev/mails/nothing/tr"):
        assert (await client.get(path)).status_code == 404


async def test_production_shows_no_letters(application: Litestar, resources: Resources) -> None:
    paytr = {f"paytr_merchant_{name}": "of-the-merchant" for name in ("id", "key", "salt")}
    settings = msgspec_replace(resources.settings, env="production", **paytr)
    async with browser(build_application(settings, resources, owns_resources=False)) as visitor:
        for path in ("/dev/mails", "/dev/mails/welcome", "/dev/mails/welcome/tr"):
            assert (await visitor.get(path)).status_code == 404
