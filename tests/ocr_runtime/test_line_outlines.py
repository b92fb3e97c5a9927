"""Outlines are those of PaddleOCR, without its polygon library."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from textmill.engines.line_outlines import line_outlines
from textmill.engines.model_description import DetectionDescription, describe_detection
from textmill.engines.models import DETECTION

ROWS, COLUMNS = 480, 320
WIDTH, HEIGHT = 1280, 1920
"""Of the page: four times the map."""


@pytest.fixture(scope="module")
def rules(models_dir: Path) -> DetectionDescription:
    return describe_detection(models_dir / DETECTION)


def a_map(*lines: tuple[float, float, float, float, float], probability: float = 0.9) -> Any:
    """A map of lines, each with its centre, length, thickness and angle in degrees."""
    found = np.zeros((ROWS, COLUMNS), np.float32)
    for x, y, length, thickness, angle in lines:
        corners = cv2.boxPoints(((x, y), (length, thickness), angle))
        cv2.fillPoly(found, [np.rint(corners).astype(np.int32)], probability)
    return cv2.GaussianBlur(found, (3, 3), 0)


def by_paddle(probabilities: Any, rules: DetectionDescription) -> list[Any]:
    """PaddleOCR's own post-processing of the same map."""
    processors = pytest.importorskip("paddlex.inference.models.text_detection.processors")
    process = processors.DBPostProcess(
        thresh=rules.threshold,
        box_thresh=rules.box_threshold,
        unclip_ratio=rules.unclip_ratio,
        max_candidates=rules.most_candidates,
    )
    boxes, _ = process([probabilities[np.newaxis, np.newaxis]], [(HEIGHT, WIDTH, 1.0, 1.0)])
    return [np.asarray(box, np.float32) for box in boxes[0]]


MANY = tuple(
    (60.0 + 13 * (row % 5), 20.0 + 22 * row, 70.0 + 3 * row, 8.0, 0.7 * row - 7) for row in range(20)
)


@pytest.mark.parametrize(
    "lines",
    [
        ((160, 100, 200, 12, 0),),
        ((160, 100, 200, 12, 4), (160, 140, 200, 12, 4)),
        ((160, 240, 260, 10, 37),),
        ((100, 240, 10, 300, 0), (200, 240, 10, 300, 2)),
        ((6, 100, 30, 10, 0), (314, 470, 30, 14, 0)),
        MANY,
    ],
    ids=["level", "tilted", "slanting", "upright", "at-the-edge", "many"],
)
def test_corners_are_where_paddleocr_has_them(
    rules: DetectionDescription, lines: tuple[tuple[float, float, float, float, float], ...]
) -> None:
    probabilities = a_map(*lines)
    expected = by_paddle(probabilities, rules)
    found = line_outlines(probabilities, rules, WIDTH, HEIGHT)
    assert len(found) == len(expected) == len(lines)
    for one in found:
        nearest = min(expected, key=lambda other: float(np.abs(one - other).max()))
        # A pixel of the map is four of the page.
        assert np.abs(one - nearest).max() <= 6


def test_what_paddleocr_drops_is_dropped(rules: DetectionDescription) -> None:
    faint = a_map((160, 100, 200, 12, 0), probability=0.5)
    thin = a_map((160, 100, 200, 1, 0))
    nothing = np.zeros((ROWS, COLUMNS), np.float32)
    for probabilities in (faint, thin, nothing):
        assert by_paddle(probabilities, rules) == []
        assert line_outlines(probabilities, rules, WIDTH, HEIGHT) == []


def test_outlines_lie_on_the_page_and_run_clockwise_from_the_top_left(rules: DetectionDescription) -> None:
    probabilities = a_map(
        (2, 2, 60, 14, 0), (318, 300, 80, 14, 5), (160, 479, 100, 14, 0), (150, 200, 80, 9, -12)
    )
    found = line_outlines(probabilities, rules, WIDTH, HEIGHT)
    assert len(found) == 4
    for corners in found:
        assert corners.min() >= 0
        assert (corners <= (WIDTH, HEIGHT)).all()
        top_left, top_right, bottom_right, bottom_left = corners.tolist()
        assert top_left[0] < top_right[0]
        assert bottom_left[0] < bottom_right[0]
        assert top_left[1] < bottom_left[1]
        assert top_right[1] < bottom_right[1]


def test_lines_on_real_pages_are_those_of_paddleocr(models_dir: Path, samples: Path) -> None:
    """The detector whole, beside PaddleOCR's: the same lines, as far as scaling to other sizes allows."""
    paddleocr = pytest.importorskip("paddleocr")
    from textmill.engines.detector import PaddleDetector
    from textmill.engines.models import detection_model
    from textmill.engines.networks import Computing, Runtime

    place = detection_model("auto", models_dir)
    ours = PaddleDetector(place, side=960, computing=Computing(Runtime.OPENVINO))
    theirs = paddleocr.TextDetection(
        model_name=DETECTION, model_dir=str(place.folder), engine="onnxruntime", device="cpu"
    )
    page = cv2.imread(str(samples / "table-ferry.png"))
    found = ours.detect(page)
    (result,) = theirs.predict(page, limit_side_len=960, limit_type="resize_long")
    expected = [np.asarray(polygon, np.float32) for polygon in result["dt_polys"]]
    near = [min(math.dist(one.mean(0), other.mean(0)) for other in expected) for one in found]
    assert abs(len(found) - len(expected)) <= 0.05 * len(expected)
    assert np.mean([distance < 6 for distance in near]) >= 0.95
