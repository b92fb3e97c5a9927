"""The floor: operations counted on graphs that can be counted by hand, a stopwatch, and the report."""

from __future__ import annotations

import json
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import numpy as np
import openvino
import pytest
from openvino import opset13 as ops

from bench import floor_peak, floor_picture, floor_report
from bench.floor import Profiler, stock_seconds
from bench.floor_operations import NetworkOperations, is_quantised, layer_operations
from bench.floor_records import Floor, Part, SetProfile
from bench.floor_steps import NetworkCall, Stopwatch, _observed
from bench.speed_records import Job, JobPage, SetKind
from textmill.engines.networks import BLANK, LineSteps, Precision
from textmill.settings import load


def ones(*shape: int) -> openvino.Node:
    return ops.constant(np.ones(shape, np.float32))


def counted(model: openvino.Model) -> dict[str, int]:
    found = {node.get_type_name(): layer_operations(node) for node in model.get_ordered_ops()}
    return {name: operations for name, operations in found.items() if operations}


def one_layer(layer: openvino.Node, picture: openvino.Node) -> openvino.Model:
    return openvino.Model([ops.result(layer)], [picture], "one layer")


class TestOperations:
    """Of layers over a picture of 3 channels, 8 rows and 10 columns, or 4 channels."""

    def test_a_convolution_needs_all_inputs_under_its_window_for_each_output(self) -> None:
        picture = ops.parameter([1, 3, 8, 10], np.float32)
        layer = ops.convolution(picture, ones(5, 3, 3, 3), [2, 2], [1, 1], [1, 1], [1, 1])
        assert counted(one_layer(layer, picture)) == {"Convolution": 2 * (5 * 4 * 5) * (3 * 3 * 3)}

    def test_a_convolution_in_groups_needs_those_of_its_group(self) -> None:
        picture = ops.parameter([1, 4, 8, 10], np.float32)
        layer = ops.group_convolution(picture, ones(2, 3, 2, 1, 1), [1, 1], [0, 0], [0, 0], [1, 1])
        assert counted(one_layer(layer, picture)) == {"GroupConvolution": 2 * (6 * 8 * 10) * 2}

    def test_a_transposed_convolution_spreads_each_input_by_its_window(self) -> None:
        picture = ops.parameter([1, 3, 8, 10], np.float32)
        layer = ops.convolution_backprop_data(picture, ones(3, 5, 2, 2), [2, 2])
        assert counted(one_layer(layer, picture)) == {
            "ConvolutionBackpropData": 2 * (3 * 8 * 10) * (5 * 2 * 2)
        }

    @pytest.mark.parametrize("turned", [False, True])
    def test_a_product_needs_its_inner_dimension_for_each_output(self, turned: bool) -> None:
        rows = ops.parameter([7, 6] if turned else [6, 7], np.float32)
        layer = ops.matmul(rows, ones(7, 9), turned, False)
        assert counted(one_layer(layer, rows)) == {"MatMul": 2 * (6 * 9) * 7}

    def test_only_a_layer_of_which_both_inputs_have_8_bits_counts_as_quantised(self) -> None:
        for quantised in (True, False):
            chain = floor_peak.chain(floor_peak.Shape(8, 4, 2), quantised=quantised)
            layers = [node for node in chain.get_ordered_ops() if layer_operations(node)]
            assert [is_quantised(node) for node in layers] == [quantised, quantised]

    def test_weights_that_are_stored_with_8_bits_count_as_quantised_only_beside_such_numbers(self) -> None:
        picture = ops.parameter([1, 2, 4, 4], np.float32)
        stored = ops.constant(np.ones((3, 2, 1, 1), np.int8))
        weights = ops.multiply(ops.convert(stored, "f32"), ones(3, 1, 1, 1))
        bounds = [np.full((1, 1, 1, 1), bound, np.float32) for bound in (0.0, 1.0, 0.0, 1.0)]
        for numbers, quantised in ((picture, False), (ops.fake_quantize(picture, *bounds, 256), True)):
            layer = ops.convolution(numbers, weights, [1, 1], [0, 0], [0, 0], [1, 1])
            assert is_quantised(layer) is quantised

    def test_the_peak_is_measured_over_as_many_operations_as_are_counted(self) -> None:
        shape = floor_peak.Shape(16, 6, 3)
        chain = floor_peak.chain(shape, quantised=True)
        assert sum(layer_operations(node) for node in chain.get_ordered_ops()) == shape.operations


