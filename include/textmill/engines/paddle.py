"""PaddleOCR on ONNX Runtime: find lines, cut them out, recognise each, decode.

PaddleOCR loads the models and does detection; the three steps after it talk to the recogniser's own input and
output. That is worth it: each line is scaled to its own width instead of being padded to a common one, and
spaces are decoded by their own probability. Both raise word accuracy, and a line's text does not depend on
which other lines are on the page.
"""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
import onnxruntime
import paddleocr

from textmill.engines import models_folder
from textmill.engines.ctc import SPACE_PROBABILITY, decode
from textmill.engines.models import DETECTION, RECOGNITION, require_models, weights_digest
from textmill.engines.protocol import EngineOptions, PageText, fingerprint
from textmill.engines.reading_order import reading_order
from textmill.page import PageImage
from textmill.records import LineRecord

_LINE_HEIGHT = 48
"""Pixels to which every line is scaled; the recogniser was trained on this height."""
_WIDTH_GRID = 8
"""Line widths are stretched to a multiple of this, the recogniser's horizontal stride."""
_MAX_LINE_WIDTH = 3200
_VERTICAL_RATIO = 1.5
"""A box this much higher than wide holds text that runs downwards and is turned."""


class PaddleEngine:
    """PP-OCRv6 small detection and recognition. One per process, used by one thread."""

    name = "paddle"

    def __init__(self, options: EngineOptions) -> None:
        require_models(options.models_dir)
        common = {"engine": "onnxruntime", **_runtime(options.threads)}
        self._detector = paddleocr.TextDetection(
            model_name=DETECTION,
            model_dir=str(models_folder(options.models_dir, DETECTION)),
            limit_side_len=options.detection_side,
            limit_type="max",
            **common,
        )
        recogniser = paddleocr.TextRecognition(
            model_name=RECOGNITION, model_dir=str(models_folder(options.models_dir, RECOGNITION)), **common
        )
        self._run_recogniser = recogniser.paddlex_predictor.runner
        self._characters: list[str] = recogniser.paddlex_predictor.post_op.character
        self.model = f"{DETECTION}+{RECOGNITION}"
        self.fingerprint = fingerprint(
            engine=self.name,
            paddleocr=paddleocr.__version__,
            detection=weights_digest(options.models_dir, DETECTION),
            recognition=weights_digest(options.models_dir, RECOGNITION),
            detection_side=options.detection_side,
            width_grid=_WIDTH_GRID,
            space_probability=SPACE_PROBABILITY,
        )

    def read(self, page: PageImage) -> PageText:
        """Read a page. Boxes in which nothing is recognised are left out."""
        found = []
        for polygon in self.detect(page.pixels):
            text, confidence = self.recognise(cut_out(page.pixels, polygon))
            if text:
                found.append((polygon, text, confidence))
        rows = reading_order([polygon.tolist() for polygon, _, _ in found])
        ordered = [found[index] for row in rows for index in row]
        lines = tuple(
            LineRecord(line_no=number, text=text, confidence=confidence, polygon=_points(polygon))
            for number, (polygon, text, confidence) in enumerate(ordered, start=1)
        )
        text = "\n".join(" ".join(found[index][1] for index in row) for row in rows)
        return PageText(text=text, lines=lines)

    def detect(self, pixels: np.ndarray) -> list[np.ndarray]:
        """Return the outlines of lines, each an int array of shape (4, 2) clockwise from the top left."""
        # The array and nothing else: given a string, PaddleOCR would open it, even as a URL.
        return list(self._detector.predict(pixels)[0]["dt_polys"])

    def recognise(self, line: np.ndarray) -> tuple[str, float]:
        """Return text and confidence of one upright line, uint8 of shape (height, width, 3)."""
        height, width = line.shape[:2]
        steps = math.ceil(_LINE_HEIGHT * width / height / _WIDTH_GRID)
        scaled_width = min(max(steps, 1) * _WIDTH_GRID, _MAX_LINE_WIDTH)
        scaled = cv2.resize(line, (scaled_width, _LINE_HEIGHT)).astype(np.float32)
        normalised = scaled.transpose(2, 0, 1) / 127.5 - 1.0
        probabilities = self._run_recogniser(x=[normalised[np.newaxis]])[0]
        return decode(np.asarray(probabilities)[0], self._characters)


def cut_out(pixels: np.ndarray, polygon: np.ndarray) -> np.ndarray:
    """Return the quadrilateral as an upright picture of its own; text running downwards is turned."""
    corners: np.ndarray = polygon.astype(np.float32)
    width = max(1, round(max(math.dist(corners[0], corners[1]), math.dist(corners[3], corners[2]))))
    height = max(1, round(max(math.dist(corners[0], corners[3]), math.dist(corners[1], corners[2]))))
    upright = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    line: np.ndarray = cv2.warpPerspective(
        pixels,
        cv2.getPerspectiveTransform(corners, upright),
        (width, height),
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.rot90(line).copy() if height >= _VERTICAL_RATIO * width else line


def create(options: EngineOptions) -> PaddleEngine:
    """Build the engine; see `textmill.engines.create_engine`."""
    return PaddleEngine(options)


def _runtime(threads: int) -> dict[str, Any]:
    gpu = "CUDAExecutionProvider" in onnxruntime.get_available_providers()
    return {
        "device": "gpu:0" if gpu else "cpu",
        "engine_config": {
            "intra_op_num_threads": threads,
            "inter_op_num_threads": 1,
            # The arena keeps the largest page ever seen; a long batch of odd sizes would only grow.
            "enable_cpu_mem_arena": False,
        },
    }


def _points(polygon: np.ndarray) -> tuple[tuple[float, float], ...]:
    return tuple((float(x), float(y)) for x, y in polygon)
