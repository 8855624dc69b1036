"""PayTR's callback. Signed: exactly `OK`, once the effect is committed. Forged: 400, and no row."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import structlog
from litestar import post
from litestar.response.base import ASGIResponse
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.domain.billing import metrics
from app.domain.billing.cards.registrations import PREFIX as REGISTRATION_PREFIX
from app.domain.billing.cards.registrations import settle_registration
from app.domain.billing.settlement.service import Arrival, Outcome, note_unreadable, settle
from app.domain.payments.paytr.credentials import PaytrCredentials
from app.domain.payments.paytr.messages import MalformedCallback, PaytrCallback
from app.domain.payments.paytr.signing import verify_callback
from app.lib.clock import now
from app.lib.http import MACHINE, AnyRequest, address_of
from app.lib.last_seen import LastSeen
from app.lib.settings import Settings
from app.lib.uow import driver_unit_of_work, unit_of_work

SETTLED_REMEMBERED = 10_000
SECRETS = frozenset({"hash", "utoken", "ctoken"})
log = structlog.stdlib.get_logger("paytr")


@dataclass(frozen=True, slots=True)
class CallbackIntake:
    """What the callback works with. It hangs on the application: injecting it costs more than a repeat."""

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
        if arrival.message.merchant_oid.startswith(REGISTRATION_PREFIX):
            async with unit_of_work(self.session_maker) as session:
                outcome = await settle_registration(session, arrival, settings=self.settings, at=now())
                if arrival.message.unreadable and outcome not in {None, Outcome.REPEATED}:
                    await note_unreadable(session, arrival.message, None, at=now())
            if outcome is not None:
                return outcome
        async with driver_unit_of_work(self.session_maker) as transaction:
            return await settle(transaction, arrival, settings=self.settings, at=now())


@post("/webhooks/paytr", opt=MACHINE, status_code=200, name="webhooks:paytr")
async def paytr_callback(request: AnyRequest) -> ASGIResponse:
    """Settle one message; a fault on our side is a 5xx, so that PayTR comes again."""
    intake: CallbackIntake = request.app.state.intake
    form = await form_of(request)
    if not verify_callback(intake.credentials, form):
        return refused(request, "bad hash")
    try:
        message = PaytrCallback.from_form(form)
    except MalformedCallback as error:
        return refused(request, str(error))
    outcome = await intake.take(Arrival(message, without_secrets(form)))
    metrics.callbacks.labels(outcome.value).inc()
    return OK


async def form_of(request: AnyRequest) -> dict[str, str]:
    """Return the form, decoded exactly once: a second decoding would turn the `+` of a hash into a blank.

    Of a name that comes twice the last value counts, as in PHP. Bytes that are no UTF-8, and NUL, which
    no column takes, become replacement characters: what PayTR signs is ASCII, and a text that cannot be
    read must not cost a payment.
    """
    body = await request.body()
    if body.startswith(b"--"):  # multipart, which PayTR's own samples send; a field name never begins so
        fields: Iterable[tuple[str, Any]] = (await request.form()).multi_items()
    else:
        fields = parse_qsl(body.decode(errors="replace"), keep_blank_values=True)
    return {name: str(value).replace("\0", "\ufffd") for name, value in fields}


def refused(request: AnyRequest, reason: str) -> ASGIResponse:
    """Count and log a message that is not PayTR's; nothing of it is stored."""
    metrics.callbacks.labels("refused").inc()
    log.warning("security.callback_refused", reason=reason, client_address=address_of(request))
    return plain(f"PAYTR notification failed: {reason}", 400)


def plain(text: str, status: int) -> ASGIResponse:
    """Answer in plain text, to the byte; the framework has nothing left to build."""
    return ASGIResponse(body=text.encode(), status_code=status, media_type="text/plain")


OK = plain("OK", 200)


def without_secrets(form: dict[str, str]) -> dict[str, str]:
    """Return the message for the inbox: the signature proves nothing later, and a card's tokens are kept
    encrypted with the card and nowhere else."""
    return {name: value for name, value in form.items() if name not in SECRETS}
