"""From failed expectations to a verdict on each page, in words that a person understands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from textmill.records import Outcome, PageRecord, PageVerdict

_EXPLANATIONS = {
    "expect_column_value_lengths_to_be_between": (
        "there is ink on the page but no text was found, or far too much"
    ),
    "expect_column_pair_values_to_be_equal": "the document has more pages than were read",
    "expect_compound_columns_to_be_unique": "the page came up twice",
    "expect_column_values_to_be_between": "a value of the page (confidence, size or number) is out of range",
    "expect_column_values_to_not_be_null": "the page has no text value at all",
}


def verdicts(
    pages: Iterable[PageRecord], failures: Mapping[tuple[str, int], Sequence[str]]
) -> Iterator[PageVerdict]:
    """Yield one verdict per page: accepted unless an expectation failed on it."""
    for page in pages:
        failed = tuple(failures.get((page.sha256, page.page_no), ()))
        yield PageVerdict(
            sha256=page.sha256,
            page_no=page.page_no,
            outcome=Outcome.QUARANTINED if failed else Outcome.ACCEPTED,
            checks=failed,
            message=explain(failed),
        )


def explain(expectations: Sequence[str]) -> str:
    """Return a half-sentence for the expectations that failed, or an empty string for none."""
    return "; ".join(_EXPLANATIONS.get(name, f"it fails {name}") for name in expectations)
