"""A stopwatch on the steps of reading a page, and on the inputs that the networks get.

The steps of the engine are wrapped while somebody watches; nothing in them knows of it. Each second is booked
for one part: a step within a step stops the outer one's watch.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import wraps
from typing import Any
from unittest.mock import patch

from bench.floor_records import NETWORKS, Part

_KEEP_THEIR_OWN = frozenset({Part.PREPROCESSING, Part.SECOND_REST})
"""What such a step has done by others is booked for it."""


@dataclass(frozen=True)
class NetworkCall:
    """An input that a network was given.

    Attributes:
        part: what it is booked for.
        network: which one it was, `Part.FINDING_NETWORK` or `Part.READING_NETWORK`.
        shape: (pictures, 3, height, width).
    """

    part: Part
    network: Part
    shape: tuple[int, ...]


@dataclass
class Stopwatch:
    """Books seconds for parts. Used by one thread."""

    clock: Callable[[], float] = time.perf_counter
    seconds: defaultdict[Part, float] = field(default_factory=lambda: defaultdict(float))
    calls: list[NetworkCall] = field(default_factory=list)
    _running: list[Part] = field(default_factory=list)
    _since: float = 0.0

    @contextmanager
    def part(self, part: Part) -> Iterator[Part]:
        """Book what happens inside for a part; yields the part for which it really is booked."""
        booked = self._booked(part)
        self._switch()
        self._running.append(booked)
        try:
            yield booked
        finally:
            self._switch()
            self._running.pop()

    def _switch(self) -> None:
        now = self.clock()
        if self._running:
            self.seconds[self._running[-1]] += now - self._since
        self._since = now

    def _booked(self, part: Part) -> Part:
        keeper = next((one for one in self._running if one in _KEEP_THEIR_OWN), None)
        if keeper is Part.SECOND_REST and part in NETWORKS:
            return Part.SECOND_NETWORKS
        return keeper or part


@contextmanager
def watched(stopwatch: Stopwatch) -> Iterator[None]:
    """Book the steps of everything that reads pages in this process."""
    with ExitStack() as stack:
        for owner, name, part in _steps():
            wrapped = _timed(getattr(owner, name), part, stopwatch)
            stack.enter_context(patch.object(owner, name, wrapped))
        for owner, name, part in _networks():
            observed = _observed(getattr(owner, name), part, stopwatch)
            stack.enter_context(patch.object(owner, name, observed))
        yield


def _steps() -> Iterator[tuple[Any, str, Part]]:
    from textmill.engines import detector, lines, recogniser
    from textmill.preprocessing.preprocessor import Preprocessor
    from textmill.reading.empty_pages import EmptyPages
    from textmill.reading.page_reader import PageReader
    from textmill.reading.second_opinion import SecondOpinion

    yield PageReader, "read", Part.REST
    yield Preprocessor, "prepare", Part.PREPROCESSING
    yield detector.PaddleDetector, "detect", Part.FINDING_SCALING
    yield detector, "line_outlines", Part.FINDING_OUTLINES
    yield lines, "cut_out", Part.CUTTING
    yield recogniser.PaddleRecogniser, "examine", Part.READING_SCALING
    yield recogniser, "read_characters", Part.READING_DECODING
    yield recogniser.LineEvidence, "reading", Part.READING_DECODING
    yield SecondOpinion, "reconsider", Part.SECOND_REST
    yield EmptyPages, "look_again", Part.SECOND_REST


def _networks() -> Iterator[tuple[Any, str, Part]]:
    from textmill.engines.onnx_networks import OnnxFinding, OnnxReading
    from textmill.engines.openvino_networks import OpenVinoFinding, OpenVinoReading

    for finding in (OnnxFinding, OpenVinoFinding):
        yield finding, "probabilities", Part.FINDING_NETWORK
    for reading in (OnnxReading, OpenVinoReading):
        yield reading, "steps", Part.READING_NETWORK


def _timed(step: Callable[..., Any], part: Part, stopwatch: Stopwatch) -> Callable[..., Any]:
    @wraps(step)
    def timed(*arguments: Any, **named: Any) -> Any:
        with stopwatch.part(part):
            return step(*arguments, **named)

    return timed


def _observed(step: Callable[..., Any], network: Part, stopwatch: Stopwatch) -> Callable[..., Any]:
    @wraps(step)
    def observed(owner: Any, pictures: Any) -> Any:
        with stopwatch.part(network) as booked:
            found = step(owner, pictures)
        if booked in NETWORKS:
            stopwatch.calls.append(NetworkCall(booked, network, pictures.shape))
        if network is Part.FINDING_NETWORK:
            return found
        return [_with_timed_classes(steps, stopwatch) for steps in found]

    return observed


def _with_timed_classes(steps: Any, stopwatch: Stopwatch) -> Any:
    if steps.among_all is None:
        return steps
    return replace(steps, among_all=_timed(steps.among_all, Part.READING_ALL_CLASSES, stopwatch))
