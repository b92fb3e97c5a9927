"""The suite of expectations and how a batch is held against it.

Importing this module imports Great Expectations, which takes seconds: import it inside the task that
validates, once per batch.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import great_expectations as gx
import great_expectations.expectations as gxe
import pandas as pd
from great_expectations.expectations.row_conditions import Column

from textmill.records import ExpectationResult

KEY = ["sha256", "page_no"]
COLUMNS = [
    "sha256",
    "page_no",
    "text",
    "confidence",
    "width",
    "height",
    "ink",
    "pages_settled",
    "page_count",
]
BLANK_INK = 0.002
"""Pages with no more ink than this may be blank: a full stop or a staple is below it, a short line above."""
MAX_TEXT_LENGTH = 1_000_000


@dataclass
class BatchQuality:
    """How a batch fared.

    Attributes:
        results: one entry per expectation.
        failures: for each page at fault, (sha256, page_no), the expectations it failed.
    """

    results: list[ExpectationResult] = field(default_factory=list)
    failures: dict[tuple[str, int], list[str]] = field(default_factory=dict)


def page_suite() -> gx.ExpectationSuite:
    """Return the expectations that every page of every engine must meet."""
    return gx.ExpectationSuite(
        name="pages",
        expectations=[
            gxe.ExpectTableColumnsToMatchSet(column_set=COLUMNS, exact_match=True),
            gxe.ExpectColumnValuesToNotBeNull(column="text"),
            gxe.ExpectColumnValuesToBeBetween(column="confidence", min_value=0, max_value=1),
            gxe.ExpectColumnValuesToBeBetween(column="width", min_value=1),
            gxe.ExpectColumnValuesToBeBetween(column="height", min_value=1),
            gxe.ExpectColumnValuesToBeBetween(column="page_no", min_value=1),
            gxe.ExpectColumnPairValuesToBeEqual(column_A="pages_settled", column_B="page_count"),
            gxe.ExpectCompoundColumnsToBeUnique(column_list=KEY),
            gxe.ExpectColumnValueLengthsToBeBetween(
                column="text",
                min_value=1,
                max_value=MAX_TEXT_LENGTH,
                row_condition=Column("ink") > BLANK_INK,
            ),
        ],
    )


def check_pages(rows: Iterable[dict[str, Any]]) -> BatchQuality:
    """Hold the pages of a batch against the suite.

    Args:
        rows: one mapping per page with the COLUMNS. `pages_settled` counts the pages of the page's medium
            that were read or refused; `page_count` is how many the medium has.

    Raises:
        RuntimeError: an expectation could not be computed at all.
    """
    pages = pd.DataFrame(list(rows), columns=COLUMNS)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    batch = (
        context.data_sources.add_pandas("staging")
        .add_dataframe_asset("pages")
        .add_batch_definition_whole_dataframe("batch")
    )
    definition = context.validation_definitions.add(
        gx.ValidationDefinition(name="pages", data=batch, suite=context.suites.add(page_suite()))
    )
    outcome = definition.run(
        batch_parameters={"dataframe": pages},
        result_format={"result_format": "COMPLETE", "unexpected_index_column_names": KEY},
    )
    quality = BatchQuality()
    for result in outcome.results:
        _note(quality, result)
    return quality


def _note(quality: BatchQuality, result: Any) -> None:
    name = result.expectation_config.type
    problem = result.exception_info or {}
    if problem.get("raised_exception"):
        raise RuntimeError(f"Great Expectations could not compute {name}: {problem['exception_message']}")
    found = result.result
    quality.results.append(
        ExpectationResult(
            check=f"{name} {_columns(result.expectation_config.kwargs)}"[:64],
            severity="critical",
            expectation=name,
            element_count=int(found.get("element_count") or 0),
            column=_columns(result.expectation_config.kwargs),
            observed=_observed(found),
            unexpected_count=int(found.get("unexpected_count") or 0),
            success=bool(result.success),
        )
    )
    for place in found.get("unexpected_index_list") or []:
        failed = quality.failures.setdefault((str(place["sha256"]), int(place["page_no"])), [])
        if name not in failed:
            failed.append(name)


def _columns(kwargs: dict[str, Any]) -> str:
    named = [kwargs[key] for key in ("column", "column_A", "column_B") if kwargs.get(key)]
    return ", ".join(named or kwargs.get("column_list") or ["table"])


def _observed(found: dict[str, Any]) -> str:
    if "observed_value" in found:
        value = found["observed_value"]
        return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return f"{found.get('unexpected_count') or 0} of {found.get('element_count') or 0} rows unexpected"
