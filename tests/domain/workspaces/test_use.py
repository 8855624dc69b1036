"""A real editor in a real browser: what counts as use, and what does not."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright

from app.domain.workspaces.drivers.base import EDITOR_COOKIE, IdleStop, Running, WorkspaceSpec
from app.domain.workspaces.drivers.code_server import code_server_command
from app.domain.workspaces.drivers.process import ProcessDriver
from tests.browser.chromium import chromium_executable
from tests.domain.workspaces.contract import SECRET, Told, make_spec, open_folder

TOLD_WITHIN = 30
"""Seconds: the editor looks every twenty whether somebody works in it."""
FORGOTTEN_AFTER = 60
"""Seconds without a touch until VS Code calls its window inactive."""
WARNING = "Nobody works here"


@pytest.fixture
def spec() -> WorkspaceSpec:
    """A workspace that warns at once: what stops after five minutes is told of five minutes before."""
    return make_spec(idle_stop=IdleStop(5, WARNING, "Stay"))


@pytest.fixture
async def driver(spec: WorkspaceSpec) -> AsyncIterator[ProcessDriver]:
    with open_folder() as root:
        driver = ProcessDriver(root, code_server_command(Path(".tezgah")))
        yield driver
        await driver.stop(spec, {}, Told())


@pytest.fixture
async def running(driver: ProcessDriver, spec: WorkspaceSpec) -> Running:
    return await driver.start(spec, {}, Told())


@pytest.fixture
async def page(running: Running) -> AsyncIterator[Page]:
    """The editor's tab, let in by the cookie that the edge sends."""
    launch = chromium_executable()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=launch.path, args=list(launch.args))
        context = await browser.new_context()
        await context.add_cookies([{"name": EDITOR_COOKIE, "value": SECRET, "url": running.backend_url}])
        page = await context.new_page()
        await page.goto(running.backend_url)
        await page.wait_for_selector(".monaco-workbench", timeout=60_000)
        yield page
        await browser.close()


async def test_a_touch_is_use_a_forgotten_tab_is_none_and_a_job_is_seen(
    driver: ProcessDriver, spec: WorkspaceSpec, running: Running, page: Page
) -> None:
    async def used_after(at: datetime) -> bool:
        used = await driver.last_use(spec.id, running.state)
        return used is not None and used > at

    async def has_job() -> bool:
        return await driver.has_job(spec.id, running.state)

    opened = datetime.now(UTC)
    await page.locator(".monaco-workbench").click()
    assert await within(TOLD_WITHIN, lambda: used_after(opened)), "whoever opens it works in it"
    assert not await has_job()

    await page.keyboard.press("Control+Backquote")
    await page.wait_for_selector(".xterm-helper-textarea", state="attached", timeout=30_000)
    await page.wait_for_timeout(2_000)
    assert not await has_job(), "a shell that waits for a command is no job"
    await page.keyboard.type("sleep 300\n")
    assert await within(TOLD_WITHIN, has_job)

    await page.wait_for_selector(f"text={WARNING}", timeout=(FORGOTTEN_AFTER + TOLD_WITHIN) * 1000)
    forgotten = datetime.now(UTC)
    assert not await within(TOLD_WITHIN, lambda: used_after(forgotten)), "an open tab is no use"
    await page.locator(".xterm-helper-textarea").press("Control+C")
    assert await within(TOLD_WITHIN, lambda: used_after(forgotten)), "a single key is"
    assert await within(TOLD_WITHIN, lambda: negated(has_job))


async def within(seconds: float, holds: Callable[[], Awaitable[bool]]) -> bool:
    """Say whether something comes true in this time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if await holds():
            return True
        await asyncio.sleep(0.5)
    return False


async def negated(holds: Callable[[], Awaitable[bool]]) -> bool:
    return not await holds()
