"""Pages: what media yield, what engines read, and what comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from textmill.confidence import LineConfidence, low_line_share, low_quantile, mean_confidence
from textmill.records import LineRecord


@dataclass(frozen=True)
class PageImage:
    """One page as pixels, ready to be read.

    Attributes:
        page_no: from 1.
        pixels: uint8 array of shape (height, width, 3), channels in the order blue, green, red.
        dpi: resolution in dots per inch, None where the medium does not say.
        rotation: degrees clockwise by which the stored picture was turned to stand upright.
        remarks: what was done to the picture on the way here that a reader should know, in words.
    """

    page_no: int
    pixels: Any
    dpi: int | None
    rotation: int = 0
    remarks: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        """Pixels across."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Pixels down."""
        return int(self.pixels.shape[0])


@dataclass(frozen=True)
class PageText:
    """The text of a page, in reading order."""

    text: str
    lines: tuple[LineRecord, ...]

    @property
    def confidence(self) -> float | None:
        """Mean confidence of the lines, each weighted by its length; None on a page without text."""
        return mean_confidence(self._line_confidences)

    @property
    def confidence_low(self) -> float | None:
        """What a tenth of the lines do not exceed: shows the ruined corner that a mean hides."""
        return low_quantile(self._line_confidences)

    @property
    def low_line_share(self) -> float | None:
        """The share of lines that a reader should look at; None on a page without text."""
        return low_line_share(self._line_confidences)

    def with_lines(self, lines: Sequence[LineRecord]) -> PageText:
        """Return the page with other readings of its lines; what stands between them in the text stays.

        Args:
            lines: one for each line of this page, in the same order.
        """
        pieces, position = [], 0
        for old, new in zip(self.lines, lines, strict=True):
            start = self.text.find(old.text, position)
            if start < 0:  # the text of an engine that puts it together from something else
                return PageText(text="\n".join(line.text for line in lines), lines=tuple(lines))
            pieces += [self.text[position:start], new.text]
            position = start + len(old.text)
        return PageText(text="".join(pieces) + self.text[position:], lines=tuple(lines))

    @property
    def _line_confidences(self) -> list[LineConfidence]:
        return [LineConfidence(line.confidence, len(line.text)) for line in self.lines]


@dataclass(frozen=True)
class WrittenPage:
    """One page whose text the medium itself carries: nothing has to be recognised.

    Attributes:
        page_no: from 1.
        width, height: the unit in which lines are outlined, in pixels at `dpi`; a text file has one character
            cell a pixel.
        ink: share of the page that is not paper, as far as the medium tells; 0 for an empty page.
        reader: what got the text out, with its version: the `engine` and `model` of the page.
        fingerprint: changes whenever the same page could give another text.
    """

    page_no: int
    content: PageText
    source: Literal["text_layer", "text_file"]
    width: int
    height: int
    dpi: int | None
    ink: float
    reader: str
    model: str
    fingerprint: str
    rotation: int = 0
    remarks: tuple[str, ...] = ()


Page = PageImage | WrittenPage
