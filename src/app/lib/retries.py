"""Repeating what may be repeated, and saying so in the log without its arguments."""

import structlog
from stamina.instrumentation import RetryDetails, set_on_retry_hooks

log = structlog.stdlib.get_logger("retries")


def note_retry(details: RetryDetails) -> None:
    """Log that a call is made again. stamina's own hook also writes its arguments, a card's token for one."""
    log.warning(
        "call.repeated",
        call=details.name,
        number=details.retry_num,
        wait=round(details.wait_for, 2),
        error=type(details.caused_by).__name__,
        reason=str(details.caused_by),
    )


def hide_arguments() -> None:
    """Put `note_retry` in the place of stamina's hooks, for the whole process."""
    set_on_retry_hooks([note_retry])
