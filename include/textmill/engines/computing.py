"""Choose what computes the networks on this machine, and in what numbers.

What `textmill.engines.tuning` has measured here is taken; on a machine where nothing was measured, what its
processor can do decides. Either way the same machine chooses the same every time, since the choice is part of
the fingerprint of what is read.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from textmill.engines import models_folder
from textmill.engines.device_names import cpu_model
from textmill.engines.models import RECOGNITION
from textmill.engines.networks import Computing, Precision, Runtime, is_quantised
from textmill.engines.protocol import EngineOptions
from textmill.errors import SettingsError

AUTO = "auto"
_GPU_LINES = 16
_CPU_FLAGS = Path("/proc/cpuinfo")
_DOUBLES_BF16 = frozenset({"avx512_bf16", "amx_bf16"})
_DOUBLES_INT8 = frozenset({"avx512_vnni", "avx_vnni"})


@dataclass(frozen=True)
class Abilities:
    """What decides where nothing was measured.

    Attributes:
        openvino: whether it is installed.
        flags: of the processor, as Linux names them.
        quantised: whether the network that reads lines is there with 8-bit integers.
    """

    openvino: bool
    flags: frozenset[str]
    quantised: bool

    @property
    def has_bf16(self) -> bool:
        """Whether the processor computes bf16 faster than 32-bit floats."""
        return bool(self.flags & _DOUBLES_BF16)


def choose_computing(options: EngineOptions) -> Computing:
    """Return what computes the networks for these options.

    Args:
        options: with a device as `textmill.engines.device` chose it.

    Raises:
        SettingsError: what the settings ask for cannot be had here.
    """
    if options.device.startswith("gpu"):
        return Computing(
            Runtime.ONNXRUNTIME,
            lines_at_once=_GPU_LINES,
            threads=options.threads,
            device=options.device,
            why="Networks run on ONNX Runtime, as on every GPU.",
        )
    quantised = is_quantised(models_folder(options.models_dir, _recognition_model(options)))
    abilities = Abilities(_installed("openvino") != "", _flags(), quantised)
    tuned = read_tuning(tuning_file(options), machine_key(options))
    return replace(
        choose(options.cpu_runtime, options.cpu_precision, abilities, tuned), threads=options.threads
    )


def choose(runtime: str, precision: str, abilities: Abilities, tuned: Computing | None) -> Computing:
    """Choose between what is wished, what was measured, and what the processor can do; see above."""
    if runtime != AUTO and runtime not in set(Runtime):
        raise SettingsError(_no_such("TEXTMILL_CPU_RUNTIME", runtime, Runtime))
    if precision != AUTO and precision not in set(Precision):
        raise SettingsError(_no_such("TEXTMILL_CPU_PRECISION", precision, Precision))
    if precision == AUTO and tuned is not None and _possible(tuned, runtime, abilities):
        return replace(tuned, why=f"Networks run on {_named(tuned)}: measured to be best on this machine.")
    if runtime == Runtime.ONNXRUNTIME or not abilities.openvino:
        return _on_onnxruntime(runtime, precision, abilities)
    reading = _usual_reading(abilities) if precision == AUTO else Precision(precision)
    if reading is Precision.BF16 and not abilities.has_bf16:
        raise SettingsError(
            "TEXTMILL_CPU_PRECISION is bf16, but this processor has neither AVX512-BF16 nor AMX."
        )
    if reading is Precision.INT8 and not abilities.quantised:
        raise SettingsError(
            "TEXTMILL_CPU_PRECISION is int8, but the network that reads lines is not there with 8-bit "
            "integers: make it with `make tune`."
        )
    exact = reading is Precision.FP32
    finding = Precision.FP32 if exact or not abilities.has_bf16 else Precision.BF16
    chosen = Computing(Runtime.OPENVINO, finding, reading)
    why = (
        "as the processor goes; not measured here" if precision == AUTO else "as TEXTMILL_CPU_PRECISION says"
    )
    return replace(chosen, why=f"Networks run on {_named(chosen)}: {why}.")


def _on_onnxruntime(runtime: str, precision: str, abilities: Abilities) -> Computing:
    if precision not in (AUTO, Precision.FP32):
        raise SettingsError(f"TEXTMILL_CPU_PRECISION is {precision}, but ONNX Runtime computes in fp32 here.")
    if runtime == Runtime.OPENVINO and not abilities.openvino:
        raise SettingsError(
            "TEXTMILL_CPU_RUNTIME is openvino, which is not installed in the OCR environment."
        )
    why = "as TEXTMILL_CPU_RUNTIME says" if runtime == Runtime.ONNXRUNTIME else "OpenVINO is not installed"
    return Computing(Runtime.ONNXRUNTIME, why=f"Networks run on ONNX Runtime in fp32: {why}.")


def _usual_reading(abilities: Abilities) -> Precision:
    # AMX computes bf16 so fast that 8-bit integers gain nothing.
    if abilities.quantised and abilities.flags & _DOUBLES_INT8 and "amx_bf16" not in abilities.flags:
        return Precision.INT8
    return Precision.BF16 if abilities.has_bf16 else Precision.FP32


def _possible(tuned: Computing, runtime: str, abilities: Abilities) -> bool:
    if runtime not in (AUTO, tuned.runtime) or (tuned.runtime is Runtime.OPENVINO and not abilities.openvino):
        return False
    return tuned.reading is not Precision.INT8 or abilities.quantised


def _named(computing: Computing) -> str:
    name = "OpenVINO" if computing.runtime is Runtime.OPENVINO else "ONNX Runtime"
    return f"{name}, lines found in {computing.finding} and read in {computing.reading}"


def _no_such(setting: str, wish: str, known: type[Runtime] | type[Precision]) -> str:
    return f"{setting} is {wish!r}; it can be auto, {', '.join(known)}."


def tuning_file(options: EngineOptions) -> Path:
    """Return where the choice for this machine is kept."""
    return options.tuning_file or options.models_dir / "tuning.json"


def machine_key(options: EngineOptions) -> str:
    """Return what a measurement holds for: the processor, the libraries, the threads, and the model."""
    libraries = (f"{name} {_installed(name) or 'missing'}" for name in ("openvino", "onnxruntime"))
    # Virtual machines name their processor vaguely ("AMD EPYC").
    flags = sorted(_flags() & (_DOUBLES_BF16 | _DOUBLES_INT8)) or ["no flags that matter"]
    return "; ".join(
        [
            f"{cpu_model()} ({' '.join(flags)})",
            f"{options.threads} threads",
            *libraries,
            _recognition_model(options),
        ]
    )


def _recognition_model(options: EngineOptions) -> str:
    return RECOGNITION if options.recognition_model == AUTO else options.recognition_model


def read_tuning(file: Path, machine: str) -> Computing | None:
    """Return what was measured to be best; None if nothing was, or only on another machine."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        chosen = content["chosen"] if content["machine"] == machine else None
        if chosen is None:
            return None
        return Computing(
            Runtime(chosen["runtime"]),
            Precision(chosen["finding"]),
            Precision(chosen["reading"]),
        )
    except (OSError, ValueError, KeyError, TypeError):  # absent, or of another version: what it is good for
        return None


def _installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


@cache
def _flags() -> frozenset[str]:
    """Return the flags of the processor (`proc(5)`, cpuinfo)."""
    try:
        facts = _CPU_FLAGS.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return frozenset()
    found = re.search(r"^flags\s*:\s*(.+)$", facts, re.MULTILINE)
    return frozenset(found.group(1).split()) if found else frozenset()
