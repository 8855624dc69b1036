"""What a change of plan costs: one function, asked by the preview and by the order with the same instant.

Pure: everything it needs is in `Held`. Amounts are gross, in minor units, unless their name says otherwise.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.db.models import PlanPrice
from app.domain.billing.explaining import (
    CreditStep,
    DifferenceStep,
    PriceStep,
    PriceVersion,
    Step,
    UnusedStep,
)
from app.domain.subscriptions.changes import ChangeTiming, Terms, timing_of
from app.domain.subscriptions.periods import Period, first_period, following_period
from app.domain.subscriptions.proration import (
    SECOND,
    Difference,
    Slice,
    difference,
    instant_of_change,
    period_at,
    unused,
)
from app.lib.errors import DomainError
from app.lib.i18n import N_
from app.lib.money import VatSplit, split_any_gross


class NothingChanges(DomainError):
    """The plan and interval that are wanted are the ones held."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What a company has paid for and may use."""

    price: PlanPrice
    anchor: datetime
    covered: Period
    """From the start of what is paid to its end, over all periods paid ahead."""
    slices: Sequence[Slice]
    """Of the periods in `covered`, in order."""
    is_uniform: bool
    """Every period that is paid has the interval that is held."""
    credit: int
    creditable: int
    """What of the paid invoices can still be taken back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A change, its instant and its exact cost."""

    timing: ChangeTiming
    at: datetime
    """From when it counts; at the period's end, that end."""
    held: PlanPrice
    price: PlanPrice
    period: Period
    """What is bought; at the period's end, the period that begins then."""
    gross: int
    unused: int
    """What is left of the old period and becomes credit."""
    credit: int
    """What credit pays of the gross."""
    credit_after: int
    """What credit there is when this is paid."""
    steps: Sequence[Step]

    @property
    def due(self) -> int:
        """What the card pays now."""
        return self.gross - self.credit

    @property
    def vat(self) -> VatSplit:
        """The gross taken apart."""
        return split_any_gross(self.gross, self.price.vat_basis_points)

    @property
    def is_now(self) -> bool:
        """Say whether it counts from now on and not from the period's end."""
        return self.timing is not ChangeTiming.AT_PERIOD_END


def timing(held: PlanPrice, price: PlanPrice) -> ChangeTiming:
    """Return when a change to another price counts. Raises `NothingChanges`."""
    found = timing_of(Terms(held.plan.rank, held.interval), Terms(price.plan.rank, price.interval))
    if found is None:
        raise NothingChanges(N_("This is the plan you have. Choose another one, or the other interval."))
    return found


def quote(held: Held, price: PlanPrice, at: datetime) -> Quote:
    """Return what a change asked for at `at` costs, while a paid period runs.

    Raises `NothingChanges`, `LookupError` when nothing paid runs at `at`, and `DomainError` for the rare
    company that has paid for a month and a year in a row.
    """
    when = timing(held.price, price)
    if when is ChangeTiming.AT_PERIOD_END:
        return _at_period_end(held, price)
    instant = instant_of_change(held.slices, at)
    if when is ChangeTiming.NEW_PERIOD:
        return _new_period(held, price, instant)
    if not held.is_uniform:
        raise DomainError(
            N_("A month and a year are paid in a row. Choose this plan when the first of them is over.")
        )
    return _within_period(held, price, instant)


def _within_period(held: Held, price: PlanPrice, at: datetime) -> Quote:
    """Charge the difference of two rounded values; a larger plan that costs less gives it back as credit."""
    values = difference(held.slices, price.gross, at)
    back = min(max(-values.amount, 0), held.creditable)
    steps: list[Step] = [_left_over(held, at, back)] if back else _differences(held, price, at, values)
    return _quote(
        held,
        price,
        ChangeTiming.WITHIN_PERIOD,
        Period(at, held.covered.end),
        gross=max(values.amount, 0),
        back=back,
        steps=steps,
    )


def _new_period(held: Held, price: PlanPrice, at: datetime) -> Quote:
    back = min(unused(held.slices, at), held.creditable)
    steps: list[Step] = [PriceStep(price=PriceVersion.of(price)), _left_over(held, at, back)]
    return _quote(
        held,
        price,
        ChangeTiming.NEW_PERIOD,
        first_period(at, price.interval),
        gross=price.gross,
        back=back,
        steps=steps,
    )


def _at_period_end(held: Held, price: PlanPrice) -> Quote:
    end = held.covered.end
    _, period = following_period(held.anchor, price.interval, end)
    return Quote(
        timing=ChangeTiming.AT_PERIOD_END,
        at=end,
        held=held.price,
        price=price,
        period=period,
        gross=0,
        unused=0,
        credit=0,
        credit_after=held.credit,
        steps=(),
    )


def _quote(
    held: Held,
    price: PlanPrice,
    when: ChangeTiming,
    period: Period,
    *,
    gross: int,
    back: int,
    steps: list[Step],
) -> Quote:
    credit = min(gross, held.credit + back)
    return Quote(
        timing=when,
        at=period.start,
        held=held.price,
        price=price,
        period=period,
        gross=gross,
        unused=back,
        credit=credit,
        credit_after=held.credit + back - credit,
        steps=[*steps, CreditStep(amount=credit)] if credit else steps,
    )


def _differences(held: Held, price: PlanPrice, at: datetime, values: Difference) -> list[Step]:
    """Return one step for the running period and one for each that is paid ahead; they add up to `values`."""
    steps: list[Step] = []
    for period in dict.fromkeys(member.period for member in held.slices):
        if period.end <= at:
            continue
        since = max(period.start, at)
        part = difference([member for member in held.slices if member.period == period], price.gross, since)
        steps.append(
            DifferenceStep(
                old=PriceVersion.of(held.price),
                new=PriceVersion.of(price),
                since=since,
                until=period.end,
                seconds=(period.end - since) // SECOND,
                of_seconds=(period.end - period.start) // SECOND,
                value_before=part.before,
                value_after=part.after,
            )
        )
    return steps


def _left_over(held: Held, at: datetime, amount: int) -> Step:
    running = period_at(held.slices, at)
    return UnusedStep(
        price=PriceVersion.of(held.price),
        seconds=(held.covered.end - at) // SECOND,
        of_seconds=(running.end - running.start) // SECOND,
        amount=amount,
    )
