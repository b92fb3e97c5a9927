"""Which lines are right, and what is fitted from them."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from bench.calibration import main, validate
from bench.fitting import fit, fit_curve, folds
from bench.line_truth import judge_lines
from bench.observations import Observations, ObservedLine, ObservedMedium, ObservedReading
from bench.reliability import JudgedLine, expected_calibration_error, reliability
from textmill.reading.calibration import Calibration


def test_a_line_is_right_when_its_words_stand_in_the_truth_one_after_the_other() -> None:
    truth = "Total due\n4.50 EUR\nThank you"
    assert judge_lines(truth, ["Total  due", "due 4.50", "4.50 Thank", "thank you", ""]) == [
        True,
        False,  # its first word is taken
        False,
        False,
        False,
    ]


def test_truth_in_capitals_says_nothing_about_case_and_compatible_forms_are_the_same() -> None:
    assert judge_lines("THANK YOU", ["Thank you"]) == [True]
    assert judge_lines("ﬁsh 50", ["fish ５０"]) == [True]


def test_each_stretch_of_the_truth_counts_once_and_long_lines_choose_first() -> None:
    assert judge_lines("1 x 1", ["1", "1", "1 x"]) == [True, False, True]
    assert judge_lines("a b a b", ["a b", "a b", "a b"]) == [True, True, False]


def test_bins_hold_their_lower_edge_and_the_last_holds_one() -> None:
    bins = reliability([JudgedLine(0.8, True), JudgedLine(0.89, False), JudgedLine(1.0, True)])
    assert [(one.low, one.lines, one.share_right) for one in bins] == [(0.8, 2, 0.5), (0.99, 1, 1.0)]
    assert expected_calibration_error(bins) == pytest.approx((2 * 0.345 + 0.0) / 3)
    assert expected_calibration_error([]) == 0.0


def simulated(media: int, seed: int) -> Observations:
    """Lines whose chance of being right is their own confidence squared, doubtful ones read again.

    The second reader is right in three of four lines, and unlike the first says so.
    """
    dice = random.Random(seed)
    found = []
    for number in range(media):
        truth, lines = [], []
        for place in range(60):
            word = f"w{number}x{place}"
            confidence = dice.random() ** 0.3
            truth.append(word)
            right = dice.random() < confidence**2
            again = dice.random() < 0.75
            other = ObservedReading(reader="b", text=word if again else "?", confidence=0.9 if again else 0.1)
            lines.append(
                ObservedLine(text=word if right else "!" + word[1:], confidence=confidence, others=(other,))
            )
        found.append(
            ObservedMedium(
                engine="a", medium=f"m{number}", kind="k", truth=" ".join(truth), lines=tuple(lines)
            )
        )
    return Observations(media=tuple(found))


@pytest.fixture(scope="module")
def observations() -> Observations:
    return simulated(30, seed=1)


def test_a_fitted_curve_gives_the_share_of_right_lines(observations: Observations) -> None:
    curve = fit(observations.media, 0.8).curves["a"]
    for confidence in (0.7, 0.8, 0.95):
        assert curve.share_right("w1x1", confidence) == pytest.approx(confidence**2, abs=0.08)


def test_cross_validation_shows_small_errors_and_words_that_second_opinions_gain(
    observations: Observations,
) -> None:
    found = validate(observations, "a", "b", 0.8)
    assert len(found.judged) == 30 * 60
    assert expected_calibration_error(reliability(found.judged_alone)) < 0.04
    assert expected_calibration_error(reliability(found.judged)) < 0.06
    assert found.asking["k"].word_f1 > found.alone["k"].word_f1 + 0.05


def test_few_lines_are_no_evidence() -> None:
    assert fit_curve(["a"] * 20, [0.5] * 20, [True] * 20) is None
    assert fit(simulated(1, seed=1).media, 0.8) == Calibration()


def test_no_share_is_ever_quite_nought_or_one() -> None:
    curve = fit_curve(["a"] * 320, [0.1] * 160 + [0.9] * 160, [False] * 160 + [True] * 160)
    assert curve is not None
    assert [share for _, share in curve.knots] == pytest.approx([0.003, 0.997], abs=0.001)


def test_every_medium_is_tested_once_on_numbers_fitted_without_it(observations: Observations) -> None:
    tested = []
    for training, test in folds(observations.media):
        assert not {one.medium for one in training} & {one.medium for one in test}
        tested += [one.medium for one in test]
    assert sorted(tested) == sorted(one.medium for one in observations.media)


def test_the_command_fits_from_kept_observations(
    observations: Observations, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept, numbers = tmp_path / "observations.json", tmp_path / "calibration.json"
    renamed = [one.model_copy(update={"engine": "paddle"}) for one in observations.media]
    kept.write_text(Observations(media=tuple(renamed)).model_dump_json(), encoding="utf-8")

    arguments = [str(tmp_path), "--engines", "paddle", "--observations", str(kept), "--out", str(numbers)]
    assert main(arguments) == 0

    assert "paddle, doubtful lines read again by b" in capsys.readouterr().out
    assert set(Calibration.load(numbers).choices) == {"paddle+b"}
