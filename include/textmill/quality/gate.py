"""Holds the pages of a batch against the suite, with Great Expectations.

Importing this module imports Great Expectations, which takes seconds: import it inside the task that
validates, once per batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import great_expectations as gx
import pandas as pd
from great_expectations.core.expectation_validation_result import ExpectationSuiteValidationResult
from great_expectations.core.run_identifier import RunIdentifier
from great_expectations.data_context import EphemeralDataContext
from great_expectations.data_context.types.base import DataContextConfig, InMemoryStoreBackendDefaults

from textmill.quality.checks import MEASURED
from textmill.quality.data_docs_site import batch_page
from textmill.quality.page_measures import PageMeasures
from textmill.quality.suites import FOLDER, NAME, Expected, columns_of, expectations, parameters
from textmill.settings import Settings

_RESULT_FORMAT = {"result_format": "COMPLETE", "partial_unexpected_count": 20}
"""Complete results have the row of each page at fault: by its number, since no columns are named."""


@dataclass(frozen=True)
class Judged:
    """How the pages of a batch fared.

    Attributes:
        validation: the result, as Great Expectations has it.
        failures: for each page, in order, the expectations that it failed.
    """

    validation: ExpectationSuiteValidationResult
    failures: list[tuple[Expected, ...]]


def judge(pages: Sequence[PageMeasures], settings: Settings, *, run_id: str, batch_no: int) -> Judged:
    """Hold pages against the suite; measures that are None are not judged.

    Raises:
        RuntimeError: an expectation could not be computed at all.
    """
    # Great Expectations shows the name in Data Docs as it is: it must not be able to hold markup.
    name = str(batch_page(run_id, batch_no).with_suffix(""))
    context = _context()
    data = context.data_sources.add_pandas("staging").add_dataframe_asset("pages")
    definition = context.validation_definitions.add(
        gx.ValidationDefinition(
            name=name,
            data=data.add_batch_definition_whole_dataframe("batch"),
            suite=context.suites.get(NAME),
        )
    )
    checkpoint = context.checkpoints.add(
        gx.Checkpoint(name=name, validation_definitions=[definition], result_format=_RESULT_FORMAT)
    )
    outcome = checkpoint.run(
        batch_parameters={"dataframe": _frame(pages)},
        expectation_parameters=parameters(settings),
        run_id=RunIdentifier(run_name=name),
    )
    (validation,) = outcome.run_results.values()
    return Judged(validation, _failures(validation, len(pages)))


def _context() -> EphemeralDataContext:
    """Return a context that keeps all in memory but the suites, and tells nobody."""
    config = DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(),
        analytics_enabled=False,
        progress_bars={"globally": False, "metric_calculations": False},
    )
    config.expectations_store_name = "suites"
    config.stores["suites"] = {
        "class_name": "ExpectationsStore",
        "store_backend": {
            "class_name": "TupleFilesystemStoreBackend",
            "base_directory": str(FOLDER),
            "suppress_store_backend_id": True,  # it would write a file of its own into the repository
        },
    }
    return gx.get_context(mode="ephemeral", project_config=config)


def _frame(pages: Sequence[PageMeasures]) -> pd.DataFrame:
    names = [field.name for field in fields(PageMeasures)]
    frame = pd.DataFrame({name: [getattr(page, name) for page in pages] for name in names})
    # A column in which nothing was measured would be one of objects.
    return frame.astype(dict.fromkeys((*MEASURED, "confidence", "page_count"), "float64"))


def _failures(validation: ExpectationSuiteValidationResult, pages: int) -> list[tuple[Expected, ...]]:
    known = {one.key: one for one in expectations()}
    failed: list[list[Expected]] = [[] for _ in range(pages)]
    for result in validation.results:
        _refuse_exceptions(result)
        config = result.expectation_config
        one = known[config.meta["check"], str(config.severity.value), columns_of(config.kwargs)]
        for row in result.result.get("unexpected_index_list") or ():
            failed[row].append(one)
    return [tuple(of_page) for of_page in failed]


def _refuse_exceptions(result: Any) -> None:
    problem = result.exception_info or {}
    if "raised_exception" not in problem:  # one for each metric, by its name
        problem = next(iter(problem.values()), {})
    if problem.get("raised_exception"):
        raise RuntimeError(
            f"Great Expectations could not compute {result.expectation_config.type} of "
            f"{', '.join(columns_of(result.expectation_config.kwargs))}: {problem['exception_message']}"
        )
