"""The typefaces of the samples and the measure of their letters.

Widths come from the fonts' own tables instead of a renderer, so that a page breaks into the same lines
at every resolution and as a vector PDF.
"""

from __future__ import annotations

import enum
from functools import cache
from importlib.resources import files
from pathlib import Path

from reportlab.pdfbase.ttfonts import TTFontFile

# reportlab scales every font to this many units per em.
UNITS_PER_EM = 1000


class MissingGlyph(Exception):
    """A text asks for a character that its typeface cannot draw."""


class Face(enum.Enum):
    """A font file: the package that brings it and its name there. All are under open licences."""

    SERIF = ("font_caladea", "Caladea-Regular.ttf")
    SERIF_BOLD = ("font_caladea", "Caladea-Bold.ttf")
    SERIF_ITALIC = ("font_caladea", "Caladea-Italic.ttf")
    BOOK = ("font_source_serif_pro", "SourceSerifPro-Regular.ttf")
    BOOK_BOLD = ("font_source_serif_pro", "SourceSerifPro-Bold.ttf")
    BOOK_BLACK = ("font_source_serif_pro", "SourceSerifPro-Black.ttf")
    BOOK_ITALIC = ("font_source_serif_pro", "SourceSerifPro-It.ttf")
    SANS = ("font_roboto", "Roboto-Regular.ttf")
    SANS_LIGHT = ("font_roboto", "Roboto-Light.ttf")
    SANS_MEDIUM = ("font_roboto", "Roboto-Medium.ttf")
    SANS_BOLD = ("font_roboto", "Roboto-Bold.ttf")
    SANS_ITALIC = ("font_roboto", "Roboto-Italic.ttf")

    @property
    def path(self) -> Path:
        """Where the font file lies in this environment."""
        package, name = self.value
        return Path(str(files(package) / "files" / name))


@cache
def _table(face: Face) -> TTFontFile:
    return TTFontFile(str(face.path))


def text_width(text: str, face: Face, size: float) -> float:
    """Width of `text` in points when set at `size` points; raises MissingGlyph."""
    table = _table(face)
    missing = sorted({letter for letter in text if ord(letter) not in table.charToGlyph})
    if missing:
        raise MissingGlyph(f"{face.name} cannot draw {' '.join(missing)!r}, asked for in {text!r}")
    units: float = sum(table.charWidths.get(ord(letter), table.defaultWidth) for letter in text)
    return units * size / UNITS_PER_EM
