"""The two worlds of the contract suite: a gateway, and a buyer, a bank and a callback URL beside it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import httpx
import pytest

from app.domain.payments.gateway import PaymentGateway
from app.domain.payments.paytr.client import PaytrGateway
from app.domain.payments.paytr.credentials import SANDBOX_MERCHANT
from app.domain.payments.paytr.fake import InMemoryGateway
from app.domain.payments.values import BasketLine, PaymentRequest
from app.lib.ids import random_reference
from tests.sandbox.conftest import Sandbox, free_port, wait_for

CARDS = {
    "plain": "4355084355084358",
    "cvv": "4355080300009300",
    "closed": "4355080500009100",
    "busy": "4355080100009401",
    "waits": "4355080100009500",
}
"""The sandbox's cards by what they do when they are charged without the buyer."""

CHARGE_ANSWERS: dict[str, dict[str, Any]] = {
    "closed": {"wire_status": "failed", "may_retry": False},
    "busy": {"wire_status": "failed", "may_retry": True},
    "waits": {"wire_status": "wait_callback"},
}
SMS_CODE = "123456"
WORLDS = ("fake", "paytr")


class World(Protocol):
    """What a test needs beside the gateway that it holds to the contract."""

    @property
    def gateway(self) -> PaymentGateway:
        """The gateway under test."""

    @property
    def cut(self) -> PaymentGateway:
        """The same gateway with the line cut."""

    def pay(self, merchant_oid: str, *, total: int | None = None) -> None:
        """Let the buyer pay in the frame, and the callback be answered."""

    def pay_by_card(self, payment: PaymentRequest, *, user_token: str | None = None) -> None:
        """Let the buyer post the card form and confirm 3-D Secure."""

    def keep_card(self, kind: str = "plain", *, user_token: str | None = None) -> tuple[str, str]:
        """Let the buyer pay and keep a card; return its user token and card token."""


@dataclass
class FakeWorld:
    """Everything in memory."""

    gateway: InMemoryGateway = field(default_factory=InMemoryGateway)
    cut: InMemoryGateway = field(default_factory=InMemoryGateway)

    def __post_init__(self) -> None:
        self.cut.unreachable = True

    def pay(self, merchant_oid: str, *, total: int | None = None) -> None:
        self.gateway.pay(merchant_oid, total=total)

    def pay_by_card(self, payment: PaymentRequest, *, user_token: str | None = None) -> None:
        self.gateway.card_form(payment, store_card=user_token is not None, user_token=user_token)
        self.gateway.pay(payment.merchant_oid)

    def keep_card(self, kind: str = "plain", *, user_token: str | None = None) -> tuple[str, str]:
        tokens = self.gateway.keep_card(user_token, last_four=CARDS[kind][-4:], requires_cvv=kind == "cvv")
        if kind in CHARGE_ANSWERS:
            self.gateway.answer_charges(*tokens, **CHARGE_ANSWERS[kind])
        return tokens


@dataclass
class SandboxWorld:
    """PayTR's client over HTTP, a sandbox process, and a server that takes its callbacks."""

    gateway: PaymentGateway
    cut: PaymentGateway
    sandbox: Sandbox

    def pay(self, merchant_oid: str, *, total: int | None = None) -> None:
        self.sandbox.control(merchant_oid, "pay", total_amount=total).raise_for_status()
        self.sandbox.delivered(merchant_oid)

    def pay_by_card(self, payment: PaymentRequest, *, user_token: str | None = None) -> None:
        self._browse(payment, CARDS["plain"], store_card=user_token is not None, user_token=user_token)

    def keep_card(self, kind: str = "plain", *, user_token: str | None = None) -> tuple[str, str]:
        payment = card_payment()
        self._browse(payment, CARDS[kind], store_card=True, user_token=user_token)
        received = self.sandbox.receiver.received[payment.merchant_oid][0]
        return received["utoken"], received["ctoken"]

    def _browse(
        self, payment: PaymentRequest, number: str, *, store_card: bool, user_token: str | None
    ) -> None:
        form = self.gateway.card_form(payment, store_card=store_card, user_token=user_token)
        typed = {
            "cc_owner": "Ayşe Yılmaz",
            "card_number": number,
            "expiry_month": "12",
            "expiry_year": "30",
            "cvv": "000",
        }
        to_bank = self.sandbox.http.post(form.action, data={**form.fields, **typed})
        assert to_bank.status_code == 303, to_bank.text
        to_shop = self.sandbox.http.post(to_bank.headers["location"], data={"sms_code": SMS_CODE})
        assert to_shop.headers["location"] == payment.ok_url
        wait_for(lambda: self.sandbox.receiver.received.get(payment.merchant_oid))
        self.sandbox.delivered(payment.merchant_oid)


@asynccontextmanager
async def world_of(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    """Open the world a fixture is parametrized with, one of `WORLDS`."""
    if request.param == "fake":
        yield FakeWorld()
        return
    sandbox: Sandbox = request.getfixturevalue("sandbox")
    async with httpx.AsyncClient() as http:
        nowhere = f"http://127.0.0.1:{free_port()}"
        yield SandboxWorld(
            PaytrGateway(SANDBOX_MERCHANT, sandbox.url, http),
            PaytrGateway(SANDBOX_MERCHANT, nowhere, http),
            sandbox,
        )


def card_payment(**changes: Any) -> PaymentRequest:
    """A right payment by card with an oid of its own."""
    amount = changes.pop("amount", 87005)
    facts: dict[str, Any] = {
        "merchant_oid": random_reference("TZG"),
        "email": "owner@example.com",
        "amount": amount,
        "currency": "TRY",
        "basket": (BasketLine("Tezgâh Başlangıç, aylık", amount, 1),),
        "user_ip": "203.0.113.10",
        "user_name": "Ayşe Yılmaz",
        "user_address": "Kadıköy, İstanbul",
        "user_phone": "02160000000",
        "ok_url": "http://127.0.0.1:9/billing/return/ok",
        "fail_url": "http://127.0.0.1:9/billing/return/fail",
        "language": "en",
        "test_mode": False,
    }
    return PaymentRequest(**{**facts, **changes})
