"""Networks computed by ONNX Runtime: on GPUs, and on CPUs where OpenVINO is no faster or not to be had."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnxruntime

from textmill.engines.networks import WEIGHTS_FILE, Classes, Computing, LineSteps, memory_error, steps_of

_CUDA, _CPU = "CUDAExecutionProvider", "CPUExecutionProvider"


class OnnxFinding:
    """See `textmill.engines.networks.FindingNetwork`."""

    def __init__(self, folder: Path, computing: Computing) -> None:
        self._network = _Network(folder, computing)

    def probabilities(self, picture: Any) -> Any:
        """See `FindingNetwork`."""
        return self._network.run(picture)[0, 0]


class OnnxReading:
    """See `textmill.engines.networks.ReadingNetwork`; chooses among all classes."""

    def __init__(self, folder: Path, computing: Computing, classes: Classes) -> None:
        self._network = _Network(folder, computing)
        self._weights = classes.weights

    def steps(self, pictures: Any) -> list[LineSteps]:
        """See `ReadingNetwork`."""
        return [steps_of(matrix, self._weights) for matrix in self._network.run(pictures)]


class _Network:
    def __init__(self, folder: Path, computing: Computing) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = computing.threads
        options.inter_op_num_threads = 1
        # The arena keeps the largest page ever seen; a long batch of odd sizes would only grow.
        options.enable_cpu_mem_arena = False
        self._session = onnxruntime.InferenceSession(
            str(folder / WEIGHTS_FILE), options, providers=_providers(computing.device)
        )
        self._input = self._session.get_inputs()[0].name

    def run(self, array: Any) -> Any:
        try:
            return self._session.run(None, {self._input: array})[0]
        except Exception as error:  # those of ONNX Runtime have no base that it publishes
            raise memory_error(error) or error from None


def _providers(device: str) -> list[Any]:
    kind, _, number = device.partition(":")
    if kind != "gpu":
        return [_CPU]
    # CUDA comes in packages of its own, to which no path of the dynamic linker leads. Without this, ONNX
    # Runtime would not find it and read on the CPU (its documentation, "CUDA Execution Provider").
    onnxruntime.preload_dlls()
    return [(_CUDA, {"device_id": int(number or 0)}), _CPU]
