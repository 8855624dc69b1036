"""The gateway in memory: for tests that are about something else than the wire.

It builds the same signed form as the real client, so a request PayTR could not take fails here too.
"""

import json
from dataclasses import dataclass

from app.domain.payments.gateway import GatewayRefused, GatewayUnreachable
from app.domain.payments.paytr.amounts import lira_text
from app.domain.payments.paytr.credentials import SANDBOX_MERCHANT
from app.domain.payments.paytr.messages import (
    FRAME_PATH,
    SCRIPT_PATH,
    frame_form,
    read_inquiry,
)
from app.domain.payments.paytr.messages.buyer import wire_currency
from app.domain.payments.values import FrameRequest, FrameToken, Inquiry


@dataclass(slots=True)
class FakeAttempt:
    """One attempt the fake knows; `total` (kuruş) is set once it is paid."""

    request: FrameRequest
    total: int | None = None


class InMemoryGateway:
    """A `PaymentGateway` without a network. Set `unreachable` to cut the line, call `pay` to pay."""

    def __init__(self, base_url: str = "https://gateway.invalid") -> None:
        self.base_url = base_url
        self.attempts: dict[str, FakeAttempt] = {}
        self.unreachable = False

    async def request_frame(self, request: FrameRequest) -> FrameToken:
        """Open an attempt; an oid that was used before is refused."""
        form = frame_form(SANDBOX_MERCHANT, request)
        self._require_line()
        if request.merchant_oid in self.attempts:
            raise GatewayRefused("merchant_oid was used before")
        self.attempts[request.merchant_oid] = FakeAttempt(request)
        token = f"{len(self.attempts):08d}{form['merchant_oid']}"
        return FrameToken(
            token=token,
            frame_url=f"{self.base_url}{FRAME_PATH}/{token}",
            script_url=f"{self.base_url}{SCRIPT_PATH}",
        )

    async def inquire(self, merchant_oid: str) -> Inquiry:
        """Answer from memory; an attempt that is not paid is not found, as at PayTR."""
        self._require_line()
        attempt = self.attempts.get(merchant_oid)
        if attempt is None or attempt.total is None:
            return read_inquiry('{"status":"error","err_no":"004","err_msg":"not found"}')
        answer = {
            "status": "success",
            "payment_amount": lira_text(attempt.request.amount),
            "payment_total": lira_text(attempt.total),
            "currency": wire_currency(attempt.request.currency),
            "test_mode": "1" if attempt.request.test_mode else "0",
        }
        return read_inquiry(json.dumps(answer))

    def pay(self, merchant_oid: str, *, total: int | None = None) -> None:
        """Let the buyer pay `total` kuruş, or exactly what was asked."""
        attempt = self.attempts[merchant_oid]
        attempt.total = attempt.request.amount if total is None else total

    def _require_line(self) -> None:
        if self.unreachable:
            raise GatewayUnreachable("the line is cut")