class TestNetworkOperations:
    """A network that reads lines: a convolution with stride 8, then a layer of 20 classes."""

    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        picture = ops.parameter([-1, 3, 48, -1], np.float32)
        features = ops.convolution(picture, ones(4, 3, 48, 8), [48, 8], [0, 0], [0, 0], [1, 1])
        steps = ops.transpose(ops.squeeze(features, np.array([2])), np.array([0, 2, 1]))
        # As in PaddleOCR's networks: behind this reshape the number of lines is not known.
        rows = ops.reshape(steps, np.array([-1, 0, 4]), True)
        classes = ops.softmax(ops.add(ops.matmul(rows, ones(4, 20), False, False), ones(1, 1, 20)), -1)
        path = tmp_path / "reading.xml"
        openvino.save_model(
            openvino.Model([ops.result(classes)], [picture], "reading"), path, compress_to_fp16=False
        )
        return path

    def test_all_classes_are_counted(self, file: Path) -> None:
        network = NetworkOperations(file, Precision.FP32)
        # 10 time steps of 4 features.
        assert network.count((1, 3, 48, 80)) == {Precision.FP32: 2 * 10 * 4 * (3 * 48 * 8) + 2 * 10 * 4 * 20}

    def test_of_the_last_layer_only_the_classes_count_that_are_computed(self, file: Path) -> None:
        network = NetworkOperations(file, Precision.BF16, classes=5)
        assert network.count((1, 3, 48, 80)) == {Precision.BF16: 2 * 10 * 4 * (3 * 48 * 8) + 2 * 10 * 4 * 5}

    def test_lines_that_are_read_together_need_as_much_as_one_by_one(self, file: Path) -> None:
        network = NetworkOperations(file, Precision.FP32)
        alone = network.count((1, 3, 48, 160))[Precision.FP32]
        assert network.count((4, 3, 48, 160)) == {Precision.FP32: 4 * alone}
        assert alone == 2 * network.count((1, 3, 48, 80))[Precision.FP32]


