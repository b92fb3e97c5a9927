"""See what of a PDF page is text of its text layer and what is not, by drawing it small, with it and without.

Where the two drawings differ, text is seen. So text that is hidden under a scan, white on white, fully
transparent, or drawn in the invisible mode of OCR programs is found alike, whatever hides it; and so is what
a page shows besides its text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pypdfium2.raw as pdfium_c

from textmill.media.pdf_geometry import Box, PageFrame, PlacedImage, area, objects_of

LOOK_DPI = 48
"""A letter of 10 points is 7 pixels high: enough to see that it is there, and cheap."""
_MAX_SIDE = 1500
"""Most pixels of a side of the drawing: larger pages are looked at from further away."""
_SEEN_DIFFERENCE = 8
"""Grey levels that a letter changes at least: pale and thin ones change as little as this."""
_DARKER_BY = 48
_EDGE = 40
"""Grey levels between neighbours that make a stroke rather than a shade."""
_RULE_PIXELS = 32
"""Straight edges of this length (two thirds of an inch) are rules, frames and fields, not letters."""
_CELL = 6
"""Strokes are counted in cells of an eighth of an inch, about a letter: a letter of any boldness is one."""
_PAPER_TOLERANCE = 20
_PAPER_SHARE = 0.4
"""An image with less of one shade than this is a photo, and its strokes are no letters."""
_WHOLE_PAGE = 0.8


@dataclass(frozen=True)
class PageInk:
    """What is seen on a page.

    Attributes:
        share: of the page that is not paper, 0 to 1.
        text_cells: cells of an eighth of an inch in which text of the layer is seen.
        other_cells: cells with strokes that may be letters and are not of the layer.
    """

    share: float
    text_cells: int
    other_cells: int
    _changed: Any
    _scale: float

    @property
    def other_share(self) -> float:
        """How much of what may be letters is not in the text layer, 0 to 1."""
        cells = self.text_cells + self.other_cells
        return self.other_cells / cells if cells else 0.0

    def shows(self, box: Box) -> bool:
        """Tell whether anything of the text in this box, given in pixels of the page, is seen."""
        height, width = self._changed.shape
        left, top, right, bottom = (one * self._scale for one in box)
        # pdfium puts letters on whole pixels: a thin one may stand just outside its box.
        x0, y0 = max(0, int(left) - 1), max(0, int(top) - 1)
        x1, y1 = min(width, int(right) + 2), min(height, int(bottom) + 2)
        return bool(self._changed[y0:y1, x0:x1].any())


def look_at(page: Any, frame: PageFrame, images: Sequence[PlacedImage]) -> PageInk:
    """Draw a pdfium page small, with and without its text.

    The page's text objects are switched off on the way, so close the page afterwards.

    Args:
        images: what `images_of` found in the same frame.
    """
    import numpy as np

    dpi = _affordable_look(frame)
    with_text = _draw(page, dpi)
    for one in objects_of(page):
        if pdfium_c.FPDFPageObj_GetType(one) == pdfium_c.FPDF_PAGEOBJ_TEXT:
            pdfium_c.FPDFPageObj_SetIsActive(one, False)
    without = _draw(page, dpi)
    changed = np.abs(with_text.astype(np.int16) - without) >= _SEEN_DIFFERENCE
    strokes = _strokes(without) & ~changed
    scale = dpi / frame.dpi
    for image in images:
        if _is_photo(without, image, scale) and area(image.box) < _WHOLE_PAGE * frame.width * frame.height:
            _cut(strokes, image.box, scale)[...] = False
    return PageInk(
        share=float((with_text < np.median(with_text) - _DARKER_BY).mean()),
        text_cells=_cells(changed),
        other_cells=_cells(strokes),
        _changed=changed,
        _scale=scale,
    )


def lacks_fonts(page: Any) -> bool:
    """Tell whether text is to be seen on the page that was set in a font which the document does not hold.

    pdfium has fonts of its own for Latin letters, and for other scripts what the machine has: often none.
    """
    for one in objects_of(page):
        if pdfium_c.FPDFPageObj_GetType(one) != pdfium_c.FPDF_PAGEOBJ_TEXT:
            continue
        if pdfium_c.FPDFTextObj_GetTextRenderMode(one) == pdfium_c.FPDF_TEXTRENDERMODE_INVISIBLE:
            continue
        font = pdfium_c.FPDFTextObj_GetFont(one)
        if font and pdfium_c.FPDFFont_GetIsEmbedded(font) == 0:
            return True
    return False


def _affordable_look(frame: PageFrame) -> float:
    longest = max(frame.width, frame.height) / frame.dpi
    return min(float(LOOK_DPI), _MAX_SIDE / longest)


def _draw(page: Any, dpi: float) -> Any:
    """Return the page as a uint8 array of greys, of shape (height, width)."""
    bitmap = page.render(scale=dpi / 72, grayscale=True)
    try:
        return bitmap.to_numpy().squeeze().reshape(bitmap.height, -1)[:, : bitmap.width].copy()
    finally:
        bitmap.close()


def _strokes(grey: Any) -> Any:
    """Return where the shade changes sharply, but for straight lines."""
    import cv2
    import numpy as np

    levels = grey.astype(np.int16)
    edges = np.zeros(grey.shape, dtype=np.uint8)
    edges[:, 1:] |= (np.abs(np.diff(levels, axis=1)) >= _EDGE).astype(np.uint8)
    edges[1:] |= (np.abs(np.diff(levels, axis=0)) >= _EDGE).astype(np.uint8)
    across = cv2.morphologyEx(edges, cv2.MORPH_OPEN, np.ones((1, _RULE_PIXELS), np.uint8))
    down = cv2.morphologyEx(edges, cv2.MORPH_OPEN, np.ones((_RULE_PIXELS, 1), np.uint8))
    rules = cv2.dilate(across | down, np.ones((3, 3), np.uint8))
    return (edges > 0) & (rules == 0)


def _is_photo(grey: Any, image: PlacedImage, scale: float) -> bool:
    import numpy as np

    inside = _cut(grey, image.box, scale)
    if not inside.size:
        return False
    paper = int(np.bincount(inside.ravel(), minlength=256).argmax())
    near = np.abs(inside.astype(np.int16) - paper) <= _PAPER_TOLERANCE
    return float(near.mean()) < _PAPER_SHARE


def _cut(pixels: Any, box: Box, scale: float) -> Any:
    left, top, right, bottom = (round(one * scale) for one in box)
    return pixels[top:bottom, left:right]


def _cells(mask: Any) -> int:
    """Count the cells in which anything is set."""
    import numpy as np

    height, width = (-(-side // _CELL) * _CELL for side in mask.shape)
    padded = np.zeros((height, width), dtype=bool)
    padded[: mask.shape[0], : mask.shape[1]] = mask
    return int(padded.reshape(height // _CELL, _CELL, width // _CELL, _CELL).any(axis=(1, 3)).sum())
