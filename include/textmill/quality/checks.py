"""The checks of the quality gate by name, and what each finds, in words.

A name is also the reason in quarantine, the warning of a loaded page, and the `check` of an expectation in
`suites/`.
"""

from __future__ import annotations

from enum import StrEnum


class Check(StrEnum):
    """What a page is looked at for, the most serious first."""

    DUPLICATE_PAGE = "duplicate_page"
    MISSING_PAGES = "missing_pages"
    OUT_OF_RANGE = "out_of_range"
    NO_TEXT = "no_text"
    MOJIBAKE = "mojibake"
    REPEATED_TEXT = "repeated_text"
    TURNED_PAGE = "turned_page"
    WRONG_SCRIPT = "wrong_script"
    SYMBOL_SOUP = "symbol_soup"
    IMPROBABLE_TEXT = "improbable_text"
    TEXT_OFF_PAGE = "text_off_page"
    TEXT_CUT_OFF = "text_cut_off"
    LOW_CONFIDENCE = "low_confidence"


MEASURED = (
    Check.LOW_CONFIDENCE,
    Check.SYMBOL_SOUP,
    Check.IMPROBABLE_TEXT,
    Check.TURNED_PAGE,
    Check.WRONG_SCRIPT,
    Check.TEXT_OFF_PAGE,
    Check.TEXT_CUT_OFF,
    Check.REPEATED_TEXT,
    Check.MOJIBAKE,
)
"""Checks that compare a measure of the page, from 0 to 1, with two settings."""

EXPLANATIONS = {
    Check.DUPLICATE_PAGE: "the page came up twice",
    Check.MISSING_PAGES: "the document has more pages than were read",
    Check.OUT_OF_RANGE: "a value of the page (confidence, size, number or length) is out of range",
    Check.NO_TEXT: "there is ink on the page but no text was found",
    Check.MOJIBAKE: "the text was decoded with the wrong encoding",
    Check.REPEATED_TEXT: "other pages of the document have the very same text",
    Check.TURNED_PAGE: "the page was read sideways or upside down",
    Check.WRONG_SCRIPT: "the letters are not of a script in which the languages asked for are written",
    Check.SYMBOL_SOUP: "the text is symbols and repeated characters more than words",
    Check.IMPROBABLE_TEXT: "the letters form no words of any language",
    Check.TEXT_OFF_PAGE: "text is outlined outside of the page",
    Check.TEXT_CUT_OFF: "lines run into the edge of the page",
    Check.LOW_CONFIDENCE: "most of the text is likely wrong",
}
