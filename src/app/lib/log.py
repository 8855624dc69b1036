"""Structured logs: one JSON line per fact, with the request id that started it all."""

import logging
import re

import structlog
from structlog.types import EventDict, Processor, WrappedLogger

SECRET_NAMES = ("password", "secret", "token", "cookie", "authorization", "hash", "salt", "key_hash", "card")

ROW_IN_AN_ERROR = re.compile(r"DETAIL: .*")
"""PostgreSQL quotes the offending row behind this word, with all that a person had typed."""


def configure_logging(level: str, *, as_json: bool) -> None:
    """Send our logs and the libraries' through one chain of processors."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        hide_secrets,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    renderer = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=False)
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                hide_rows,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in ("httpx", "httpcore", "asyncio", "saq"):
        logging.getLogger(name).setLevel(max(root.level, logging.WARNING))


def hide_secrets(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    """Blank every field whose name says that it is a secret."""
    for key in event:
        if key != "event" and any(secret in key.lower() for secret in SECRET_NAMES):
            event[key] = "[hidden]"
    return event


def hide_rows(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    """Take the quoted rows out of a database error's trace."""
    if "exception" in event:
        event["exception"] = ROW_IN_AN_ERROR.sub("DETAIL: [hidden]", event["exception"])
    return event
