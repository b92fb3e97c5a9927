"""Whatever computes a network, and in whatever numbers, lines read alike."""

from __future__ import annotations

import resource
import shutil
from collections.abc import Callable
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawn_lines import chinese, typed

from textmill.engines import openvino_networks
from textmill.engines.computing import _flags
from textmill.engines.line_samples import line_samples, scaled_samples
from textmill.engines.models import DETECTION, RECOGNITION, recognition_model
from textmill.engines.networks import (
    INT8_FILES,
    Classes,
    Computing,
    LineSteps,
    Precision,
    Runtime,
    finding_network,
    reading_network,
)
from textmill.engines.recogniser import PaddleRecogniser

ON_OPENVINO = Computing(Runtime.OPENVINO)
ON_ONNX_RUNTIME = Computing(Runtime.ONNXRUNTIME)
READABLE = "田中山口"

Make = Callable[..., PaddleRecogniser]


@pytest.fixture(scope="module")
def make(models_dir: Path) -> Make:
    @cache
    def build(computing: Computing = ON_OPENVINO, languages: tuple[str, ...] = ("en",)) -> PaddleRecogniser:
        return PaddleRecogniser(
            recognition_model("auto", models_dir), languages=languages, computing=computing
        )

    return build


@pytest.fixture(scope="module")
def lines() -> list[Any]:
    return line_samples()[::12]


def steps(models_dir: Path, computing: Computing, lines: list[Any]) -> list[LineSteps]:
    """What a network sees when every class may stand there."""
    folder = models_dir / RECOGNITION
    network = reading_network(folder, computing, Classes(np.ones(18710, np.float32)))
    return [network.steps(line)[0] for line in scaled_samples(folder, lines)]


def in_precision(models_dir: Path, precision: Precision) -> Computing:
    if precision is Precision.BF16 and "avx512_bf16" not in _flags():
        pytest.skip("this processor has no bf16")
    if precision is Precision.INT8 and not (models_dir / RECOGNITION / INT8_FILES[0]).exists():
        pytest.skip("the network was not quantised here")
    return Computing(Runtime.OPENVINO, precision, precision)


def test_openvino_reads_what_onnx_runtime_reads(make: Make, lines: list[Any]) -> None:
    found = make(ON_OPENVINO).recognise(lines)
    expected = make(ON_ONNX_RUNTIME).recognise(lines)
    assert [one.text for one in found] == [one.text for one in expected]
    assert [one.confidence for one in found] == pytest.approx([one.confidence for one in expected], abs=1e-3)


def test_openvino_finds_what_onnx_runtime_finds(models_dir: Path) -> None:
    page = np.random.default_rng(0).normal(size=(1, 3, 320, 256)).astype(np.float32)
    maps = [
        finding_network(models_dir / DETECTION, computing).probabilities(page)
        for computing in (ON_OPENVINO, ON_ONNX_RUNTIME)
    ]
    assert maps[0].shape == (320, 256)
    assert np.abs(maps[0] - maps[1]).max() < 1e-3


@pytest.mark.parametrize("precision", [Precision.BF16, Precision.INT8])
def test_fewer_bits_see_the_same_almost_everywhere(
    models_dir: Path, lines: list[Any], precision: Precision
) -> None:
    exact = steps(models_dir, ON_OPENVINO, lines)
    found = steps(models_dir, in_precision(models_dir, precision), lines)
    same = [np.mean(one.classes == other.classes) for one, other in zip(exact, found, strict=True)]
    assert np.mean(same) >= 0.98


def test_the_usual_classes_read_what_all_classes_read(make: Make, lines: list[Any]) -> None:
    usual, everything = make(ON_OPENVINO), make(ON_ONNX_RUNTIME)
    for line in lines:
        (found,), (expected,) = usual.examine([line]), everything.examine([line])
        assert [one.text for one in found.characters] == [one.text for one in expected.characters]


@pytest.mark.parametrize("precision", list(Precision))
def test_an_english_run_still_reads_a_line_in_chinese(
    models_dir: Path, make: Make, precision: Precision
) -> None:
    (reading,) = make(in_precision(models_dir, precision)).recognise([chinese(READABLE)])
    assert reading.text == READABLE
    assert reading.confidence > 0.9


