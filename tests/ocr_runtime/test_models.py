"""Which models PaddleOCR is given, and what is said when it cannot have them."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from textmill.engines import EngineOptions, create_engine
from textmill.engines.models import RECOGNITION, prepare_models, recognition_model
from textmill.errors import ModelsMissing


@pytest.fixture
def options(models_dir: Path) -> EngineOptions:
    return EngineOptions(
        languages=("en",), models_dir=models_dir, threads=1, detection_side=1440, device="cpu"
    )


def test_a_model_below_the_models_folder_is_used_by_its_name(options: EngineOptions, tmp_path: Path) -> None:
    name = "en_PP-OCRv5_mobile_rec"
    shutil.copytree(options.models_dir, tmp_path, dirs_exist_ok=True)
    shutil.copytree(options.models_dir / RECOGNITION, tmp_path / name)
    description = tmp_path / name / "inference.yml"
    content = yaml.safe_load(description.read_text(encoding="utf-8"))
    content["Global"]["model_name"] = name
    description.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")

    standard = create_engine("paddle", options)
    other = create_engine("paddle", replace(options, models_dir=tmp_path, recognition_model=name))
    assert other.model == f"PP-OCRv6_small_det+{name}"
    assert other.fingerprint != standard.fingerprint


def test_a_model_that_cannot_be_had_is_named_with_its_setting_and_folder(
    options: EngineOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    with pytest.raises(ModelsMissing) as caught:
        create_engine("paddle", replace(options, recognition_model="PP-OCRv9_enormous_rec"))
    message = str(caught.value)
    assert "PP-OCRv9_enormous_rec (TEXTMILL_RECOGNITION_MODEL)" in message
    assert str(options.models_dir / "PP-OCRv9_enormous_rec") in message


@pytest.mark.parametrize("name", ["../elsewhere", "a/b", "", ".hidden"])
def test_what_is_no_name_of_a_model_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelsMissing, match="no name of an OCR model"):
        recognition_model(name, tmp_path)


def test_models_in_paddles_own_format_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "PP-OCRv5_server_rec"
    folder.mkdir()
    (folder / "inference.yml").touch()
    (folder / "inference.pdiparams").touch()
    with pytest.raises(ModelsMissing, match=r"has no inference\.onnx.*paddle2onnx"):
        recognition_model("PP-OCRv5_server_rec", tmp_path)


def test_an_outdated_description_is_written_again(tmp_path: Path) -> None:
    prepare_models(tmp_path)
    description = tmp_path / RECOGNITION / "inference.yml"
    right = description.read_text(encoding="utf-8")
    description.write_text("Global: {}", encoding="utf-8")
    prepare_models(tmp_path)
    assert description.read_text(encoding="utf-8") == right


def test_a_gpu_that_cannot_be_had_is_a_warning_and_the_cpu_reads(
    options: EngineOptions, caplog: pytest.LogCaptureFixture
) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this ONNX Runtime has CUDA")
    assert create_engine("paddle", replace(options, device="gpu:1")).name == "paddle"
    assert "gpu:1" in caplog.text
