"""Engines read a page image. Which one is a setting; all of them speak the same protocol."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import cast

from textmill.engines.protocol import Engine, EngineOptions

__all__ = ["Engine", "EngineOptions", "create_engine"]

_FACTORIES = {
    "auto": "textmill.engines.paddle:create",
    "paddle": "textmill.engines.paddle:create",
    "tesseract": "textmill.engines.tesseract:create",
}


def create_engine(name: str, options: EngineOptions) -> Engine:
    """Build an engine; this loads its models and takes seconds, so do it once per process.

    Args:
        name: `paddle`, `tesseract`, or `package.module:factory` for one of your own.

    Raises:
        ValueError: no such engine.
        ModelsMissing: its models are not where the options say.
    """
    target = _FACTORIES.get(name, name)
    module, _, factory = target.partition(":")
    if not factory:
        raise ValueError(f"There is no engine called {name!r}; there are {', '.join(_FACTORIES)}.")
    return cast(Engine, getattr(import_module(module), factory)(options))


def models_folder(root: Path, model: str) -> Path:
    """Return the folder of one model below the models folder."""
    return root / model
