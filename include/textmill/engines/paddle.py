"""PaddleOCR on ONNX Runtime: find lines, cut them out, recognise each, decode.

PaddleOCR loads the models and does detection; the recogniser is driven at its own input and output. That is
worth it: each line is scaled to its own width instead of being padded to a common one, and spaces are decoded
by their own probability. Both raise word accuracy, and a line's text does not depend on which other lines are
on the page.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime
import paddleocr

from textmill.engines import models_folder
from textmill.engines.ctc import SPACE_PROBABILITY, decode
from textmill.engines.lines import LineEngine
from textmill.engines.models import DETECTION, RECOGNITION, require_models, weights_digest
from textmill.engines.protocol import EngineOptions, LineReading, fingerprint

_LINE_HEIGHT = 48
"""Pixels to which every line is scaled; the recogniser was trained on this height."""
_WIDTH_GRID = 8
"""Line widths are stretched to a multiple of this, the recogniser's horizontal stride."""
_MAX_LINE_WIDTH = 3200


class PaddleDetector:
    """Finds lines with PaddleOCR's detection model (differentiable binarisation)."""

    def __init__(self, models_dir: Path, *, side: int, threads: int) -> None:
        self._predictor = paddleocr.TextDetection(
            model_name=DETECTION,
            model_dir=str(models_folder(models_dir, DETECTION)),
            limit_side_len=side,
            limit_type="max",
            **_runtime(threads),
        )
        self.model = DETECTION
        self.fingerprint = fingerprint(
            paddleocr=paddleocr.__version__, weights=weights_digest(models_dir, DETECTION), side=side
        )

    def detect(self, pixels: Any) -> list[Any]:
        """See `LineDetector`."""
        # The array and nothing else: given a string, PaddleOCR would open it, even as a URL.
        return [np.asarray(polygon, np.float32) for polygon in self._predictor.predict(pixels)[0]["dt_polys"]]


class PaddleRecogniser:
    """Reads lines with PaddleOCR's recognition model, decoding the network's own output."""

    name = "paddle"

    def __init__(self, models_dir: Path, *, threads: int) -> None:
        recogniser = paddleocr.TextRecognition(
            model_name=RECOGNITION,
            model_dir=str(models_folder(models_dir, RECOGNITION)),
            **_runtime(threads),
        )
        self._run = recogniser.paddlex_predictor.runner
        self._characters: list[str] = recogniser.paddlex_predictor.post_op.character
        self.model = RECOGNITION
        self.fingerprint = fingerprint(
            paddleocr=paddleocr.__version__,
            weights=weights_digest(models_dir, RECOGNITION),
            width_grid=_WIDTH_GRID,
            space_probability=SPACE_PROBABILITY,
        )

    def recognise(self, pictures: Sequence[Any]) -> list[LineReading]:
        """See `LineRecogniser`."""
        return [self._recognise_one(picture) for picture in pictures]

    def _recognise_one(self, line: Any) -> LineReading:
        height, width = line.shape[:2]
        steps = math.ceil(_LINE_HEIGHT * width / height / _WIDTH_GRID)
        scaled_width = min(max(steps, 1) * _WIDTH_GRID, _MAX_LINE_WIDTH)
        scaled = cv2.resize(line, (scaled_width, _LINE_HEIGHT)).astype(np.float32)
        normalised = scaled.transpose(2, 0, 1) / 127.5 - 1.0
        probabilities = self._run(x=[normalised[np.newaxis]])[0]
        return LineReading(*decode(np.asarray(probabilities)[0], self._characters))


def create(options: EngineOptions) -> LineEngine:
    """Build the engine; see `textmill.engines.create_engine`."""
    require_models(options.models_dir)
    return LineEngine(
        PaddleDetector(options.models_dir, side=options.detection_side, threads=options.threads),
        PaddleRecogniser(options.models_dir, threads=options.threads),
    )


def _runtime(threads: int) -> dict[str, Any]:
    gpu = "CUDAExecutionProvider" in onnxruntime.get_available_providers()
    return {
        "engine": "onnxruntime",
        "device": "gpu:0" if gpu else "cpu",
        "engine_config": {
            "intra_op_num_threads": threads,
            "inter_op_num_threads": 1,
            # The arena keeps the largest page ever seen; a long batch of odd sizes would only grow.
            "enable_cpu_mem_arena": False,
        },
    }
