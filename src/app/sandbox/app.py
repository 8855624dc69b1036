"""The sandbox as an ASGI app, and the process that serves it."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import uvicorn
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Litestar, Request, Response
from litestar.di import Provide
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.static_files import create_static_files_router
from litestar.template.config import TemplateConfig

from app.lib.clock import now
from app.sandbox import (
    cards_control,
    control,
    control_book,
    control_faults,
    direct_pages,
    endpoints,
    frame,
    merchant_api,
    page,
)
from app.sandbox.answers import FaultyAnswers
from app.sandbox.book import OrderConflict
from app.sandbox.config import SandboxConfig
from app.sandbox.simulator import Simulator
from app.sandbox.views import STATIC, TEMPLATES

EXPIRY_CHECK_SECONDS: Final = 1.0
SHUTDOWN_SECONDS: Final = 2
ON_PURPOSE: Final = ("ASGI callable returned without completing response.",)
"""What uvicorn says about an answer that a fault cut off."""

HANDLERS: Final = (
    endpoints.get_token,
    endpoints.status_query,
    frame.show_frame,
    frame.submit_frame,
    frame.frame_script,
    direct_pages.pay_directly,
    direct_pages.show_code_page,
    direct_pages.submit_code,
    *merchant_api.MERCHANT_API,
    control.list_orders,
    control.show_order,
    control.pay_order,
    control.decline_order,
    control.send_callback,
    control_book.read_book,
    control_book.pay_many,
    control_book.enter_past,
    control_faults.list_faults,
    control_faults.script_order,
    control_faults.expect,
    control_faults.release,
    *cards_control.CARDS_CONTROL,
    page.show_orders,
    page.show_cards,
    page.show_payouts,
    page.show_faults,
    page.press_button,
    page.press_release,
)
"""PayTR's endpoints, its page, and the levers."""


def create_sandbox(config: SandboxConfig) -> Litestar:
    """Return a sandbox, with an empty book or the one on its shelf."""
    simulator = Simulator(config)

    @asynccontextmanager
    async def running(_: Litestar) -> AsyncIterator[None]:
        simulator.resume()
        clock = asyncio.create_task(_watch_time_limits(simulator))
        try:
            yield
        finally:
            clock.cancel()
            with suppress(asyncio.CancelledError):
                await clock
            await simulator.close()

    return Litestar(
        route_handlers=[*HANDLERS, create_static_files_router(path="/static", directories=[STATIC])],
        dependencies={"simulator": Provide(lambda: simulator, sync_to_thread=False)},
        middleware=[FaultyAnswers(simulator)],
        exception_handlers={OrderConflict: _conflict},
        template_config=TemplateConfig(instance=JinjaTemplateEngine(engine_instance=_environment())),
        lifespan=[running],
        openapi_config=None,
        logging_config=None,
    )


def serve(config: SandboxConfig) -> None:
    """Serve a sandbox until the process is told to stop."""
    logging.getLogger("uvicorn.error").addFilter(lambda record: record.getMessage() not in ON_PURPOSE)
    uvicorn.run(
        create_sandbox(config),
        host=config.host,
        port=config.port,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )


def _environment() -> Environment:
    return Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)


def _conflict(_: Request[Any, Any, Any], error: OrderConflict) -> Response[dict[str, str]]:
    return Response({"detail": str(error)}, status_code=409)


async def _watch_time_limits(simulator: Simulator) -> None:
    while True:
        simulator.expire_overdue(now())
        await asyncio.sleep(EXPIRY_CHECK_SECONDS)
