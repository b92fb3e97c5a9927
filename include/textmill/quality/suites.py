"""The suite of expectations as a file, `suites/pages.json`, in the form in which Great Expectations keeps it.

Importing this module imports no Great Expectations: what a verdict says of a limit is read from here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from textmill.quality.checks import Check
from textmill.settings import Settings

FOLDER = Path(__file__).with_name("suites")
NAME = "pages"
"""Of the suite, and of its file."""


@dataclass(frozen=True)
class Expected:
    """One expectation of the suite.

    Attributes:
        columns: of `PageMeasures` that it looks at.
        setting: that gives the limit; None where the limit is no setting.
    """

    check: Check
    severity: Literal["warning", "critical"]
    expectation: str
    columns: tuple[str, ...]
    setting: str | None

    @property
    def key(self) -> tuple[str, str, tuple[str, ...]]:
        """What tells it from the others of the suite."""
        return self.check, self.severity, self.columns


@cache
def expectations() -> tuple[Expected, ...]:
    """Return what the suite expects, in the order of its file."""
    suite = json.loads((FOLDER / f"{NAME}.json").read_text(encoding="utf-8"))
    return tuple(
        Expected(
            check=Check(entry["meta"]["check"]),
            severity=entry["severity"],
            expectation=entry["type"],
            columns=columns_of(entry["kwargs"]),
            setting=_setting(entry["kwargs"]),
        )
        for entry in suite["expectations"]
    )


def columns_of(kwargs: dict[str, Any]) -> tuple[str, ...]:
    """Return the columns at which an expectation with these arguments looks."""
    named = tuple(kwargs[name] for name in ("column", "column_A", "column_B") if name in kwargs)
    return named or tuple(kwargs["column_list"])


def parameters(settings: Settings) -> dict[str, Any]:
    """Return the values of the parameters that the suite names: settings of these names."""
    return {one.setting: getattr(settings, one.setting) for one in expectations() if one.setting}


def _setting(kwargs: dict[str, Any]) -> str | None:
    return next((value["$PARAMETER"] for value in kwargs.values() if _is_parameter(value)), None)


def _is_parameter(value: Any) -> bool:
    return isinstance(value, dict) and "$PARAMETER" in value
