"""A read that is repeated is told in the log; what it was about to send is not."""

import httpx
import pytest
import structlog

from app.domain.payments.gateway import GatewayUnreachable
from app.domain.payments.paytr.client import PaytrGateway
from app.domain.payments.paytr.credentials import SANDBOX_MERCHANT


async def test_no_token_of_a_card_reaches_the_log_when_a_read_is_repeated() -> None:
    async with httpx.AsyncClient() as http:
        gateway = PaytrGateway(SANDBOX_MERCHANT, "http://127.0.0.1:9", http)
        with structlog.testing.capture_logs() as lines, pytest.raises(GatewayUnreachable):
            await gateway.list_cards("utoken-that-charges")
    assert [line["event"] for line in lines] == ["call.repeated"] * 2
    assert "utoken-that-charges" not in repr(lines)
