"""The further endpoints a merchant's server calls. Each answers JSON with HTTP 200, errors included."""

from collections.abc import Callable
from typing import Any, Final

from litestar import Request, Response, post
from litestar.di import NamedDependency

from app.domain.payments.paytr.messages import paths
from app.lib.clock import now
from app.sandbox.bins import bin_answer
from app.sandbox.endpoints import form_of
from app.sandbox.rates import rates_answer
from app.sandbox.refunds import refund_answer
from app.sandbox.reports import Reporter, ReportRefused
from app.sandbox.simulator import Simulator
from app.sandbox.stored_cards import delete_answer, list_answer

PostedForm = Request[Any, Any, Any]
JsonAnswer = Response[Any]


@post(paths.CARD_LIST_PATH, status_code=200)
async def card_list(request: PostedForm, simulator: NamedDependency[Simulator]) -> JsonAnswer:
    """List the cards kept for a user."""
    return Response(list_answer(simulator.config, simulator.book, await form_of(request)))


@post(paths.CARD_DELETE_PATH, status_code=200)
async def card_delete(request: PostedForm, simulator: NamedDependency[Simulator]) -> JsonAnswer:
    """Forget a card."""
    return Response(delete_answer(simulator.config, simulator.book, await form_of(request)))


@post(paths.BIN_PATH, status_code=200)
async def bin_detail(request: PostedForm, simulator: NamedDependency[Simulator]) -> JsonAnswer:
    """Tell what the first digits of a card mean."""
    return Response(bin_answer(simulator.config, await form_of(request)))


@post(paths.RATES_PATH, status_code=200)
async def installment_rates(request: PostedForm, simulator: NamedDependency[Simulator]) -> JsonAnswer:
    """Tell what instalments cost."""
    return Response(rates_answer(simulator.config, await form_of(request)))


@post(paths.REFUND_PATH, status_code=200)
async def refund(request: PostedForm, simulator: NamedDependency[Simulator]) -> JsonAnswer:
    """Give money back."""
    return Response(refund_answer(simulator.config, simulator.book, await form_of(request), now()))


@post(paths.TRANSACTIONS_PATH, status_code=200)
async def transactions(request: PostedForm, simulator: NamedDependency[Simulator]) -> JsonAnswer:
    """Report sales and refunds."""
    form = await form_of(request)
    return _report(lambda: _reporter(simulator).transactions(form))


@post(paths.PAYOUTS_PATH, status_code=200)
async def payouts(request: PostedForm, simulator: NamedDependency[Simulator]) -> JsonAnswer:
    """Report payouts, made and to come."""
    form = await form_of(request)
    return _report(lambda: _reporter(simulator).payouts(form, now()))


@post(paths.PAYOUT_DETAIL_PATH, status_code=200)
async def payout_detail(request: PostedForm, simulator: NamedDependency[Simulator]) -> JsonAnswer:
    """Report what one day's payout consists of."""
    form = await form_of(request)
    return _report(lambda: _reporter(simulator).payout_detail(form, now()))


def _reporter(simulator: Simulator) -> Reporter:
    return Reporter(simulator.config, simulator.book, simulator.faults)


def _report(ask: Callable[[], dict[str, Any]]) -> JsonAnswer:
    try:
        return Response(ask())
    except ReportRefused as refusal:
        return Response(refusal.answer())


MERCHANT_API: Final = (
    card_list,
    card_delete,
    bin_detail,
    installment_rates,
    refund,
    transactions,
    payouts,
    payout_detail,
)
