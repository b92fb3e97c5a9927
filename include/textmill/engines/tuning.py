"""Measure which runtime reads best on this machine, and keep the answer.

Run as `python -m textmill.engines.tuning` in the OCR environment (`make tune`). Takes seconds where the
answer is there, and under a minute where it is not. Everything takes turns, and medians are compared, so that
a busy machine slows all alike. What is faster by less than a twentieth does not win over what is more exact.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import numpy as np

from textmill.engines.computing import choose_computing, machine_key, read_tuning, tuning_file
from textmill.engines.device import SMALL_MODELS
from textmill.engines.models import detection_model, recognition_model
from textmill.engines.networks import (
    Classes,
    Computing,
    Precision,
    ReadingNetwork,
    Runtime,
    finding_network,
    is_quantised,
    reading_network,
)
from textmill.engines.protocol import EngineOptions, engine_options
from textmill.errors import TextmillError
from textmill.settings import load as load_settings

_ROUNDS = 5
_LINES = 12
_PAGE = (960, 672)
_GAIN = 1.05
_AGREEMENT = 0.98
"""Share of time steps of a line at which a less exact network must see what the exact one sees."""


@dataclass(frozen=True)
class Trial:
    """What one way of computing took.

    Attributes:
        seconds: for a line of the samples, or for a page of 960 by 672 pixels.
        agreement: share of time steps at which it sees what the exact network sees; 1 for pages.
    """

    computing: Computing
    seconds: float
    agreement: float = 1.0


def tune(options: EngineOptions, *, again: bool = False) -> Computing:
    """Return what is best on this machine, measured now unless it was before.

    Args:
        options: with the names of models in the place of `auto`.
        again: measure in any case.
    """
    file, machine = tuning_file(options), machine_key(options)
    known = None if again else read_tuning(file, machine)
    if known is not None:
        return known
    readings, findings = _readings(options), _findings(options)
    reading, finding = best(readings), best(findings)
    chosen = replace(reading, finding=finding.finding) if finding.runtime is reading.runtime else reading
    _keep(file, machine, chosen, [*readings, *findings])
    return chosen


def best(trials: Sequence[Trial]) -> Computing:
    """Return the fastest that is exact enough; trials are ordered from the most exact to the least."""
    won = trials[0]
    for trial in trials[1:]:
        if trial.agreement >= _AGREEMENT and trial.seconds * _GAIN < won.seconds:
            won = trial
    return won.computing


def quantise_if_missing(options: EngineOptions) -> None:
    """Make the form of the network that reads lines with 8-bit integers, unless it is there.

    Does nothing where NNCF is not installed, as in the image, which has that form.
    """
    folder = recognition_model(options.recognition_model, options.models_dir).folder_at_hand()
    if find_spec("nncf") and not is_quantised(folder):
        from textmill.engines.quantising import quantise

        quantise(folder)


def _ways(options: EngineOptions, precisions: Sequence[Precision]) -> list[Computing]:
    ways = [Computing(Runtime.ONNXRUNTIME, threads=options.threads)]
    for precision in precisions:
        try:
            way = choose_computing(replace(options, cpu_runtime=Runtime.OPENVINO, cpu_precision=precision))
        except TextmillError:  # this machine cannot
            continue
        ways.append(way)
    return ways


def _readings(options: EngineOptions) -> list[Trial]:
    folder = recognition_model(options.recognition_model, options.models_dir).folder_at_hand()
    lines = _lines(folder)
    ways = _ways(options, (Precision.FP32, Precision.BF16, Precision.INT8))
    classes = _classes(folder)
    networks = [reading_network(folder, way, classes) for way in ways]
    seen = [[network.steps(line)[0].classes for line in lines] for network in networks]
    seconds = _alternating([partial(_read, network, lines) for network in networks])
    return [
        Trial(way, taken / len(lines), _agreement(seen[0], found))
        for way, taken, found in zip(ways, seconds, seen, strict=True)
    ]


def _read(network: ReadingNetwork, lines: Sequence[Any]) -> None:
    for line in lines:
        network.steps(line)


def _findings(options: EngineOptions) -> list[Trial]:
    folder = detection_model(options.detection_model, options.models_dir).folder_at_hand()
    page = np.random.default_rng(0).normal(size=(1, 3, *_PAGE)).astype(np.float32)
    ways = _ways(options, (Precision.FP32, Precision.BF16))
    networks = [finding_network(folder, way) for way in ways]
    seconds = _alternating([partial(network.probabilities, page) for network in networks])
    return [Trial(way, taken) for way, taken in zip(ways, seconds, strict=True)]


def _lines(folder: Path) -> list[Any]:
    from textmill.engines.line_samples import line_samples, scaled_samples

    samples = line_samples()
    return scaled_samples(folder, samples[:: max(1, len(samples) // _LINES)])


def _classes(folder: Path) -> Classes:
    from textmill.engines.lexicon import Lexicon
    from textmill.engines.model_description import describe_recognition
    from textmill.engines.recogniser import class_names, classes_of

    return classes_of(class_names(describe_recognition(folder)), Lexicon(("en",)))


def _alternating(jobs: Sequence[Callable[[], Any]]) -> list[float]:
    """Return the median seconds of each job; they take turns, after a first time that is not counted."""
    for job in jobs:
        job()
    taken: list[list[float]] = [[] for _ in jobs]
    for _ in range(_ROUNDS):
        for job, times in zip(jobs, taken, strict=True):
            began = time.perf_counter()
            job()
            times.append(time.perf_counter() - began)
    return [median(times) for times in taken]


def _agreement(exact: Sequence[Any], found: Sequence[Any]) -> float:
    return float(np.mean([np.mean(one == other) for one, other in zip(exact, found, strict=True)]))


def _keep(file: Path, machine: str, chosen: Computing, trials: Sequence[Trial]) -> None:
    content = {
        "machine": machine,
        "chosen": _facts(chosen),
        "trials": [
            {**_facts(one.computing), "seconds": one.seconds, "agreement": one.agreement} for one in trials
        ],
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f"{file.name}.{os.getpid()}.part")
    partial.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    partial.replace(file)


def _facts(computing: Computing) -> dict[str, Any]:
    names = ("runtime", "finding", "reading")
    return {name: value for name, value in asdict(computing).items() if name in names}


def _described(file: Path, chosen: Computing) -> str:
    content: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    rows = [
        f"  {trial['runtime']:12} lines found in {trial['finding']}, read in {trial['reading']}: "
        f"{1000 * trial['seconds']:.1f} ms, sees the same at {trial['agreement']:.1%}"
        for trial in content["trials"]
    ]
    head = (
        f"Networks run on {chosen.runtime}: lines are found in {chosen.finding} and read in "
        f"{chosen.reading} ({content['machine']}). "
        f"Measured a line, then a page:"
    )
    return "\n".join([head, *rows])


def main() -> None:
    """Command line of this module."""
    parser = argparse.ArgumentParser(prog="python -m textmill.engines.tuning", description=__doc__)
    parser.add_argument("--again", action="store_true", help="measure even if that was done before")
    parser.add_argument("--quiet", action="store_true", help="say nothing unless something fails")
    arguments = parser.parse_args()
    detection, recognition = SMALL_MODELS
    options = replace(
        engine_options(load_settings(), ()),
        device="cpu",
        detection_model=detection,
        recognition_model=recognition,
    )
    # OpenCV would use all cores for a line.
    cv2.setNumThreads(options.threads)
    try:
        quantise_if_missing(options)
        chosen = tune(options, again=arguments.again)
    except TextmillError as error:
        parser.exit(1, f"{error}\n")
    if not arguments.quiet:
        sys.stdout.write(_described(tuning_file(options), chosen) + "\n")


if __name__ == "__main__":
    main()
