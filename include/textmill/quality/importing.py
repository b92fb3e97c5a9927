"""Brings Great Expectations into the process, which takes seconds: once per batch, when it is validated."""

from __future__ import annotations

import gc
import importlib
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

_NOT_NEEDED = ("scipy.stats", "altair")
"""What Great Expectations imports for expectations about distributions, of which the suite has none: together
a third of the time."""


def import_great_expectations() -> None:
    """Import Great Expectations as cheaply and as quietly as it can be, and let it tell nobody."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    # While it is imported it tells of each function without a class: thousands of lines in a task's log.
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    with _collector_at_rest(), _imported_when_used(_NOT_NEEDED):
        importlib.import_module("textmill.quality.gate")
        importlib.import_module("textmill.quality.validation_sections")


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """Spare the collector half a million objects of which none is to be freed: a sixth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class _ImportedWhenUsed(ModuleType):
    """Stands for a module for those who import it inside of the block, and becomes it at the first use.

    `importlib.util.LazyLoader` does not help: in Python 3.11 an import statement that finds its module looks
    at its `__spec__`, which already is a use.
    """

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib.import_module(self.__name__), name)


@contextmanager
def _imported_when_used(names: tuple[str, ...]) -> Iterator[None]:
    standing_in = {name: _ImportedWhenUsed(name) for name in names if name not in sys.modules}
    sys.modules.update(standing_in)
    try:
        yield
    finally:
        for name, module in standing_in.items():
            if sys.modules.get(name) is module:
                del sys.modules[name]
