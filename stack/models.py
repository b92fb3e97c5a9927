"""The folders of the OCR models, written by the OCR runtime itself."""

from __future__ import annotations

import os

from stack.commands import run_to_end
from stack.paths import Paths


def prepare_models(paths: Paths) -> None:
    """Write the model folders and measure how they are best computed here; quick where that is done."""
    paths.models.mkdir(parents=True, exist_ok=True)
    _run(
        paths,
        "textmill.engines.models",
        "--out",
        str(paths.models),
        failure="The OCR models could not be prepared",
    )
    tune(paths, "--quiet")


def tune(paths: Paths, *options: str) -> str:
    """Measure how the models are best computed on this machine, and return what was found, in sentences.

    See `textmill.engines.tuning`.
    """
    return _run(paths, "textmill.engines.tuning", *options, failure="The OCR models could not be tuned")


def _run(paths: Paths, module: str, *arguments: str, failure: str) -> str:
    return run_to_end(
        [str(paths.ocr_python), "-m", module, *arguments],
        failure=failure,
        environment={
            **os.environ,
            "PYTHONPATH": str(paths.include),
            "TEXTMILL_MODELS_DIR": str(paths.models),
            "OMP_NUM_THREADS": "1",
        },
        cwd=paths.repository,
    )
