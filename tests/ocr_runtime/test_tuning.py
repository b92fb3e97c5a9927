"""What computes best is measured on the machine itself, and kept."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from textmill.engines import EngineOptions, create_engine, tuning
from textmill.engines.computing import choose_computing
from textmill.engines.device import SMALL_MODELS
from textmill.engines.networks import Computing, Precision, Runtime
from textmill.engines.tuning import Trial, best, tune

EXACT = Computing(Runtime.ONNXRUNTIME)
FP32, BF16, INT8 = (Computing(Runtime.OPENVINO, one, one) for one in Precision)


@pytest.mark.parametrize(
    ("trials", "winner"),
    [
        ([Trial(EXACT, 1.0)], EXACT),
        ([Trial(EXACT, 1.0), Trial(FP32, 0.9)], FP32),
        ([Trial(EXACT, 1.0), Trial(FP32, 0.97)], EXACT),
        ([Trial(EXACT, 1.0), Trial(FP32, 1.2), Trial(BF16, 0.5), Trial(INT8, 0.49)], BF16),
        ([Trial(EXACT, 1.0), Trial(BF16, 0.5), Trial(INT8, 0.3, agreement=0.99)], INT8),
        ([Trial(EXACT, 1.0), Trial(BF16, 0.5), Trial(INT8, 0.3, agreement=0.97)], BF16),
        ([Trial(EXACT, 1.0), Trial(INT8, 0.3, agreement=0.0)], EXACT),
    ],
)
def test_the_fastest_that_sees_the_same_wins_and_of_equals_the_most_exact(
    trials: list[Trial], winner: Computing
) -> None:
    assert best(trials) == winner


@pytest.fixture
def options(models_dir: Path, tmp_path: Path) -> EngineOptions:
    detection, recognition = SMALL_MODELS
    return EngineOptions(
        ("en",),
        models_dir,
        threads=1,
        detection_side=960,
        device="cpu",
        detection_model=detection,
        recognition_model=recognition,
        tuning_file=tmp_path / "kept" / "tuning.json",
    )


def test_this_machine_is_measured_once_and_chooses_what_was_best(
    options: EngineOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert options.tuning_file is not None
    monkeypatch.setattr(tuning, "_ROUNDS", 1)
    monkeypatch.setattr(tuning, "_LINES", 3)
    before = choose_computing(options)
    assert "not measured here" in before.why
    chosen = tune(options)
    content = json.loads(options.tuning_file.read_text())
    assert all(trial["seconds"] > 0 and 0 <= trial["agreement"] <= 1 for trial in content["trials"])
    after = choose_computing(options)
    assert (after.runtime, after.finding, after.reading) == (chosen.runtime, chosen.finding, chosen.reading)
    assert "measured to be best" in after.why

    monkeypatch.setattr(tuning, "_readings", lambda options: pytest.fail("measured again"))
    assert tune(options).reading == chosen.reading
    assert [file.name for file in options.tuning_file.parent.iterdir()] == ["tuning.json"]


def test_a_measurement_of_another_processor_is_not_taken(
    options: EngineOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert options.tuning_file is not None
    tuning._keep(options.tuning_file, "another processor", EXACT, [])
    assert "not measured here" in choose_computing(options).why
    monkeypatch.setattr(tuning, "_readings", lambda options: [Trial(FP32, 1.0)])
    monkeypatch.setattr(tuning, "_findings", lambda options: [Trial(FP32, 1.0)])
    assert tune(options) == FP32


def test_finding_and_reading_are_chosen_apart_on_one_runtime(
    options: EngineOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuning, "_readings", lambda options: [Trial(EXACT, 1.0), Trial(INT8, 0.3)])
    monkeypatch.setattr(tuning, "_findings", lambda options: [Trial(EXACT, 1.0), Trial(BF16, 0.3)])
    assert tune(options, again=True) == Computing(Runtime.OPENVINO, Precision.BF16, Precision.INT8)
    monkeypatch.setattr(tuning, "_findings", lambda options: [Trial(EXACT, 1.0), Trial(FP32, 1.0)])
    assert tune(options, again=True).runtime is Runtime.OPENVINO


def test_nothing_is_quantised_where_that_cannot_be_done_or_was_done(
    options: EngineOptions, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shutil.copytree(options.models_dir / SMALL_MODELS[1], tmp_path / SMALL_MODELS[1])
    elsewhere = replace(options, models_dir=tmp_path)
    monkeypatch.setattr("textmill.engines.quantising.quantise", lambda folder: pytest.fail("quantised"))
    tuning.quantise_if_missing(elsewhere)
    (tmp_path / SMALL_MODELS[1] / "int8.bin").unlink()
    monkeypatch.setattr(tuning, "find_spec", lambda name: None)
    tuning.quantise_if_missing(elsewhere)


def test_the_operator_is_told_how_networks_are_computed_and_why(
    options: EngineOptions, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    create_engine("paddle", options)
    assert choose_computing(options).why in caplog.messages


def test_the_engine_loads_none_of_the_packages_it_does_not_need() -> None:
    heavy = ("paddleocr", "paddlex", "onnxruntime", "nncf", "scipy", "sklearn", "pandas", "torch")
    program = f"""
import sys
from textmill.engines import create_engine
from textmill.engines.protocol import engine_options
from textmill.settings import load
create_engine("paddle", engine_options(load(), ("en",)))
print(*sorted(set({heavy!r}) & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "TEXTMILL_DEVICE": "cpu", "TEXTMILL_CPU_RUNTIME": "openvino"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout.strip(), done.returncode) == ("", 0), done.stderr
