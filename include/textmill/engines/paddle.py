"""PaddleOCR on ONNX Runtime: find lines, cut them out, recognise each, decide where words end."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import onnxruntime
import paddleocr

from textmill.engines.lines import LineEngine
from textmill.engines.models import ModelPlace, detection_model, recognition_model
from textmill.engines.protocol import EngineOptions
from textmill.engines.recogniser import PaddleRecogniser
from textmill.fingerprints import fingerprint

_CPU_LINES, _GPU_LINES = 1, 16
"""Lines at once. On a CPU more take just as long a line, and more memory."""

_A4 = 1 / math.sqrt(2)
"""Width of an A4 page divided by its height."""
_MOST_ENLARGED = 2.0
_LONGEST_SIDE = 4000
"""PaddleOCR scales what is longer to this anyway."""


class PaddleDetector:
    """Finds lines with one of PaddleOCR's detection models (differentiable binarisation)."""

    def __init__(self, place: ModelPlace, *, side: int, runtime: dict[str, Any]) -> None:
        self._predictor = place.load(paddleocr.TextDetection, **runtime)
        self._side = side
        self.model = place.name
        self.fingerprint = fingerprint(
            paddleocr=paddleocr.__version__,
            model=place.digest(self._predictor.paddlex_predictor.model_dir),
            side=side,
            scale=(_MOST_ENLARGED, _LONGEST_SIDE),
        )

    def detect(self, pixels: Any) -> list[Any]:
        """See `LineDetector`."""
        height, width = pixels.shape[:2]
        # The array and nothing else: given a string, PaddleOCR would open it, even as a URL.
        found = self._predictor.predict(
            pixels, limit_side_len=detection_side(height, width, self._side), limit_type="resize_long"
        )
        return [np.asarray(polygon, np.float32) for polygon in found[0]["dt_polys"]]


def detection_side(height: int, width: int, side: int) -> int:
    """Return the long side in pixels to which a page is scaled to find its lines.

    Pages get the area of an A4 page whose long side is `side`. Were they given its long side instead, the
    print of a long receipt would become too small to be seen. Small pages are enlarged: on 48 receipts that
    finds the lone colons and digits of columns that are missed otherwise.
    """
    scale = min(math.sqrt(side * side * _A4 / (height * width)), _MOST_ENLARGED)
    return max(1, min(round(max(height, width) * scale), _LONGEST_SIDE))


def create(options: EngineOptions) -> LineEngine:
    """Build the engine; see `textmill.engines.create_engine`.

    Args:
        options: with a device (`cpu`, `gpu:N`) and models as `textmill.engines.device` chose them.

    Raises:
        ModelsMissing: a model is neither below the models folder nor to be downloaded.
    """
    recogniser = PaddleRecogniser(
        recognition_model(options.recognition_model, options.models_dir),
        languages=options.languages,
        runtime=_runtime(options.device, options.threads),
        batch_size=_GPU_LINES if _is_gpu(options.device) else _CPU_LINES,
    )
    return LineEngine(create_detector(options), recogniser)


def create_detector(options: EngineOptions) -> PaddleDetector:
    """Build what finds the lines, without what reads them. Raises like `create`."""
    return PaddleDetector(
        detection_model(options.detection_model, options.models_dir),
        side=options.detection_side,
        runtime=_runtime(options.device, options.threads),
    )


def _is_gpu(device: str) -> bool:
    return device.startswith("gpu")


def _runtime(device: str, threads: int) -> dict[str, Any]:
    if _is_gpu(device):
        # CUDA comes in packages of its own, to which no path of the dynamic linker leads. Without this,
        # ONNX Runtime would not find it and read on the CPU (its documentation, "CUDA Execution Provider").
        onnxruntime.preload_dlls()
    return {
        "engine": "onnxruntime",
        "device": device if _is_gpu(device) else "cpu",
        "engine_config": {
            "intra_op_num_threads": threads,
            "inter_op_num_threads": 1,
            # The arena keeps the largest page ever seen; a long batch of odd sizes would only grow.
            "enable_cpu_mem_arena": False,
        },
    }
