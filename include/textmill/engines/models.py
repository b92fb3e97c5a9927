"""Prepare the OCR models so that PaddleOCR reads them from disk, with no network.

The wheel of `rapidocr` carries PP-OCRv6 small detection and recognition as ONNX files (Apache-2.0, see the
MODEL_LICENSES.md of that distribution). PaddleOCR wants a folder with `inference.onnx` and `inference.yml`;
the numbers written there are those of PaddleOCR's published PP-OCRv6 configuration, and the character list is
the one that the recogniser carries in its own ONNX metadata.

Run as `python -m textmill.engines.models --out FOLDER` in the OCR environment. Safe to repeat.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from textmill.engines import models_folder
from textmill.errors import ModelsMissing

DETECTION = "PP-OCRv6_small_det"
RECOGNITION = "PP-OCRv6_small_rec"

_WEIGHTS = {DETECTION: "PP-OCRv6_det_small.onnx", RECOGNITION: "PP-OCRv6_rec_small.onnx"}

_IMAGENET_MEAN = [0.485, 0.456, 0.406]
_IMAGENET_DEVIATION = [0.229, 0.224, 0.225]


def prepare_models(out: Path) -> None:
    """Write both model folders below `out`, each complete or not at all.

    Raises:
        ModelsMissing: the wheel that carries the weights is not installed.
    """
    weights = _weights_folder()
    for model, file_name in _WEIGHTS.items():
        folder = models_folder(out, model)
        if not (folder / "inference.yml").exists():
            _write_model(weights / file_name, folder, model)


def require_models(root: Path) -> None:
    """Raise ModelsMissing unless `prepare_models` has been run for `root`."""
    for model in _WEIGHTS:
        if not (models_folder(root, model) / "inference.yml").exists():
            raise ModelsMissing(
                f"The OCR model {model} is not below {root} (TEXTMILL_MODELS_DIR). "
                f"Write it with `python -m textmill.engines.models --out {root}`."
            )


def weights_digest(root: Path, model: str) -> str:
    """Return the first 12 hex digits of the SHA-256 of a model's weights, for the fingerprint."""
    with (models_folder(root, model) / "inference.onnx").open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:12]


def _weights_folder() -> Path:
    spec = find_spec("rapidocr")
    if spec is None or spec.origin is None:
        raise ModelsMissing(
            "The package rapidocr, which carries the OCR weights, is not installed in this environment. "
            "Run this in the environment of requirements-ocr.txt."
        )
    return Path(spec.origin).parent / "models"


def _write_model(weights: Path, folder: Path, model: str) -> None:
    import yaml

    partial = folder.with_name(f"{folder.name}.{os.getpid()}.part")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    shutil.copyfile(weights, partial / "inference.onnx")
    description = _detection_description() if model == DETECTION else _recognition_description(weights)
    text = yaml.safe_dump({"Global": {"model_name": model}, **description}, allow_unicode=True)
    (partial / "inference.yml").write_text(text, encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)


def _detection_description() -> dict[str, Any]:
    normalise = {"mean": _IMAGENET_MEAN, "std": _IMAGENET_DEVIATION, "scale": 1 / 255, "order": "hwc"}
    return {
        "PreProcess": {
            "transform_ops": [
                {"DetResizeForTest": {"resize_long": 960}},
                {"NormalizeImage": normalise},
                {"ToCHWImage": None},
            ]
        },
        "PostProcess": {
            "name": "DBPostProcess",
            "thresh": 0.3,
            "box_thresh": 0.6,
            "max_candidates": 1000,
            "unclip_ratio": 1.5,
        },
    }


def _recognition_description(weights: Path) -> dict[str, Any]:
    return {
        "PreProcess": {"transform_ops": [{"RecResizeImg": {"image_shape": [3, 48, 320]}}]},
        "PostProcess": {"name": "CTCLabelDecode", "character_dict": _characters(weights)},
    }


def _characters(weights: Path) -> list[str]:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(weights), providers=["CPUExecutionProvider"])
    listing: str = session.get_modelmeta().custom_metadata_map["character"]
    return listing.split("\n")


def main() -> None:
    """Command line of this module."""
    parser = argparse.ArgumentParser(description="Write the OCR model folders.")
    parser.add_argument("--out", type=Path, required=True, help="folder that receives one folder per model")
    prepare_models(parser.parse_args().out)


if __name__ == "__main__":
    main()
