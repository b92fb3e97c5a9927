"""The suite finds what is wrong with a page, by name."""

from __future__ import annotations

from typing import Any

import pytest

GOOD: dict[str, Any] = {
    "sha256": "a" * 64,
    "page_no": 1,
    "text": "Dear Madam",
    "confidence": 0.98,
    "width": 100,
    "height": 200,
    "ink": 0.05,
    "pages_settled": 1,
    "page_count": 1,
}


def failures(**wrong: Any) -> list[str]:
    from textmill.quality.suite import check_pages

    quality = check_pages([GOOD, GOOD | {"sha256": "b" * 64} | wrong])
    assert ("a" * 64, 1) not in quality.failures
    return quality.failures.get(("b" * 64, wrong.get("page_no", 1)), [])


def test_good_pages_pass_every_expectation() -> None:
    from textmill.quality.suite import check_pages

    quality = check_pages([GOOD])
    assert quality.failures == {}
    assert len(quality.results) == 9
    assert all(result.success for result in quality.results)


@pytest.mark.parametrize(
    ("wrong", "expectation"),
    [
        ({"confidence": 1.5}, "expect_column_values_to_be_between"),
        ({"width": 0}, "expect_column_values_to_be_between"),
        ({"text": ""}, "expect_column_value_lengths_to_be_between"),
        ({"text": "x" * 1_000_001}, "expect_column_value_lengths_to_be_between"),
        ({"text": None}, "expect_column_values_to_not_be_null"),
        ({"page_count": 3}, "expect_column_pair_values_to_be_equal"),
    ],
)
def test_what_is_wrong_is_named(wrong: dict[str, Any], expectation: str) -> None:
    assert expectation in failures(**wrong)


def test_the_same_page_twice() -> None:
    from textmill.quality.suite import check_pages

    quality = check_pages([GOOD, GOOD])
    assert quality.failures == {("a" * 64, 1): ["expect_compound_columns_to_be_unique"]}


def test_a_blank_page_without_text_is_fine() -> None:
    assert failures(text="", confidence=None, ink=0.0001) == []


def test_explanations_are_words() -> None:
    from textmill.quality.verdicts import explain

    assert "no text was found" in explain(["expect_column_value_lengths_to_be_between"])
    assert explain([]) == ""