class TestStopwatch:
    """With a clock that is moved by hand."""

    @pytest.fixture
    def now(self) -> list[float]:
        return [0.0]

    @pytest.fixture
    def stopwatch(self, now: list[float]) -> Stopwatch:
        return Stopwatch(clock=lambda: now[0])

    def test_a_step_within_a_step_stops_the_outer_watch(self, stopwatch: Stopwatch, now: list[float]) -> None:
        with stopwatch.part(Part.FINDING_SCALING):
            now[0] = 1.0
            with stopwatch.part(Part.FINDING_NETWORK):
                now[0] = 5.0
            now[0] = 7.0
        now[0] = 100.0  # nobody's
        assert stopwatch.seconds == {Part.FINDING_SCALING: 3.0, Part.FINDING_NETWORK: 4.0}

    def test_what_fails_is_booked_and_left(self, stopwatch: Stopwatch, now: list[float]) -> None:
        with pytest.raises(ValueError), stopwatch.part(Part.REST), stopwatch.part(Part.CUTTING):
            now[0] = 2.0
            raise ValueError
        with stopwatch.part(Part.OPENING):
            now[0] = 3.0
        assert stopwatch.seconds == {Part.REST: 0.0, Part.CUTTING: 2.0, Part.OPENING: 1.0}

    def test_second_opinions_keep_what_they_have_done_by_others(
        self, stopwatch: Stopwatch, now: list[float]
    ) -> None:
        with stopwatch.part(Part.REST), stopwatch.part(Part.SECOND_REST):
            with stopwatch.part(Part.CUTTING):
                now[0] = 1.0
            with stopwatch.part(Part.READING_NETWORK) as booked:
                now[0] = 4.0
        assert booked is Part.SECOND_NETWORKS
        assert stopwatch.seconds == {Part.REST: 0.0, Part.SECOND_REST: 1.0, Part.SECOND_NETWORKS: 3.0}

    def test_inputs_of_networks_are_noted_but_not_those_of_preprocessing(self, stopwatch: Stopwatch) -> None:
        def probabilities(network: object, picture: np.ndarray) -> np.ndarray:
            return picture[0, 0]

        look = _observed(probabilities, Part.FINDING_NETWORK, stopwatch)
        picture = np.zeros((1, 3, 64, 32), np.float32)
        assert look(None, picture).shape == (64, 32)
        with stopwatch.part(Part.PREPROCESSING):
            look(None, picture)
        assert stopwatch.calls == [
            NetworkCall(Part.FINDING_NETWORK, Part.FINDING_NETWORK, (1, 3, 64, 32)),
        ]

    def test_telling_all_characters_apart_is_booked_when_somebody_asks(
        self, stopwatch: Stopwatch, now: list[float]
    ) -> None:
        all_steps = LineSteps(np.array([7]), np.array([0.9]), np.array([0.1]))

        def among_all() -> LineSteps:
            now[0] += 2.0
            return all_steps

        def steps(network: object, pictures: np.ndarray) -> list[LineSteps]:
            now[0] += 1.0
            return [LineSteps(np.array([BLANK]), np.array([0.5]), np.array([0.1]), among_all)]

        (line,) = _observed(steps, Part.READING_NETWORK, stopwatch)(None, np.zeros((1, 3, 48, 8)))
        assert line.among_all is not None and line.among_all() is all_steps
        assert stopwatch.seconds == {Part.READING_NETWORK: 1.0, Part.READING_ALL_CLASSES: 2.0}


def test_the_time_of_a_page_that_is_read_is_booked_to_its_steps(models_dir: Path, samples: Path) -> None:
    settings = load().model_copy(update={"models_dir": models_dir, "device": "cpu"})
    memo = samples / "memo-moving.png"
    profiler = Profiler(settings)
    began = time.perf_counter()
    stopwatch = profiler.round(Job("one page", SetKind.PICTURES, (JobPage(memo, 1, memo),)))
    passed = time.perf_counter() - began
    assert passed / 2 < sum(stopwatch.seconds.values()) <= passed
    taken = {part for part, seconds in stopwatch.seconds.items() if seconds}
    assert set(Part) - taken <= {Part.SECOND_NETWORKS, Part.SECOND_REST, Part.READING_ALL_CLASSES}
    finding = [one for one in stopwatch.calls if one.network is Part.FINDING_NETWORK]
    reading = [one for one in stopwatch.calls if one.network is Part.READING_NETWORK]
    assert len(finding) == 1 and len(reading) > 1
    assert profiler.operations.finding.count(finding[0].shape).total() > 1e9


@pytest.fixture
def floor() -> Floor:
    """A page takes 1 s: 0.3 s to find lines, of which 0.15 s are needed, and 0.4 s to read them (0.1)."""
    seconds = dict.fromkeys(Part, 0.0) | {
        Part.OPENING: 0.2,
        Part.FINDING_NETWORK: 0.3,
        Part.READING_NETWORK: 0.4,
        Part.READING_DECODING: 0.1,
    }
    operations: dict[Part, dict[Precision, float]] = {
        Part.FINDING_NETWORK: {Precision.BF16: 30e9},
        Part.READING_NETWORK: {Precision.INT8: 36e9, Precision.BF16: 2e9},
        Part.SECOND_NETWORKS: {},
    }
    return Floor(
        date="2026-01-31",
        machine={"cpu": "Some Processor", "cores": 2, "memory_gb": 7.8, "system": "Linux 6.1"},
        others_busy=3.0,
        rounds=3,
        versions={"openvino": "1.0"},
        networks="Networks run on OpenVINO.",
        peaks={Precision.FP32: 100e9, Precision.BF16: 200e9, Precision.INT8: 400e9},
        sets=[SetProfile("dense", "pages <of> print & more", 2, 1.0, 90.0, seconds, operations, stock=3.0)],
    )


