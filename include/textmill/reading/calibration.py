"""From an engine's own confidence to a calibrated one: of lines given 0.9, about nine in ten are right.

An engine's own figure is a mean over the characters (or words) of a line. What decides whether the whole line
is right is the chance that all of them are, for which the mean to the power of the number of characters is a
good stand-in; how far that goes is fitted for each engine. A piecewise linear, rising curve turns this
evidence into the share of right lines (isotonic regression; Zadrozny and Elkan, "Transforming Classifier
Scores into Accurate Multiclass Probability Estimates", KDD 2002).

The choice between readings of a doubtful line is a logistic model, fitted on doubtful lines only: there a
second engine that is sure of itself is right less often than elsewhere.

The numbers are in `calibration.json`, written by `python -m bench.calibration` (`make calibrate`). Engines
that are not in it keep their own confidence.
"""

from __future__ import annotations

import hashlib
import math
from bisect import bisect_right
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

_FILE = Path(__file__).with_name("calibration.json")
_SURE = 1e-4
"""Probabilities are kept this far from 0 and 1 before their logarithm is taken."""


class _Numbers(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Curve(_Numbers):
    """How evidence becomes the share of right lines.

    Attributes:
        exponent: to what power of the number of characters the engine's own confidence is taken.
        knots: (evidence, share of right lines), both rising.
    """

    exponent: float
    knots: Annotated[tuple[tuple[float, float], ...], Field(min_length=1)]

    def share_right(self, text: str, confidence: float) -> float:
        """Return the calibrated confidence of a line, 0 to 1."""
        return interpolate(self.knots, evidence(text, confidence, self.exponent))


class ChoiceWeights(_Numbers):
    """Weights of the logistic model that says how likely one reading of a doubtful line is right.

    Attributes:
        kept: for the reading that the page's engine gave first.
        confidence: for the log odds of the highest calibrated confidence with which it was read.
        agreement: for how much all readings look like this one (`textmill.reading.second_opinion.agreement`).
        consensus: whether the reading that agrees best is kept, whatever its chance; the weights then are for
            kept readings. That is best among many readings by the same engine, which are wrong in the same
            way. Otherwise the most likely reading is kept.
    """

    intercept: float
    kept: float
    confidence: float
    agreement: float
    consensus: bool = True

    def probability(self, *, kept: bool, confidence: float, agreement: float) -> float:
        """Return the chance that the reading is right, 0 to 1."""
        score = (
            self.intercept
            + self.kept * kept
            + self.confidence * log_odds(confidence)
            + self.agreement * agreement
        )
        return 1 / (1 + math.exp(-score))


class Calibration(_Numbers):
    """The fitted numbers of all engines.

    Attributes:
        curves: by the name of the reader: an engine, or `engine@variant`.
        choices: by `page engine+second engine`.
    """

    curves: dict[str, Curve] = {}
    choices: dict[str, ChoiceWeights] = {}

    @classmethod
    def load(cls, file: Path = _FILE) -> Calibration:
        """Read the numbers that belong to this version of Textmill, or those in another file."""
        return cls.model_validate_json(file.read_text(encoding="utf-8"))

    def choice(self, page_engine: str, second_engine: str) -> ChoiceWeights | None:
        """Return the weights for doubtful lines of one engine that another reads; None if never fitted."""
        return self.choices.get(f"{page_engine}+{second_engine}")

    @cached_property
    def digest(self) -> str:
        """Twelve hex digits that identify the numbers, for fingerprints."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:12]

    def confidence(self, reader: str, text: str, confidence: float) -> float:
        """Return the calibrated confidence of a line; that of a reader that was never fitted stays.

        Args:
            reader: the name of an engine, or `engine@variant`; a variant that is not known by itself goes by
                its engine.
            confidence: the reader's own.
        """
        curve = self.curves.get(reader) or self.curves.get(reader.partition("@")[0])
        return curve.share_right(text, confidence) if curve else confidence


def evidence(text: str, confidence: float, exponent: float) -> float:
    """Return the chance that all characters of a line are right, going by the mean confidence in them."""
    characters = max(1, len(text) - text.count(" "))
    return float(min(max(confidence, 0.0), 1.0) ** (characters**exponent))


def interpolate(knots: Sequence[tuple[float, float]], x: float) -> float:
    """Return the height at `x` of the line through rising knots; level beyond its ends."""
    after = bisect_right(knots, x, key=lambda knot: knot[0])
    if after == 0:
        return knots[0][1]
    if after == len(knots):
        return knots[-1][1]
    (x0, y0), (x1, y1) = knots[after - 1], knots[after]
    return y0 + (y1 - y0) * (x - x0) / (x1 - x0)


def log_odds(probability: float) -> float:
    """Return ln(p / (1 - p)), with probabilities near 0 and 1 moved to where it is finite."""
    bounded = min(max(probability, _SURE), 1 - _SURE)
    return math.log(bounded / (1 - bounded))
