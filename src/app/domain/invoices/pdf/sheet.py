"""A sheet of A4 to draw on: text and lines placed from the top left, in points."""

from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

from reportlab.lib.colors import Color, HexColor
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from app.domain.invoices.pdf.fonts import REGULAR, SEMIBOLD, text_width

WIDTH, HEIGHT = A4
MARGIN = 48.0
LEFT, RIGHT = MARGIN, WIDTH - MARGIN
CONTENT_WIDTH = RIGHT - LEFT

# The palette of the pages, on paper.
INK = "#1d273b"
MUTED = "#5c6878"
HAIRLINE = "#dce1e7"
SHADE = "#f4f6fa"
ACCENT = "#066fd1"
PAID = "#1a7f37"
WHITE = "#ffffff"

Align = Literal["left", "right"]


@dataclass(frozen=True, slots=True)
class Style:
    """A way to write: font, size and line height in points, colour."""

    font: str
    size: float
    leading: float
    color: str = INK

    def with_color(self, color: str) -> "Style":
        return replace(self, color=color)


TITLE = Style(SEMIBOLD, 20, 24)
BRAND = Style(SEMIBOLD, 15, 18)
HEADING = Style(SEMIBOLD, 10, 14)
BODY = Style(REGULAR, 9, 13)
STRONG = Style(SEMIBOLD, 9, 13)
SMALL = Style(REGULAR, 7.5, 10.5, MUTED)
TOTAL = Style(SEMIBOLD, 13, 18)


class Sheet:
    """Draws on a reportlab canvas whose origin is the bottom; here `top` counts down from the page's edge."""

    def __init__(self, canvas: Canvas) -> None:
        self.canvas = canvas
        self._written: tuple[str, float] | None = None
        self._filled = ""

    def next_page(self) -> None:
        """Finish this page; the next one starts without font and colour."""
        self.canvas.showPage()
        self._written, self._filled = None, ""

    def text(self, x: float, top: float, text: str, style: Style, align: Align = "left") -> None:
        """Write one line with its baseline at `top`; `x` is its left or its right end."""
        if self._written != (style.font, style.size):
            self.canvas.setFont(style.font, style.size)
            self._written = (style.font, style.size)
        self._fill_with(style.color)
        start = x - text_width(text, style.font, style.size) if align == "right" else x
        self.canvas.drawString(start, HEIGHT - top, text)

    def lines(self, x: float, top: float, lines: list[str], style: Style, align: Align = "left") -> float:
        """Write lines under each other; return where the next baseline would be."""
        for line in lines:
            self.text(x, top, line, style, align)
            top += style.leading
        return top

    def rule(self, top: float, *, left: float = LEFT, right: float = RIGHT, color: str = HAIRLINE) -> None:
        """Draw a hairline across."""
        self.canvas.setStrokeColor(color_of(color))
        self.canvas.setLineWidth(0.7)
        self.canvas.line(left, HEIGHT - top, right, HEIGHT - top)

    def box(
        self,
        left: float,
        top: float,
        width: float,
        height: float,
        *,
        fill: str = "",
        stroke: str = "",
        radius: float = 4,
    ) -> None:
        """Draw a rectangle with rounded corners, filled, outlined or both."""
        if fill:
            self._fill_with(fill)
        if stroke:
            self.canvas.setStrokeColor(color_of(stroke))
            self.canvas.setLineWidth(1)
        bottom = HEIGHT - top - height
        if radius:
            self.canvas.roundRect(left, bottom, width, height, radius, fill=bool(fill), stroke=bool(stroke))
        else:
            self.canvas.rect(left, bottom, width, height, fill=bool(fill), stroke=bool(stroke))

    def mark(self, left: float, top: float, size: float) -> None:
        """Draw the brand mark: a workbench that is also a loom, threads hanging from its beam."""
        self.box(left, top, size, size, fill=ACCENT, radius=size * 0.22)
        unit = size / 24
        for x, y, width, height in ((5, 6.5, 14, 2.6), (6.6, 10.4, 1.6, 7.6), (15.8, 10.4, 1.6, 7.6)):
            self.box(left + x * unit, top + y * unit, width * unit, height * unit, fill=WHITE, radius=0)
        for x in (9.6, 11.5, 13.4):
            self.box(left + x * unit, top + 10.4 * unit, unit, 4.4 * unit, fill=WHITE, radius=0)

    def _fill_with(self, color: str) -> None:
        if self._filled != color:
            self.canvas.setFillColor(color_of(color))
            self._filled = color


@cache
def color_of(value: str) -> Color:
    """Return a colour of the palette as reportlab takes it."""
    return HexColor(value)
