"""A read that is repeated is told in the log; what it was about to send is not."""

import httpx
import pytest

from app.domain.payments.gateway import GatewayUnreachable
from app.domain.payments.paytr.client import PaytrGateway
from app.domain.payments.paytr.credentials import SANDBOX_MERCHANT
from app.lib import retries


class Lines:
    """A log that keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, dict[str, object]]] = []

    def warning(self, event: str, **facts: object) -> None:
        self.told.append((event, facts))


async def test_no_token_of_a_card_reaches_the_log_when_a_read_is_repeated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = Lines()
    monkeypatch.setattr(retries, "log", lines)
    async with httpx.AsyncClient() as http:
        gateway = PaytrGateway(SANDBOX_MERCHANT, "http://127.0.0.1:9", http)
        with pytest.raises(GatewayUnreachable):
            await gateway.list_cards("utoken-that-charges")
    assert [event for event, _ in lines.told] == ["call.repeated"] * 2
    assert "utoken-that-charges" not in repr(lines.told)
