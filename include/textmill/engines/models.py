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
import re
import shutil
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from textmill.engines import models_folder
from textmill.engines.model_description import DESCRIPTION_FILE
from textmill.engines.networks import WEIGHTS_FILE
from textmill.errors import ModelsMissing

DETECTION = "PP-OCRv6_small_det"
RECOGNITION = "PP-OCRv6_small_rec"

_WEIGHTS = {DETECTION: "PP-OCRv6_det_small.onnx", RECOGNITION: "PP-OCRv6_rec_small.onnx"}

_MODEL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")

_DECODE_BGR = {"DecodeImage": {"channel_first": False, "img_mode": "BGR"}}
_IMAGENET_MEAN = [0.485, 0.456, 0.406]
_IMAGENET_DEVIATION = [0.229, 0.224, 0.225]


def prepare_models(out: Path) -> None:
    """Write both model folders below `out`, each complete or not at all; what is right is left alone.

    Raises:
        ModelsMissing: the wheel that carries the weights is not installed.
    """
    weights = _weights_folder()
    for model, file_name in _WEIGHTS.items():
        folder = models_folder(out, model)
        description = _description(model, weights / file_name)
        if not _holds(folder / DESCRIPTION_FILE, description):
            _write_model(weights / file_name, folder, description)


@dataclass(frozen=True)
class ModelPlace:
    """A model of PaddleOCR by its official name, and the folder it lies in; None means PaddleOCR's own cache.

    Attributes:
        setting: the setting that names the model, for messages.
    """

    name: str
    folder: Path | None
    root: Path
    setting: str

    def folder_at_hand(self) -> Path:
        """Return the folder with the model; has PaddleOCR download it if it lies in none.

        Raises:
            ModelsMissing: it cannot be downloaded, or PaddleOCR knows no ONNX form of it.
        """
        if self.folder is not None:
            return self.folder
        import paddleocr

        loader = paddleocr.TextDetection if self.name.endswith("_det") else paddleocr.TextRecognition
        try:
            loaded = loader(model_name=self.name, engine="onnxruntime")
        except Exception as error:  # PaddleX raises plain Exception when no download server answers
            raise ModelsMissing(
                f"The OCR model {self.name} ({self.setting}) is not below {self.root} (TEXTMILL_MODELS_DIR), "
                f"and PaddleOCR could not get it either: {_first_line(error)} Put its folder with "
                f"inference.onnx and inference.yml to {models_folder(self.root, self.name)}, or let "
                f"{self.setting} be `auto`."
            ) from error
        return Path(loaded.paddlex_predictor.model_dir)

    def digest(self, folder: Path, *others: str) -> str:
        """Return 12 hex digits that identify weights, description and other files in the model's folder."""
        digest = hashlib.sha256()
        for file_name in (WEIGHTS_FILE, DESCRIPTION_FILE, *others):
            digest.update((folder / file_name).read_bytes())
        return digest.hexdigest()[:12]


def detection_model(wish: str, root: Path) -> ModelPlace:
    """Return where the model that finds lines is; see `_find_model`."""
    return _find_model(wish, DETECTION, root, "TEXTMILL_DETECTION_MODEL")


def recognition_model(wish: str, root: Path) -> ModelPlace:
    """Return where the model that reads lines is; see `_find_model`."""
    return _find_model(wish, RECOGNITION, root, "TEXTMILL_RECOGNITION_MODEL")


def _find_model(wish: str, standard: str, root: Path, setting: str) -> ModelPlace:
    """Find a model below `root`.

    Args:
        wish: `auto` for the standard model, or the official name of another, which PaddleOCR downloads
            when there is no folder of that name.

    Raises:
        ModelsMissing: the standard model was not prepared, the name is no name, or the folder has no ONNX.
    """
    name = standard if wish == "auto" else wish
    if not _MODEL_NAME.fullmatch(name):
        raise ModelsMissing(f"{name!r} is no name of an OCR model ({setting}).")
    folder = models_folder(root, name)
    if not folder.exists():
        if name in _WEIGHTS:
            raise ModelsMissing(
                f"The OCR model {name} is not below {root} (TEXTMILL_MODELS_DIR). "
                f"Write it with `python -m textmill.engines.models --out {root}`."
            )
        return ModelPlace(name, None, root, setting)
    missing = [one for one in (WEIGHTS_FILE, DESCRIPTION_FILE) if not (folder / one).exists()]
    if missing:
        raise ModelsMissing(
            f"The folder {folder} of the OCR model {name} ({setting}) has no {' and no '.join(missing)}. "
            f"Models in Paddle's own format have to be converted with paddle2onnx first."
        )
    return ModelPlace(name, folder, root, setting)


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".") + "."


def _weights_folder() -> Path:
    spec = find_spec("rapidocr")
    if spec is None or spec.origin is None:
        raise ModelsMissing(
            "The package rapidocr, which carries the OCR weights, is not installed in this environment. "
            "Run this in the environment of requirements-ocr.txt."
        )
    return Path(spec.origin).parent / "models"


def _holds(file: Path, text: str) -> bool:
    return file.exists() and file.read_text(encoding="utf-8") == text


def _write_model(weights: Path, folder: Path, description: str) -> None:
    partial = folder.with_name(f"{folder.name}.{os.getpid()}.part")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    shutil.copyfile(weights, partial / WEIGHTS_FILE)
    (partial / DESCRIPTION_FILE).write_text(description, encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)


def _description(model: str, weights: Path) -> str:
    import yaml

    steps = _detection_description() if model == DETECTION else _recognition_description(weights)
    return yaml.safe_dump({"Global": {"model_name": model}, **steps}, allow_unicode=True)


def _detection_description() -> dict[str, Any]:
    normalise = {"mean": _IMAGENET_MEAN, "std": _IMAGENET_DEVIATION, "scale": 1 / 255, "order": "hwc"}
    return {
        "PreProcess": {
            "transform_ops": [
                _DECODE_BGR,
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
        "PreProcess": {"transform_ops": [_DECODE_BGR, {"RecResizeImg": {"image_shape": [3, 48, 320]}}]},
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
