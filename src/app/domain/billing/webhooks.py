"""PayTR's callback. Signed: exactly `OK`, once the effect is committed. Forged: 400, and no row."""

from dataclasses import dataclass, field

import structlog
from litestar import Response, post
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.domain.billing import metrics
from app.domain.billing.settlement import Arrival, Outcome, settle
from app.domain.payments.paytr.credentials import PaytrCredentials
from app.domain.payments.paytr.messages import MalformedCallback, PaytrCallback
from app.domain.payments.paytr.signing import verify_callback
from app.lib.clock import now
from app.lib.http import MACHINE, AnyRequest, Injected, address_of
from app.lib.last_seen import LastSeen
from app.lib.settings import Settings
from app.lib.uow import driver_unit_of_work

SETTLED_REMEMBERED = 10_000
log = structlog.stdlib.get_logger("paytr")


@dataclass(frozen=True, slots=True)
class CallbackIntake:
    """What the callback works with, handed over whole: one dependency is cheaper than five."""

    session_maker: async_sessionmaker[AsyncSession]
    credentials: PaytrCredentials
    settings: Settings
    settled: LastSeen[PaytrCallback] = field(default_factory=lambda: LastSeen(SETTLED_REMEMBERED))
    """Successes that are committed. Nothing undoes one, so a repeat of it never changes anything."""

    async def take(self, arrival: Arrival) -> Outcome:
        """Settle a verified message and commit; a repeat costs one locked read, or none at all."""
        message = arrival.message
        if message in self.settled:
            return Outcome.REPEATED
        outcome = await self._settle(arrival)
        if message.succeeded and outcome in {Outcome.APPLIED, Outcome.REPEATED}:
            self.settled.add(message)
        return outcome

    async def _settle(self, arrival: Arrival) -> Outcome:
        async with driver_unit_of_work(self.session_maker) as transaction:
            return await settle(transaction, arrival, settings=self.settings, at=now())


@post("/webhooks/paytr", opt=MACHINE, status_code=200, name="webhooks:paytr")
async def paytr_callback(request: AnyRequest, intake: Injected[CallbackIntake]) -> Response[str]:
    """Settle one message; a fault on our side is a 5xx, so that PayTR comes again."""
    form = {name: str(value) for name, value in (await request.form()).items()}
    if not verify_callback(intake.credentials, form):
        return refused(request, "bad hash")
    try:
        message = PaytrCallback.from_form(form)
    except MalformedCallback as error:
        return refused(request, str(error))
    outcome = await intake.take(Arrival(message, without_hash(form)))
    metrics.callbacks.labels(outcome.value).inc()
    return plain("OK", 200)


def refused(request: AnyRequest, reason: str) -> Response[str]:
    """Count and log a message that is not PayTR's; nothing of it is stored."""
    metrics.callbacks.labels("refused").inc()
    log.warning("security.callback_refused", reason=reason, client_address=address_of(request))
    return plain(f"PAYTR notification failed: {reason}", 400)


def plain(text: str, status: int) -> Response[str]:
    """Answer in plain text, to the byte."""
    return Response(text, status_code=status, media_type="text/plain")


def without_hash(form: dict[str, str]) -> dict[str, str]:
    """Return the message for the inbox; the signature proves nothing later and is not kept."""
    return {name: value for name, value in form.items() if name != "hash"}
