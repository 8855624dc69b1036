"""A month of revenue as a chart: whole numbers on a fixed canvas, which a template only writes down."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

WIDTH, HEIGHT = 900, 260
LEFT, RIGHT, TOP, BOTTOM = 84, 26, 14, 34
TICKS = 4
LABEL_EVERY = 5
"""Days between two labels, counted back from the newest."""


@dataclass(frozen=True, slots=True)
class Value:
    """A day of the chart, in minor units; nothing where nobody knows."""

    day: date
    expected: int | None
    happened: int | None


@dataclass(frozen=True, slots=True)
class Bar:
    """A day: what happened as a bar, what was expected as a mark across it."""

    value: Value
    x: int
    y: int
    width: int
    height: int
    mark: int | None
    """Where the mark lies; nothing without a forecast."""
    is_labelled: bool

    @property
    def middle(self) -> int:
        """The middle of the day's column."""
        return self.x + self.width // 2


@dataclass(frozen=True, slots=True)
class Chart:
    """The canvas with its lines and bars."""

    width: int
    height: int
    left: int
    right: int
    bottom: int
    """Where labels of days stand."""
    lines: tuple[tuple[int, int], ...]
    """Height on the canvas and amount of each line across, the lowest amount first."""
    bars: tuple[Bar, ...]


def chart_of(values: Sequence[Value]) -> Chart:
    """Lay the days out between round amounts that enclose all of them."""
    amounts = [amount for value in values for amount in (value.expected, value.happened) if amount]
    low, high, step = _scale(min([0, *amounts]), max([0, *amounts]))
    room = HEIGHT - TOP - BOTTOM

    def height_of(amount: int) -> int:
        return TOP + room - (amount - low) * room // (high - low)

    days = max(len(values), 1)
    column = (WIDTH - LEFT - RIGHT) // days
    gap = max(column // 5, 1)
    bars = []
    for number, value in enumerate(values):
        happened = value.happened or 0
        bars.append(
            Bar(
                value,
                x=LEFT + number * (WIDTH - LEFT - RIGHT) // days + gap,
                y=height_of(max(happened, 0)),
                width=column - 2 * gap,
                height=abs(height_of(happened) - height_of(0)),
                mark=None if value.expected is None else height_of(value.expected),
                is_labelled=(len(values) - 1 - number) % LABEL_EVERY == 0,
            )
        )
    lines = tuple((height_of(amount), amount) for amount in range(low, high + 1, step))
    return Chart(WIDTH, HEIGHT, LEFT, WIDTH - RIGHT, HEIGHT - BOTTOM, lines, tuple(bars))


def _scale(low: int, high: int) -> tuple[int, int, int]:
    """Return the lowest and highest line and the step between two: 1, 2 or 5 times a power of ten."""
    wanted, step = max((high - low) // TICKS, 1), 100
    while step < wanted:
        first = int(str(step)[0])
        step = step * 5 // 2 if first == 2 else step * 2
    return low // step * step, max(-(-high // step) * step, low + step), step
