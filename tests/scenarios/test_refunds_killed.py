"""A worker killed between any two steps of a refund, and lines that break at random: the books agree."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import OperatorCase, Refund, RefundStatus
from app.domain.billing.verification.rules import LADDER
from app.lib.errors import DomainError
from app.tasks.context import Resources
from tests.scenarios.till import PRICE, Mood, Till, open_till

LINES: dict[str, tuple[list[str], int]] = {
    "answered": ([], 6),
    "answer lost": ([Mood.LOST_AFTER], 12),
    "never arrived": ([Mood.LOST_BEFORE], 24),
    "refused for a while": (["010"], 12),
    "refused for good": (["008"], 6),
}
"""What the requests meet, and how many boundaries an undisturbed refund passes."""
AMOUNT = 10_000


class Killed(BaseException):
    """The worker is gone: nothing of it runs on."""


class Boundaries:
    """Counts commits and requests, before and after each, and ends the worker at one of them."""

    def __init__(self, fatal: int) -> None:
        self.count, self._fatal = 0, fatal

    def around(self, step: Any) -> Any:
        """Return the step with a boundary before and one after it."""

        async def bounded(*arguments: Any, **more: Any) -> Any:
            self._reach()
            try:
                return await step(*arguments, **more)
            finally:
                self._reach()

        return bounded

    def _reach(self) -> None:
        self.count += 1
        if self.count == self._fatal:
            raise Killed


async def climb(till: Till, refund: Refund, boundaries: Boundaries) -> int:
    """Let workers take the refund step by step until nothing is due; return how many of them were killed."""
    killed = 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AsyncSession, "commit", boundaries.around(AsyncSession.commit))
        patch.setattr(till.gateway, "refund", boundaries.around(till.gateway.refund))
        patch.setattr(till.gateway, "inquire", boundaries.around(till.gateway.inquire))
        for _ in range(3 * len(LADDER)):
            due = (await till.reread(refund)).next_attempt_at
            if due is None:
                return killed
            try:
                await till.send(refund, due - till.start)
            except Killed:
                killed += 1
    raise AssertionError("the ladder has no end")


@pytest.mark.parametrize("line", LINES)
async def test_a_worker_killed_at_any_boundary_neither_loses_nor_doubles_a_refund(
    resources: Resources, line: str
) -> None:
    moods, number = LINES[line]
    till, book = await open_till(resources), {}
    for fatal in range(number + 1):
        till.gateway.line.refunds = list(moods)
        refund = await till.ask(AMOUNT)
        boundaries = Boundaries(fatal)
        assert await climb(till, refund, boundaries) == (1 if fatal else 0)
        assert fatal or boundaries.count == number, "every boundary is tried"
        refund = await till.reread(refund)
        assert refund.is_decided, f"killed at boundary {fatal}"
        if refund.status is RefundStatus.SUCCEEDED:
            book[refund.reference] = [AMOUNT]
        assert till.gateway.given_back(till.oid) == book, f"killed at boundary {fatal}"
        payment = await till.payment()
        assert (payment.refund_reserved, payment.refunded) == (AMOUNT * len(book), AMOUNT * len(book))
    assert {mail.context["refund_reference"] for mail in await till.mails()} == book.keys()
    # a refusal that nobody recorded is forgotten: PayTR is asked, and the refund sent again
    assert len(book) == number + 1 or line == "refused for good"


MOODS = st.lists(st.sampled_from([*Mood, "000", "007", "008", "009", "010"]), max_size=6)
QUESTIONS = st.lists(st.sampled_from([Mood.WELL, Mood.LOST_BEFORE]), max_size=6)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    wanted=st.lists(st.tuples(st.integers(1, PRICE), MOODS, QUESTIONS), min_size=1, max_size=5),
    surcharge=st.sampled_from([0, 1, 29_700]),
)
async def test_whatever_is_asked_and_however_the_line_breaks_the_books_agree(
    resources: Resources, wanted: list[tuple[int, list[str], list[str]]], surcharge: int
) -> None:
    till = await open_till(resources, total=PRICE + surcharge)
    refunds: list[Refund] = []
    for amount, moods, questions in wanted:
        left = PRICE + surcharge - (await till.payment()).refund_reserved
        if amount > left:
            with pytest.raises(DomainError):
                await till.ask(amount)
            continue
        till.gateway.line.refunds, till.gateway.line.inquiries = list(moods), list(questions)
        refunds.append(await till.climb(await till.ask(amount)))
    book, payment = till.gateway.given_back(till.oid), await till.payment()
    assert all(len(entries) == 1 for entries in book.values()), "nothing went back twice"
    done = {
        refund.reference: [refund.returned] for refund in refunds if refund.status is RefundStatus.SUCCEEDED
    }
    lost = {refund.reference for refund in refunds if refund.status is RefundStatus.UNKNOWN}
    assert {reference: entries for reference, entries in book.items() if reference not in lost} == done
    assert payment.refunded == sum(amount for (amount,) in done.values() if amount)
    held = sum(refund.amount for refund in refunds if refund.reference in lost)
    assert payment.refund_reserved == min(payment.refunded + held, PRICE + surcharge)
    cases: list[OperatorCase] = await till.shop.all(OperatorCase)
    assert lost <= {case.subject for case in cases}, "nothing stays unknown without a person"
