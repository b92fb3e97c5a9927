"""Engines read a page image. Which one is a setting; all of them speak the same protocol."""

from __future__ import annotations

import logging
from importlib import import_module
from pathlib import Path
from typing import cast

from textmill.engines.protocol import Engine, EngineOptions

__all__ = ["Engine", "EngineOptions", "create_engine"]

_FACTORIES = {
    "paddle": "textmill.engines.paddle:create",
    "tesseract": "textmill.engines.tesseract:create",
    "trocr": "textmill.engines.trocr:create",
}

_log = logging.getLogger(__name__)


def create_engine(name: str, options: EngineOptions) -> Engine:
    """Build an engine; this loads its models and takes seconds, so do it once per process.

    What was chosen where `name` or the options say `auto`, and why, is logged; what was asked for and cannot
    be had is a warning in the log.

    Args:
        name: `auto`, `paddle`, `tesseract`, `trocr`, or `package.module:factory` for one of your own.

    Raises:
        ValueError: no such engine.
        ModelsMissing: its models are not where the options say, or no engine here can read the languages.
        SettingsError: a setting of an engine makes no sense.
    """
    from textmill.engines.device import resolve

    if name not in ("auto", *_FACTORIES) and ":" not in name:
        raise ValueError(f"There is no engine called {name!r}; there are auto, {', '.join(_FACTORIES)}.")
    choice = resolve(name, options)
    for sentence in choice.why:
        _log.info(sentence)
    for sentence in choice.warnings:
        _log.warning(sentence)
    module, _, factory = _FACTORIES.get(choice.engine, choice.engine).partition(":")
    return cast(Engine, getattr(import_module(module), factory)(choice.options))


def models_folder(root: Path, model: str) -> Path:
    """Return the folder of one model below the models folder."""
    return root / model
