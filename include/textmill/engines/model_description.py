"""What a PaddleOCR model says of itself in its `inference.yml`: how its input is made and its output read.

The keys are those of PaddleX's inference configuration (`PreProcess.transform_ops`, `PostProcess`); what a
model leaves out has PaddleX's default.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

DESCRIPTION_FILE = "inference.yml"

_IMAGENET_MEAN = (0.485, 0.456, 0.406)
_IMAGENET_DEVIATION = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class DetectionDescription:
    """A model that finds lines.

    Attributes:
        reads_rgb: whether it wants red first; else blue first.
        mean, deviation: of each channel, of values from 0 to 1.
        threshold: pixels above this probability belong to a line.
        box_threshold: lines with a lower mean probability are dropped.
        unclip_ratio: see `textmill.engines.line_outlines`.
        most_candidates: of the outlines found, no more than these are looked at.
    """

    reads_rgb: bool
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    threshold: float
    box_threshold: float
    unclip_ratio: float
    most_candidates: int


@dataclass(frozen=True)
class RecognitionDescription:
    """A model that reads lines.

    Attributes:
        reads_rgb: whether it wants red first; else blue first.
        height: in pixels, of the lines that it is given.
        characters: what its classes stand for, without the blank before them and the space behind them.
    """

    reads_rgb: bool
    height: int
    characters: tuple[str, ...]


def describe_detection(folder: Path) -> DetectionDescription:
    """Read the description of a model that finds lines."""
    content = _read(folder)
    normalise = _step(content, "NormalizeImage")
    found = content.get("PostProcess", {})
    return DetectionDescription(
        reads_rgb=_reads_rgb(content),
        mean=tuple(normalise.get("mean", _IMAGENET_MEAN)),
        deviation=tuple(normalise.get("std", _IMAGENET_DEVIATION)),
        threshold=found.get("thresh", 0.3),
        box_threshold=found.get("box_thresh", 0.6),
        unclip_ratio=found.get("unclip_ratio", 2.0),
        most_candidates=found.get("max_candidates", 1000),
    )


def describe_recognition(folder: Path) -> RecognitionDescription:
    """Read the description of a model that reads lines."""
    content = _read(folder)
    return RecognitionDescription(
        reads_rgb=_reads_rgb(content),
        height=_step(content, "RecResizeImg").get("image_shape", (3, 48, 320))[1],
        characters=tuple(content["PostProcess"]["character_dict"]),
    )


def _read(folder: Path) -> dict[str, Any]:
    import yaml

    text = (folder / DESCRIPTION_FILE).read_text(encoding="utf-8")
    content: dict[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader)
    return content


def _step(content: dict[str, Any], name: str) -> dict[str, Any]:
    steps = content.get("PreProcess", {}).get("transform_ops", ())
    return next((step[name] or {} for step in steps if name in step), {})


def _reads_rgb(content: dict[str, Any]) -> bool:
    return bool(_step(content, "DecodeImage").get("img_mode", "RGB") == "RGB")
