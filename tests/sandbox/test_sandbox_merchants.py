"""Permissions PayTR grants on request, and merchants that do not see each other."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.domain.payments.paytr.credentials import PaytrCredentials
from app.domain.payments.paytr.messages.cards import card_list_form
from app.domain.payments.paytr.messages.direct import stored_card_form
from app.domain.payments.paytr.messages.lookups import rates_form
from app.domain.payments.paytr.messages.refund import refund_form
from app.domain.payments.paytr.messages.reports import payouts_form
from app.domain.payments.paytr.messages.status import status_form
from app.lib.clock import now
from app.sandbox.bins import BAD_TOKEN
from app.sandbox.business_days import business_days_after
from app.sandbox.card_rules import NOT_PERMITTED, RequestRefused, check_request
from app.sandbox.config import Permission, SandboxConfig
from app.sandbox.payouts import local_day
from app.sandbox.rates import NO_PERMISSION, rates_answer
from app.sandbox.refunds import refund_answer
from app.sandbox.reports import Reporter
from app.sandbox.simulator import Simulator
from app.sandbox.stored_cards import list_answer, new_card
from tests.sandbox.books import AT, paid_order
from tests.sandbox.conftest import START_SECONDS, Receiver, Sandbox, free_port, is_up, start_sandbox, wait_for
from tests.sandbox.shop import TYPED, card_payment, direct_form, number_ending, pay, sold, status_of

ONE = PaytrCredentials("100000", "sandbox-merchant-key", "sandbox-merchant-salt")
OTHER = PaytrCredentials("200000", "other-key", "other-salt")


def without(permission: Permission) -> SandboxConfig:
    return SandboxConfig(denied=frozenset({("100000", permission)}))


def silent_form() -> dict[str, str]:
    return stored_card_form(ONE, card_payment(), user_token="U1", card_token="C1")


@pytest.mark.parametrize(
    ("permission", "form"),
    [
        (Permission.NON_3D, lambda: direct_form(non_3d="1")),
        (Permission.NON_3D, silent_form),
        (Permission.STORED_CARDS, lambda: direct_form(store=True)),
        (Permission.RECURRING, silent_form),
    ],
)
def test_what_was_not_granted_is_refused_in_so_many_words(
    permission: Permission, form: Callable[[], dict[str, str]]
) -> None:
    with pytest.raises(RequestRefused, match=NOT_PERMITTED[permission]):
        check_request(without(permission), form())


def test_without_the_direct_permission_paytr_blames_the_token() -> None:
    with pytest.raises(RequestRefused, match=BAD_TOKEN):
        check_request(without(Permission.DIRECT), direct_form())


def test_a_permission_is_asked_only_where_it_is_needed() -> None:
    for permission in (Permission.NON_3D, Permission.STORED_CARDS, Permission.RECURRING, Permission.RATES):
        assert check_request(without(permission), direct_form()) == ONE


def test_rates_and_card_lists_need_their_permission() -> None:
    denied = without(Permission.STORED_CARDS)
    cards = list_answer(denied, Simulator(denied).book, card_list_form(ONE, "U1"))
    assert cards["err_msg"] == NOT_PERMITTED[Permission.STORED_CARDS]
    assert rates_answer(without(Permission.RATES), rates_form(ONE, "R1"))["err_msg"] == NO_PERMISSION


async def test_a_merchant_sees_nothing_of_another() -> None:
    config = SandboxConfig(merchants=(ONE, OTHER))
    simulator = Simulator(config)
    book = simulator.book
    order = paid_order("MINE", 100000, AT)
    book.add(order)
    typed = {**TYPED, "card_number": number_ending("4358")}
    card = new_card(ONE.merchant_id, typed, AT)
    book.keep_card(card)

    def seen_by(merchant: PaytrCredentials) -> list[Any]:
        today = local_day(AT)
        refund = refund_form(merchant, merchant_oid="MINE", amount=1, reference="R1")
        statement = payouts_form(merchant, today, today + timedelta(days=5))
        return [
            simulator.status(status_form(merchant, "MINE"))["status"],
            refund_answer(config, book, refund, AT)["status"],
            Reporter(config, book, simulator.faults).payouts(statement, AT)["status"],
            len(list_answer(config, book, card_list_form(merchant, card.user_token))),
        ]

    assert seen_by(OTHER) == ["error", "error", "failed", 0]
    assert seen_by(ONE) == ["success", "success", "success", 1]
    await simulator.close()


def test_the_command_takes_permissions_and_terms(receiver: Receiver, tmp_path: Path) -> None:
    port = free_port()
    process = start_sandbox(
        tmp_path, port, "--callback-url", receiver.url, "--deny", "100000:non-3d",
        "--commission-basis-points", "1000", "--payout-business-days", "3",
    )  # fmt: skip
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as http:
            wait_for(lambda: is_up(http, process), START_SECONDS)
            sandbox = Sandbox(str(http.base_url), http, receiver)
            assert NOT_PERMITTED[Permission.NON_3D] in pay(sandbox, direct_form(non_3d="1")).text
            assert status_of(sandbox, sold(sandbox))["kesinti_tutari"] == "87"
            (payout,) = http.get("/control/book").json()["payouts"]
            assert payout["day"] == business_days_after(local_day(now()), 3).isoformat()
    finally:
        process.terminate()
        process.wait(timeout=10)
