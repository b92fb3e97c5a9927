"""What computes the networks: by wish, by measurement, or by what the processor can do."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from textmill.engines import computing
from textmill.engines.computing import Abilities, choose, machine_key, read_tuning, tuning_file
from textmill.engines.networks import Computing, Precision, Runtime
from textmill.engines.protocol import EngineOptions
from textmill.errors import SettingsError

ZEN4 = frozenset({"avx512_bf16", "avx512_vnni"})
SAPPHIRE_RAPIDS = ZEN4 | {"amx_bf16", "amx_int8"}
ICE_LAKE = frozenset({"avx512_vnni"})
ALDER_LAKE = frozenset({"avx_vnni"})
HASWELL = frozenset({"avx2"})
FP32, BF16, INT8 = Precision
TUNED = Computing(Runtime.OPENVINO, BF16, INT8)
ONNX_TUNED = Computing(Runtime.ONNXRUNTIME)


def able(flags: frozenset[str] = ZEN4, *, openvino: bool = True, quantised: bool = True) -> Abilities:
    return Abilities(openvino, flags, quantised)


@pytest.mark.parametrize(
    ("flags", "quantised", "finding", "reading"),
    [
        (ZEN4, True, BF16, INT8),
        (ZEN4, False, BF16, BF16),
        (SAPPHIRE_RAPIDS, True, BF16, BF16),
        (ICE_LAKE, True, FP32, INT8),
        (ICE_LAKE, False, FP32, FP32),
        (ALDER_LAKE, True, FP32, INT8),
        (HASWELL, True, FP32, FP32),
        (frozenset(), True, FP32, FP32),
    ],
)
def test_where_nothing_was_measured_the_processor_decides(
    flags: frozenset[str], quantised: bool, finding: Precision, reading: Precision
) -> None:
    chosen = choose("auto", "auto", able(flags, quantised=quantised), None)
    assert (chosen.runtime, chosen.finding, chosen.reading) == (Runtime.OPENVINO, finding, reading)
    assert "not measured here" in chosen.why


@pytest.mark.parametrize("tuned", [TUNED, ONNX_TUNED, Computing(Runtime.OPENVINO)])
def test_what_was_measured_goes_before_what_the_processor_is_said_to_do(tuned: Computing) -> None:
    chosen = choose("auto", "auto", able(HASWELL), tuned)
    assert replace(chosen, why="") == tuned
    assert "measured to be best" in chosen.why


@pytest.mark.parametrize(
    ("abilities", "expected"),
    [
        (able(openvino=False), Computing(Runtime.ONNXRUNTIME)),
        (able(quantised=False), Computing(Runtime.OPENVINO, BF16, BF16)),
    ],
)
def test_a_measurement_of_what_is_gone_is_no_measurement(abilities: Abilities, expected: Computing) -> None:
    assert replace(choose("auto", "auto", abilities, TUNED), why="") == expected


@pytest.mark.parametrize(
    ("runtime", "precision", "tuned", "expected"),
    [
        ("onnxruntime", "auto", TUNED, Computing(Runtime.ONNXRUNTIME)),
        ("onnxruntime", "fp32", TUNED, Computing(Runtime.ONNXRUNTIME)),
        ("openvino", "auto", ONNX_TUNED, TUNED),
        ("openvino", "auto", Computing(Runtime.OPENVINO), Computing(Runtime.OPENVINO)),
        ("auto", "fp32", TUNED, Computing(Runtime.OPENVINO)),
        ("auto", "bf16", None, Computing(Runtime.OPENVINO, BF16, BF16)),
        ("openvino", "int8", ONNX_TUNED, TUNED),
    ],
)
def test_wishes_go_before_measurements(
    runtime: str, precision: str, tuned: Computing | None, expected: Computing
) -> None:
    assert replace(choose(runtime, precision, able(), tuned), why="") == expected


@pytest.mark.parametrize(
    ("runtime", "precision", "abilities", "sentence"),
    [
        (
            "tensorrt",
            "auto",
            able(),
            r"TEXTMILL_CPU_RUNTIME is 'tensorrt'; it can be auto, openvino, onnxrun",
        ),
        ("auto", "fp16", able(), "TEXTMILL_CPU_PRECISION is 'fp16'; it can be auto, fp32, bf16, int8"),
        ("auto", "bf16", able(HASWELL), "TEXTMILL_CPU_PRECISION is bf16, but this processor has neither"),
        ("auto", "int8", able(quantised=False), "TEXTMILL_CPU_PRECISION is int8, .*make tune"),
        (
            "openvino",
            "auto",
            able(openvino=False),
            "TEXTMILL_CPU_RUNTIME is openvino, which is not installed",
        ),
        ("onnxruntime", "int8", able(), "TEXTMILL_CPU_PRECISION is int8, but ONNX Runtime computes in fp32"),
    ],
)
def test_a_wish_that_cannot_be_had_is_refused_by_its_setting(
    runtime: str, precision: str, abilities: Abilities, sentence: str
) -> None:
    with pytest.raises(SettingsError, match=sentence):
        choose(runtime, precision, abilities, TUNED)


# --- what was measured ----------------------------------------------------------------------------------

CONTENT = {"machine": "this", "chosen": {"runtime": "openvino", "finding": "bf16", "reading": "int8"}}


def test_a_measurement_is_read_back(tmp_path: Path) -> None:
    file = tmp_path / "tuning.json"
    assert read_tuning(file, "this") is None
    file.write_text(json.dumps(CONTENT))
    assert read_tuning(file, "this") == TUNED
    assert read_tuning(file, "another processor") is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"machine": "this"}',
        '{"machine": "this", "chosen": {"runtime": "openvino"}}',
        '{"machine": "this", "chosen": {"runtime": "abacus", "finding": "fp32", "reading": "fp32"}}',
        '{"machine": "this", "chosen": {"runtime": "openvino", "finding": "fp8", "reading": "fp32"}}',
        '{"machine": "this", "chosen": "openvino"}',
    ],
)
def test_a_measurement_that_is_damaged_or_of_another_version_is_no_measurement(
    tmp_path: Path, text: str
) -> None:
    file = tmp_path / "tuning.json"
    file.write_text(text)
    assert read_tuning(file, "this") is None


def test_a_measurement_that_is_no_text_is_no_measurement(tmp_path: Path) -> None:
    file = tmp_path / "tuning.json"
    file.write_bytes(b"\xff\xfe\x00")
    assert read_tuning(file, "this") is None
    assert read_tuning(tmp_path, "this") is None


def test_a_measurement_holds_for_processor_libraries_threads_and_model(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    options = EngineOptions(("en",), tmp_path, threads=1, detection_side=960, recognition_model="small")
    keys = [machine_key(options)]
    keys += [
        machine_key(replace(options, threads=2)),
        machine_key(replace(options, recognition_model="large")),
    ]
    monkeypatch.setattr(computing, "cpu_model", lambda: "Another processor")
    keys.append(machine_key(options))
    monkeypatch.setattr(computing, "_flags", lambda: ICE_LAKE)
    keys.append(machine_key(options))
    monkeypatch.setattr(computing, "_installed", lambda package: "9.9")
    keys.append(machine_key(options))
    assert len(set(keys)) == 6
    assert machine_key(replace(options, languages=("de",), detection_side=1440)) == keys[-1]


def test_it_is_kept_beside_the_models_unless_told_otherwise(tmp_path: Path) -> None:
    options = EngineOptions(("en",), tmp_path, threads=1, detection_side=960)
    assert tuning_file(options) == tmp_path / "tuning.json"
    assert tuning_file(replace(options, tuning_file=tmp_path / "other.json")) == tmp_path / "other.json"
