"""How a measurement is printed: the number, its yardstick, their ratio, and what is asked of it."""

from dataclasses import dataclass


@dataclass
class Row:
    """One line of the report; `wanted` bounds the ratio, from above when smaller is better."""

    name: str
    value: float
    unit: str
    yardstick: float | None = None
    against: str = ""
    wanted: float | None = None
    smaller_is_better: bool = False

    @property
    def ratio(self) -> float | None:
        return self.value / self.yardstick if self.yardstick else None

    @property
    def holds(self) -> bool:
        """Say whether the ratio is what was asked."""
        if self.ratio is None or self.wanted is None:
            return True
        return self.ratio <= self.wanted if self.smaller_is_better else self.ratio >= self.wanted

    def __str__(self) -> str:
        line = f"{self.name:<34} {self.value:>10.1f} {self.unit:<8}"
        if self.yardstick is None or self.ratio is None:
            return line.rstrip()
        sign = "≤" if self.smaller_is_better else "≥"
        asked = f"  asked {sign} {self.wanted:.2f} {'✓' if self.holds else '✗'}" if self.wanted else ""
        return f"{line} ÷ {self.yardstick:>8.1f} {self.against:<28} = {self.ratio:.2f}{asked}"
