"""Calibrated confidence: rising curves, weights, and the numbers that are shipped."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from textmill.reading.calibration import Calibration, ChoiceWeights, Curve, evidence, interpolate

CURVE = Curve(exponent=1.0, knots=((0.5, 0.2), (0.9, 0.8), (1.0, 0.98)))


@pytest.fixture(scope="module")
def shipped() -> Calibration:
    return Calibration.load()


@pytest.mark.parametrize(
    ("x", "height"), [(0.0, 0.2), (0.5, 0.2), (0.7, 0.5), (0.9, 0.8), (0.95, 0.89), (1.0, 0.98)]
)
def test_curves_are_straight_between_knots_and_level_beyond_them(x: float, height: float) -> None:
    assert interpolate(CURVE.knots, x) == pytest.approx(height)


def test_evidence_is_the_chance_that_all_characters_are_right() -> None:
    assert evidence("ab c", 0.9, 1.0) == pytest.approx(0.9**3)
    assert evidence("ab c", 0.9, 0.0) == pytest.approx(0.9)
    assert evidence("", 0.9, 1.0) == pytest.approx(0.9)


def test_a_long_line_is_less_certain_than_a_short_one_with_the_same_mean() -> None:
    known = Calibration(curves={"mine": CURVE})
    assert known.confidence("mine", "a short line", 0.99) > known.confidence(
        "mine", "a longer line" * 3, 0.99
    )


def test_an_engine_that_was_never_fitted_keeps_its_own_confidence() -> None:
    assert Calibration(curves={"mine": CURVE}).confidence("other", "text", 0.42) == 0.42


def test_a_view_goes_by_its_engine_unless_it_was_fitted_itself() -> None:
    level = Curve(exponent=0.0, knots=((0.5, 0.5),))
    known = Calibration(curves={"mine": CURVE, "mine@soft": level})
    assert known.confidence("mine@narrow", "x", 0.9) == pytest.approx(0.8)
    assert known.confidence("mine@soft", "x", 0.9) == 0.5


def test_agreement_confidence_and_the_first_reading_raise_the_chance_of_a_doubtful_line() -> None:
    weights = ChoiceWeights(intercept=-2.0, kept=0.5, confidence=1.0, agreement=2.0)
    low = weights.probability(kept=False, confidence=0.3, agreement=0.2)
    assert low < weights.probability(kept=True, confidence=0.3, agreement=0.2)
    assert low < weights.probability(kept=False, confidence=0.6, agreement=0.2)
    assert low < weights.probability(kept=False, confidence=0.3, agreement=0.9)
    assert weights.probability(kept=True, confidence=0.0, agreement=0.0) > 0
    assert weights.probability(kept=True, confidence=1.0, agreement=1.0) < 1


def test_the_digest_changes_with_the_numbers_only(tmp_path: Path) -> None:
    file = tmp_path / "calibration.json"
    file.write_text(Calibration(curves={"mine": CURVE}).model_dump_json(indent=3))
    same, other = Calibration.load(file), Calibration(curves={"mine": Curve(exponent=0.5, knots=CURVE.knots)})
    assert same.digest == Calibration(curves={"mine": CURVE}).digest
    assert same.digest != other.digest


def test_the_shipped_numbers_know_both_engines_and_who_is_asked_by_default(shipped: Calibration) -> None:
    assert set(shipped.curves) == {"paddle", "tesseract"}
    assert shipped.choice("paddle", "paddle") is not None
    assert shipped.choice("tesseract", "paddle") is not None


@pytest.mark.parametrize("engine", ["paddle", "tesseract"])
def test_the_shipped_curves_rise_within_the_bounds_of_a_probability(
    shipped: Calibration, engine: str
) -> None:
    knots = shipped.curves[engine].knots
    assert all(0 <= x0 < x1 <= 1 for (x0, _), (x1, _) in pairwise(knots))
    assert all(0 < y0 <= y1 < 1 for (_, y0), (_, y1) in pairwise(knots))
    assert knots[-1][1] > 0.9
