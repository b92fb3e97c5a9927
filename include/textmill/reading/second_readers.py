"""Who is asked about the doubtful lines of an engine."""

from __future__ import annotations

import logging
from typing import Protocol, runtime_checkable

from textmill.engines import Engine, EngineOptions, create_engine
from textmill.engines.protocol import LineRecogniser
from textmill.errors import ModelsMissing
from textmill.reading.line_readers import OTHER_VIEWS, EngineOnLines, LineReader, RecogniserView

AUTO = "auto"
OFF = "off"

_ASKED_BY_DEFAULT = {"paddle": "paddle", "tesseract": "paddle"}
"""Page engine to the one that measurably improves it (docs/accuracy.md); others are left alone."""

_log = logging.getLogger(__name__)


@runtime_checkable
class _ReadsLines(Protocol):
    """An engine with a recogniser that can be asked about single lines."""

    recogniser: LineRecogniser


def second_readers(wish: str, first: Engine, options: EngineOptions) -> tuple[LineReader, ...]:
    """Return who reads the doubtful lines of `first` again; nobody for `off`.

    Args:
        wish: `auto`, `off`, or the name of an engine. The page's own engine looks at lines in other ways.

    Raises:
        ValueError: no such engine.
        ModelsMissing: the engine that is named cannot be had. With `auto` it is done without, and a warning
            in the log says so.
    """
    if wish == OFF:
        return ()
    if wish != AUTO:
        return _readers(wish, first, options)
    name = _ASKED_BY_DEFAULT.get(first.name)
    if name is None or (name != first.name and not _can_read(name, options)):
        return ()
    try:
        return _readers(name, first, options)
    except ModelsMissing as error:
        _log.warning("Doubtful lines are not read again: %s", error)
        return ()


def _can_read(name: str, options: EngineOptions) -> bool:
    """Tell whether an engine would be chosen for the languages of the run."""
    from textmill.engines.device import resolve

    try:
        return resolve(AUTO, options).engine == name
    except ModelsMissing:
        return False


def _readers(name: str, first: Engine, options: EngineOptions) -> tuple[LineReader, ...]:
    if name == first.name and isinstance(first, _ReadsLines):
        return tuple(RecogniserView(first.recogniser, view) for view in OTHER_VIEWS)
    if name == "tesseract":
        from textmill.engines.tesseract import TesseractRecogniser

        return (RecogniserView(TesseractRecogniser(options)),)
    engine = create_engine(name, options)
    if isinstance(engine, _ReadsLines):
        return (RecogniserView(engine.recogniser),)
    return (EngineOnLines(engine),)
