"""The choice of engine and device on the machine on which the tests run."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from ocr_batches import events

from textmill.checkpoint import read_pages
from textmill.engines import EngineOptions
from textmill.engines.device import SMALL_MODELS, probe, resolve
from textmill.engines.gpus import probe_gpus


@pytest.fixture
def options(models_dir: Path) -> EngineOptions:
    return EngineOptions(languages=("en",), models_dir=models_dir, threads=1, detection_side=1440)


def test_the_probe_tells_gpus_or_why_there_are_none() -> None:
    gpus = probe_gpus()
    assert bool(gpus.found) != bool(gpus.trouble)
    assert all(gpu.total_mb >= gpu.free_mb > 0 for gpu in gpus.found)


@pytest.fixture
def two_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """A driver with two GPUs, for machines that have none."""
    import pynvml

    monkeypatch.setenv("CUDA_DEVICE_ORDER", "FASTEST_FIRST")
    memory = [SimpleNamespace(free=1 << 30, total=1 << 34), SimpleNamespace(free=1 << 33, total=1 << 34)]
    answers = {
        "nvmlInit": lambda: None,
        "nvmlShutdown": lambda: None,
        "nvmlDeviceGetCount": lambda: 2,
        "nvmlDeviceGetHandleByIndex": lambda index: index,
        "nvmlDeviceGetUUID": lambda handle: f"GPU-{handle}",
        "nvmlDeviceGetName": lambda handle: b"Tesla T4" if handle else "H100",
        "nvmlDeviceGetMemoryInfo": lambda handle: memory[handle],
        "nvmlDeviceGetCudaComputeCapability": lambda handle: (7, 5),
    }
    for name, answer in answers.items():
        monkeypatch.setattr(pynvml, name, answer)


def test_the_probe_numbers_gpus_as_this_process_will_see_them(
    two_gpus: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1,0")
    first, second = probe_gpus().found
    assert (first.device, first.name, first.free_mb, first.capability) == ("gpu:0", "Tesla T4", 8192, (7, 5))
    assert (second.device, second.name, second.total_mb) == ("gpu:1", "H100", 16384)
    assert os.environ["CUDA_DEVICE_ORDER"] == "PCI_BUS_ID"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert probe_gpus().trouble == "CUDA_VISIBLE_DEVICES hides all of 2 NVIDIA GPUs."


def test_a_driver_that_answers_with_errors_is_no_error_here(
    two_gpus: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pynvml

    def refuse(handle: object) -> None:
        raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)

    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetCudaComputeCapability", refuse)
    assert [gpu.capability for gpu in probe_gpus().found] == [None, None]
    monkeypatch.setattr(pynvml, "nvmlDeviceGetMemoryInfo", refuse)
    assert "does not tell about its GPUs" in probe_gpus().trouble


def test_the_probe_knows_the_prepared_models_and_what_they_can_write(models_dir: Path) -> None:
    machine = probe(models_dir)
    assert set(SMALL_MODELS) <= machine.models
    characters = machine.alphabet(SMALL_MODELS[1])
    assert characters is not None
    assert set("äßçłşœ語の") <= characters
    assert not set("жأ한ậ") & characters
    assert machine.alphabet("absent") is None
    assert "eng" in machine.packs


@pytest.mark.parametrize("language", ["en", "pl", "tr", "zh", "ja"])
def test_scripts_that_pp_ocr_knows_are_read_by_paddle(options: EngineOptions, language: str) -> None:
    choice = resolve("auto", replace(options, languages=(language,), device="cpu"))
    assert (choice.engine, choice.options.device) == ("paddle", "cpu")
    assert (choice.options.detection_model, choice.options.recognition_model) == SMALL_MODELS


def run_command(
    repository: Path, models_dir: Path, *arguments: str, **settings: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "textmill.engines.device", *arguments],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(repository / "include"),
            "TEXTMILL_MODELS_DIR": str(models_dir),
            **settings,
        },
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_shows_the_choice_and_why(repository: Path, models_dir: Path) -> None:
    done = run_command(repository, models_dir, "--languages", "de, en", TEXTMILL_DEVICE="gpu:93")
    assert done.returncode == 0, done.stderr
    facts = dict(line.split(maxsplit=1) for line in done.stdout.splitlines()[:3])
    assert facts == {"Engine": "paddle", "Device": "cpu", "Models": ", ".join(SMALL_MODELS)}
    assert "can write German" in done.stdout
    assert "! " in done.stdout
    assert "TEXTMILL_DEVICE is gpu:93" in done.stdout


def test_the_command_says_what_is_wrong(repository: Path, models_dir: Path) -> None:
    done = run_command(repository, models_dir, TEXTMILL_DEVICE="tpu")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "TEXTMILL_DEVICE is 'tpu'" in done.stderr


def test_a_batch_tells_what_was_chosen_and_what_could_not_be_had(  # type: ignore[no-untyped-def]
    make_batch, run_worker, samples
) -> None:
    area = make_batch([samples / "table-ferry.png"], "auto")
    done = run_worker(area, device="gpu:93")
    assert done.returncode == 0, done.stderr
    ready = events(done)[0]
    assert ready["engine"] == "paddle"
    assert any("can write English" in note for note in ready["notes"])
    (warning,) = ready["warnings"]
    assert "TEXTMILL_DEVICE is gpu:93" in warning
    assert warning in done.stderr.decode()
    (page,) = read_pages(area.checkpoint)
    assert "ferry" in page.text.lower()


def test_a_batch_is_read_with_tesseract(make_batch, run_worker, samples) -> None:  # type: ignore[no-untyped-def]
    area = make_batch([samples / "table-ferry.png"], "tesseract")
    done = run_worker(area)
    assert done.returncode == 0, done.stderr
    assert events(done)[0]["warnings"] == []
    (page,) = read_pages(area.checkpoint)
    assert (page.engine, "ferry" in page.text.lower()) == ("tesseract", True)
