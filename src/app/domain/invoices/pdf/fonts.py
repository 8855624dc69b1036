"""The typeface of documents, and text measured and broken to a width.

IBM Plex Sans (SIL Open Font License, beside the files): it has `ğ Ğ ş Ş ı İ ₺`, which the fonts built
into PDF readers lack, and figures of one width, so that columns of money line up.
"""

from functools import cache
from pathlib import Path

from reportlab import rl_config
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

FONTS = Path(__file__).parents[3] / "static" / "fonts"
REGULAR = "IBMPlexSans-Regular"
SEMIBOLD = "IBMPlexSans-SemiBold"
ELLIPSIS = "…"


class LetterWidths(dict[str, float]):
    """Widths by letter in thousandths of the font size; an unknown letter is drawn as the font's box."""

    def __init__(self, font: TTFont) -> None:
        super().__init__({chr(code): float(width) for code, width in font.face.charWidths.items()})
        self._unknown = float(font.face.defaultWidth)

    def __missing__(self, letter: str) -> float:
        return self._unknown


_widths: dict[str, LetterWidths] = {}


@cache
def register_fonts() -> None:
    """Make both weights known to reportlab, once per process."""
    rl_config.useA85 = 0  # the text armour of PDF streams: a quarter more bytes, a tenth more time
    for name in (REGULAR, SEMIBOLD):
        font = TTFont(name, str(FONTS / f"{name}.ttf"), asciiReadable=False)
        pdfmetrics.registerFont(font)
        _widths[name] = LetterWidths(font)


def text_width(text: str, font: str, size: float) -> float:
    """Return the width of a line of text in points.

    reportlab's own measure asks letter by letter in Python and was a fifth of the time of an invoice.
    """
    return sum(map(_widths[font].__getitem__, text)) * size / 1000


def wrap(text: str, font: str, size: float, width: float, *, limit: int | None = None) -> list[str]:
    """Break text into lines no wider than `width` points; beyond `limit` lines it ends in an ellipsis."""
    lines: list[str] = []
    for paragraph in text.splitlines():
        lines += wrap_paragraph(paragraph, font, size, width)
    if limit is None or len(lines) <= limit:
        return lines
    return [*lines[: limit - 1], lines[limit - 1].rstrip() + ELLIPSIS]


def wrap_paragraph(paragraph: str, font: str, size: float, width: float) -> list[str]:
    """Fill lines word by word."""
    lines: list[str] = []
    current, used = "", 0.0
    space = text_width(" ", font, size)
    for word in paragraph.split():
        needed = text_width(word, font, size)
        if current and used + space + needed <= width:
            current, used = f"{current} {word}", used + space + needed
            continue
        pieces = break_word(word, font, size, width) if needed > width else [word]
        lines += [line for line in (current, *pieces[:-1]) if line]
        current, used = pieces[-1], text_width(pieces[-1], font, size)
    return [*lines, current] if current else lines


def break_word(word: str, font: str, size: float, width: float) -> list[str]:
    """Cut a word that is wider than a line (an address of a web page, say) where the line ends."""
    pieces = [""]
    for letter in word:
        if pieces[-1] and text_width(pieces[-1] + letter, font, size) > width:
            pieces.append("")
        pieces[-1] += letter
    return pieces
