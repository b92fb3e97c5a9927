"""PaddleOCR's models: find lines, cut them out, recognise each, decide where words end."""

from __future__ import annotations

from textmill.engines.computing import choose_computing
from textmill.engines.detector import PaddleDetector
from textmill.engines.lines import LineEngine
from textmill.engines.models import detection_model, recognition_model
from textmill.engines.networks import Computing
from textmill.engines.protocol import EngineOptions
from textmill.engines.recogniser import PaddleRecogniser


def create(options: EngineOptions) -> LineEngine:
    """Build the engine; see `textmill.engines.create_engine`.

    Args:
        options: with a device (`cpu`, `gpu:N`) and models as `textmill.engines.device` chose them.

    Raises:
        ModelsMissing: a model is neither below the models folder nor to be downloaded.
        SettingsError: what is to compute the networks cannot be had here.
    """
    computing = choose_computing(options)
    recogniser = PaddleRecogniser(
        recognition_model(options.recognition_model, options.models_dir),
        languages=options.languages,
        computing=computing,
    )
    return LineEngine(create_detector(options, computing), recogniser)


def create_detector(options: EngineOptions, computing: Computing | None = None) -> PaddleDetector:
    """Build what finds the lines, without what reads them. Raises like `create`."""
    return PaddleDetector(
        detection_model(options.detection_model, options.models_dir),
        side=options.detection_side,
        computing=computing or choose_computing(options),
    )
