"""Brings Great Expectations into the process, which takes seconds: once per batch, when it is validated."""

from __future__ import annotations

import gc
import logging
import os


def import_great_expectations() -> None:
    """Import Great Expectations as cheaply and as quietly as it can be, and let it tell nobody."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    # While it is imported it tells of each function without a class: thousands of lines in a task's log.
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    # The collector would look again and again through half a million objects of which none is to be freed:
    # without it, a sixth of the time is saved.
    was_on = gc.isenabled()
    gc.disable()
    try:
        import textmill.quality.gate
        import textmill.quality.validation_sections  # noqa: F401
    finally:
        if was_on:
            gc.enable()
