"""The folders of the OCR models, written by the OCR runtime itself."""

from __future__ import annotations

import os

from stack.commands import run_to_end
from stack.paths import Paths


def prepare_models(paths: Paths) -> None:
    """Write the model folders unless they are there; quick when they are."""
    paths.models.mkdir(parents=True, exist_ok=True)
    run_to_end(
        [str(paths.ocr_python), "-m", "textmill.engines.models", "--out", str(paths.models)],
        failure="The OCR models could not be prepared",
        environment={**os.environ, "PYTHONPATH": str(paths.include)},
        cwd=paths.repository,
    )
