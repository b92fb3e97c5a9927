"""How each expectation fared, as Great Expectations' own Data Docs show it.

Importing this module imports Great Expectations, which takes seconds.
"""

from __future__ import annotations

import copy
from typing import Any

from great_expectations.core.expectation_validation_result import (
    ExpectationSuiteValidationResult,
    ExpectationValidationResult,
)
from great_expectations.render.renderer import ValidationResultsPageRenderer
from great_expectations.render.view import DefaultJinjaPageView
from jinja2 import ChoiceLoader, FileSystemLoader

from textmill.quality.reports import TEMPLATES
from textmill.quality.suites import columns_of, expectations

_COUNTS = (
    "element_count",
    "unexpected_count",
    "unexpected_percent",
    "unexpected_percent_total",
    "missing_count",
    "missing_percent",
)
_WHAT_HAPPENS = {"critical": "Quarantines a page", "warning": "Flags a page"}


class _Sections(DefaultJinjaPageView):  # type: ignore[misc]  # published without types
    """What stands on a page of Data Docs, without its frame.

    The frame loads a dozen scripts and fonts from other servers, and its place has the time of the
    validation in it, so that a retry would add a page instead of replacing one.
    """

    _template = "sections.j2"

    def __init__(self) -> None:
        super().__init__()
        self.env.loader = ChoiceLoader([FileSystemLoader(TEMPLATES), self.env.loader])


def validation_sections(validation: ExpectationSuiteValidationResult) -> str:
    """Return the sections as HTML; of figures and of words of the suite only, and of bounded size."""
    shown = copy.copy(validation)
    shown.results = [_shown(result) for result in validation.results]
    return str(_Sections().render(ValidationResultsPageRenderer(run_info_at_end=True).render(shown)))


def _shown(result: ExpectationValidationResult) -> ExpectationValidationResult:
    """Return a result with its counts alone, and with what it means in words."""
    config = copy.copy(result.expectation_config)
    config.description = f"{config.description} {_consequence(config)}"
    shown = copy.copy(result)
    shown.expectation_config = config
    shown.result = {name: result.result[name] for name in _COUNTS if name in result.result}
    return shown


def _consequence(config: Any) -> str:
    severity = str(config.severity.value)
    key = (config.meta["check"], severity, columns_of(config.kwargs))
    setting = next(one.setting for one in expectations() if one.key == key)
    what = _WHAT_HAPPENS[severity]
    return (
        f"{what} above {config.kwargs['max_value']:g} (TEXTMILL_{setting.upper()})."
        if setting
        else f"{what}."
    )