def test_a_line_in_two_scripts_is_read_in_both(make: Make) -> None:
    word, characters = typed("Hotel"), chinese(READABLE)
    height = characters.shape[0]
    blank = np.full((height, word.shape[1], 3), 249, np.uint8)
    blank[(height - word.shape[0]) // 2 :][: word.shape[0]] = word
    (reading,) = make().recognise([np.concatenate([blank, characters], axis=1)])
    assert reading.text.replace(" ", "") == f"Hotel{READABLE}"


@pytest.mark.parametrize("text", ["café Müller", "Łódź", "Señor Núñez", "Škoda 12,50 €", "±5 °C"])
def test_names_and_signs_of_other_languages_are_read_in_an_english_run(make: Make, text: str) -> None:
    (reading,) = make().recognise([typed(text)])
    assert reading.text == text


def test_only_letters_of_the_scripts_of_the_languages_are_usual(make: Make) -> None:
    usual = make()._network._usual
    assert 500 < len(usual) < 3000
    assert (usual[0], usual[-1]) == (0, 18709)
    assert make(ON_OPENVINO, ("zh",))._network._usual is None


def test_the_last_layer_of_a_network_that_ends_otherwise_is_not_guessed(models_dir: Path) -> None:
    import openvino

    folder = models_dir / RECOGNITION
    whole = openvino.Core().read_model(folder / "inference.onnx")
    assert openvino_networks.last_layer(whole) is not None
    doubled = openvino_networks.ops.multiply(whole.outputs[0], np.float32(1.0))
    other = openvino.Model([openvino_networks.ops.result(doubled)], whole.get_parameters(), "other")
    assert openvino_networks.last_layer(other) is None


def test_a_network_whose_end_is_unknown_reads_as_well(
    monkeypatch: pytest.MonkeyPatch, make: Make, models_dir: Path, lines: list[Any]
) -> None:
    expected = make().recognise(lines)
    monkeypatch.setattr(openvino_networks, "last_layer", lambda model: None)
    place = recognition_model("auto", models_dir)
    found = PaddleRecogniser(place, languages=("en",), computing=ON_OPENVINO).recognise(lines)
    assert [one.text for one in found] == [one.text for one in expected]


def test_the_fingerprint_tells_the_runtime_the_precision_and_the_quantised_file(
    models_dir: Path, tmp_path: Path
) -> None:
    int8 = in_precision(models_dir, Precision.INT8)
    shutil.copytree(models_dir / RECOGNITION, tmp_path / RECOGNITION)
    place = recognition_model("auto", tmp_path)

    def fingerprint(computing: Computing) -> str:
        return PaddleRecogniser(place, languages=("en",), computing=computing).fingerprint

    before = {one: fingerprint(one) for one in (ON_OPENVINO, ON_ONNX_RUNTIME, int8)}
    assert len(set(before.values())) == 3
    with (tmp_path / RECOGNITION / INT8_FILES[0]).open("a") as description:
        description.write("\n")
    after = {one: fingerprint(one) for one in before}
    assert [one for one in before if before[one] != after[one]] == [int8]


def test_memory_does_not_grow_with_every_size_of_a_page(models_dir: Path) -> None:
    network = finding_network(models_dir / DETECTION, ON_OPENVINO)

    def look(height: int, width: int) -> None:
        network.probabilities(np.zeros((1, 3, 32 * height, 32 * width), np.float32))

    look(9, 9)
    before = anonymous_mb()
    for height, width in product(range(3, 9), range(2, 10)):
        look(height, width)
    assert anonymous_mb() - before < 120  # 190 where the code for every size is kept


@pytest.mark.parametrize("computing", [ON_OPENVINO, ON_ONNX_RUNTIME], ids=["openvino", "onnxruntime"])
def test_where_memory_runs_out_nothing_is_read_rather_than_something_else(
    models_dir: Path, lines: list[Any], computing: Computing
) -> None:
    folder = models_dir / RECOGNITION
    pictures = [line[..., :160] for line in scaled_samples(folder, lines)]
    network = reading_network(folder, computing, Classes(np.ones(18710, np.float32)))
    right = network.steps(pictures[0])[0].classes
    wide = np.concatenate(pictures[1:] * 4, axis=3)
    unlimited = resource.getrlimit(resource.RLIMIT_AS)
    mapped = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (mapped + (8 << 20), unlimited[1]))
    try:
        with pytest.raises(MemoryError):
            network.steps(wide)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, unlimited)
    assert np.array_equal(network.steps(pictures[0])[0].classes, right)
    assert len(network.steps(wide)[0].classes) == wide.shape[3] // 8


def anonymous_mb() -> float:
    rollup = Path("/proc/self/smaps_rollup").read_text(encoding="ascii")
    return int(rollup.partition("Anonymous:")[2].split()[0]) / 1024