class TestReport:
    def test_the_floor_takes_each_layer_in_the_numbers_in_which_it_is_computed(self, floor: Floor) -> None:
        (dense,) = floor.sets
        assert floor.least(dense, Part.FINDING_NETWORK) == pytest.approx(0.15)
        assert floor.least(dense, Part.READING_NETWORK) == pytest.approx(0.09 + 0.01)
        assert floor.floor(dense) == pytest.approx(0.25)
        assert floor.floor_in(dense, Precision.FP32) == pytest.approx(0.68)

    def test_the_floor_is_held_against_stock_paddleocr_on_all_cores(self, floor: Floor) -> None:
        (dense,) = floor.sets
        # Two cores at 0.25 s a page need 0.125 s, stock PaddleOCR 3 s.
        assert floor.times_stock(dense, floor.floor(dense)) == pytest.approx(24.0)
        assert floor.times_stock(replace(dense, stock=None), 0.25) is None

    def test_tables_say_what_each_part_takes_and_each_network_reaches(self, floor: Floor) -> None:
        text = "\n".join(" ".join(line.split()) for line in floor_report.markdown(floor).splitlines())
        assert "| reading: decoding and spacing | 100.0 (10 %) |" in text
        assert "cutting out |" not in text  # took no time
        assert "| dense, finding: network | 30.00 | bf16 100 % | 150.0 | 300.0 | 50 % |" in text
        assert "| dense, reading: network | 38.00 | int8 95 %, bf16 5 % | 100.0 | 400.0 | 25 % |" in text
        assert "| dense, measured | 1000 | 1.00 | 6.0 |" in text
        assert "| dense, floor as computed | 250 | 4.00 | 24.0 |" in text

    def test_all_that_follows_from_the_figures_is_in_the_file(self, floor: Floor) -> None:
        (dense,) = json.loads(json.dumps(floor.as_json()))["sets"]
        assert dense["measured"] == pytest.approx(1.0)
        assert dense["floor"] == pytest.approx(0.25)
        assert dense["floor_in"] == pytest.approx({"fp32": 0.68, "bf16": 0.34, "int8": 0.17})

    def test_bars_are_as_long_as_the_parts_took(self, floor: Floor) -> None:
        drawn = ElementTree.fromstring(floor_picture.svg(floor))
        space = "{http://www.w3.org/2000/svg}"
        widths = {
            told.text: float(bar.get("width", "0"))
            for bar in drawn.iter(f"{space}rect")
            if (told := bar.find(f"{space}title")) is not None
        }
        longest = {
            "opening: 200.0 ms": 0.2,
            "finding lines: network: 300.0 ms": 0.3,
            "reading lines: network: 400.0 ms": 0.4,
            "reading lines: the rest: 100.0 ms": 0.1,
        }
        least = {"finding lines: network: 150.0 ms": 0.15, "reading lines: network: 100.0 ms": 0.1}
        whole = sum(widths[told] for told in longest)
        assert {told: width / whole for told, width in widths.items()} == pytest.approx(
            longest | least, abs=0.001
        )

    def test_speed_on_another_machine_is_no_yardstick(self, tmp_path: Path) -> None:
        here = {"cpu": "Some Processor", "cores": 2}
        results = tmp_path / "speed.json"
        assert stock_seconds(results, here) == {}
        measured = [
            {"entrant": "stock PaddleOCR", "page_set": "dense", "pages": 2, "seconds": [9.0, 6.0, 5.0]},
            {"entrant": "Textmill", "page_set": "dense", "pages": 2, "seconds": [1.0, 1.0, 1.0]},
        ]
        results.write_text(json.dumps({"machine": here, "measurements": measured}))
        assert stock_seconds(results, here) == {"dense": 3.0}
        assert stock_seconds(results, {**here, "cores": 4}) == {}
