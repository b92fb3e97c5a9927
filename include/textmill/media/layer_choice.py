"""Decide whether the text that a PDF page carries is what a reader of the page would see.

Taking a wrong text layer loses text silently; reading a good one again costs seconds and a few characters. So
whatever is in doubt is read as a picture.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from textmill import word_plausibility
from textmill.media.page_ink import PageInk
from textmill.media.text_layer import TextLayer, TextRun

RULES = 1
"""Goes up whenever the same page could be decided differently, or give another text."""

_MAX_UNMAPPED = 0.1
_MIN_ALPHANUMERIC = 0.4
_MIN_PLAUSIBLE = 0.5
_MAX_OTHER = 0.2
"""Share of what may be letters that need not be in the layer: a signature, a logo, a figure's labels."""
_FEW_CELLS = 60
"""Cells of an eighth of an inch (about a square inch in all) that are never worth reading a page for."""
_FIRST_OF_OTHER_SCRIPTS = "\u0531"
"""The first Armenian letter; Latin, Greek and Cyrillic come before it."""
_CID = re.compile(r"\(cid:\d+\)")
_LEADERS = re.compile(r"([\W_])\1{2,}")
"""Dots that lead the eye to a page number say nothing about the text."""


@dataclass(frozen=True)
class Choice:
    """The text layer as far as it is seen, or why it is not taken.

    Attributes:
        layer: None when the page is to be read as a picture.
        remarks: sentences for the record of the page.
        why_not: what speaks against the layer.
    """

    layer: TextLayer | None
    remarks: tuple[str, ...] = ()
    why_not: str = ""


def refused(why: str) -> Choice:
    """Return the choice to read the page as a picture."""
    return Choice(None, (f"text layer refused: {why}",), why)


def judge_text(layer: TextLayer, languages: tuple[str, ...]) -> Choice:
    """Judge what the text layer says, without a look at the page.

    Args:
        languages: ISO 639-1 codes, the most likely first.
    """
    if layer.unmapped_share > _MAX_UNMAPPED:
        return refused(f"{_percent(layer.unmapped_share)} of its glyphs have no Unicode")
    words = [word.text for run in layer.runs for word in run.words]
    text = " ".join(words)
    if _CID.search(text):
        return refused("it names glyphs by number, as in (cid:12), instead of letters")
    alphanumeric = _alphanumeric_share(text)
    if alphanumeric < _MIN_ALPHANUMERIC:
        return refused(f"only {_percent(alphanumeric)} of its characters are letters or digits")
    plausible = word_plausibility.plausible_share(words, languages)
    if plausible is not None and plausible < _MIN_PLAUSIBLE:
        return refused(f"its letters form words to {_percent(plausible)} only")
    return Choice(layer)


def judge_sight(layer: TextLayer, ink: PageInk, *, lacks_fonts: bool = False) -> Choice:
    """Judge a text layer by what is seen of it, and by what else is seen; keep only what is seen.

    Args:
        lacks_fonts: whether text may be missing from the drawing because nobody here has its font.
    """
    seen, hidden = _seen_runs(layer, ink, lacks_fonts)
    if not seen:
        return refused("nothing of it is seen on the page: it is hidden, or comes from another OCR program")
    if ink.other_cells > _FEW_CELLS and ink.other_share > _MAX_OTHER:
        why = f"{_percent(ink.other_share)} of what looks like writing on the page is not in it"
        return refused(why if not hidden else f"{why}, and {hidden:,} of its words are hidden")
    remarks = (f"{hidden:,} hidden words of the text layer left out",) if hidden else ()
    return Choice(replace(layer, runs=seen), remarks)


def _seen_runs(layer: TextLayer, ink: PageInk, lacks_fonts: bool) -> tuple[list[TextRun], int]:
    seen: list[TextRun] = []
    hidden = 0
    for run in layer.runs:
        words = [
            word for word in run.words if ink.shows(word.box) or (lacks_fonts and _needs_a_font(word.text))
        ]
        hidden += len(run.words) - len(words)
        if words:
            seen.append(replace(run, words=words))
    return seen, hidden


def needs_fonts(layer: TextLayer) -> bool:
    """Tell whether a layer has letters that not every machine can draw without the document's help."""
    return any(_needs_a_font(word.text) for run in layer.runs for word in run.words)


def _needs_a_font(text: str) -> bool:
    """Tell whether a word has letters beyond those that every machine can draw: Latin, Greek, Cyrillic."""
    return any(one >= _FIRST_OF_OTHER_SCRIPTS and one.isalpha() for one in text)


def _alphanumeric_share(text: str) -> float:
    letters = _LEADERS.sub("", text.replace(" ", ""))
    if not letters:
        return 0.0
    # Combining signs belong to letters: many scripts write their vowels with them.
    return sum(one.isalnum() or _is_mark(one) for one in letters) / len(letters)


def _is_mark(character: str) -> bool:
    import unicodedata

    return unicodedata.category(character).startswith("M")


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %"
