"""Who is asked about the doubtful lines of an engine."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from textmill.engines import Engine, EngineOptions, create_engine
from textmill.engines.protocol import LineRecogniser
from textmill.line_readers import OTHER_VIEWS, EngineOnLines, LineReader, RecogniserView

AUTO = "auto"
OFF = "off"

_ASKED_BY_DEFAULT = {"paddle": "paddle"}
"""Page engine to the one that measurably improves it (docs/accuracy.md); others are left alone."""


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
        ModelsMissing: the engine that is named cannot be had.
    """
    name = _ASKED_BY_DEFAULT.get(first.name, OFF) if wish == AUTO else wish
    if name == OFF:
        return ()
    if name == first.name and isinstance(first, _ReadsLines):
        return tuple(RecogniserView(first.recogniser, view) for view in OTHER_VIEWS)
    return (_line_reader(name, options),)


def _line_reader(name: str, options: EngineOptions) -> LineReader:
    if name == "tesseract":
        from textmill.engines.tesseract import TesseractRecogniser

        return RecogniserView(TesseractRecogniser(options))
    engine = create_engine(name, options)
    if isinstance(engine, _ReadsLines):
        return RecogniserView(engine.recogniser)
    return EngineOnLines(engine)
