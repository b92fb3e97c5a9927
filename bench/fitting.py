"""Fit calibration to observed lines: rising curves for engines, logistic weights for doubtful lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from bench.line_truth import judge_lines
from bench.observations import ObservedMedium
from bench.rereading import first_reading, other_readings
from textmill.reading.calibration import Calibration, ChoiceWeights, Curve, evidence, interpolate, log_odds
from textmill.reading.line_readers import engine_of
from textmill.reading.second_opinion import candidates

_EXPONENTS = (0.0, 0.5, 1.0)
_LINES_IN_BIN = 40
"""Fewer lines say too little: a bin of 40 knows its share of right lines to about seven points."""
_FOLDS = 10
_LEAST_READINGS = 50
"""Fewer readings of doubtful lines than this do not make weights."""

Fold = tuple[list[ObservedMedium], list[ObservedMedium]]


def fit(media: Sequence[ObservedMedium], below: float) -> Calibration:
    """Fit the numbers of all engines that occur in `media`; lines below a confidence are read again."""
    own = {engine: [one for one in media if one.engine == engine] for engine in _engines(media)}
    curves = {engine: curve for engine, seen in own.items() if (curve := _fit_curve(seen))}
    known = Calibration(curves=curves)
    choices = {
        f"{engine}+{second}": weights
        for engine, seen in own.items()
        if engine in curves
        for second in seconds(seen)
        if (weights := _fit_choice(seen, second, known, below))
    }
    return known.model_copy(update={"choices": choices})


def seconds(media: Sequence[ObservedMedium]) -> list[str]:
    """Return the engines that were asked about doubtful lines."""
    readers = (one.reader for medium in media for line in medium.lines for one in line.others or ())
    return list(dict.fromkeys(engine_of(reader) for reader in readers))


def _engines(media: Sequence[ObservedMedium]) -> list[str]:
    return list(dict.fromkeys(medium.engine for medium in media))


def folds(media: Sequence[ObservedMedium]) -> Iterator[Fold]:
    """Yield (training, test) media; every medium is tested once, and kinds are spread over the folds."""
    ranked = sorted(range(len(media)), key=lambda index: (media[index].kind, media[index].medium))
    for number in range(min(_FOLDS, len(media))):
        test = set(ranked[number::_FOLDS])
        yield (
            [one for index, one in enumerate(media) if index not in test],
            [one for index, one in enumerate(media) if index in test],
        )


def fit_curve(texts: Sequence[str], confidences: Sequence[float], right: Sequence[bool]) -> Curve | None:
    """Fit a rising curve, with the exponent of the length that foretells best; None without enough lines."""
    if len(texts) < 2 * _LINES_IN_BIN:
        return None
    truth = np.asarray(right, dtype=float)
    best: tuple[float, Curve] | None = None
    for exponent in _EXPONENTS:
        known = np.array(
            [evidence(text, one, exponent) for text, one in zip(texts, confidences, strict=True)]
        )
        knots = _knots(known, truth)
        curve = Curve(exponent=exponent, knots=knots)
        shares = np.array([interpolate(knots, float(x)) for x in known])
        loss = float(-(truth * np.log(shares) + (1 - truth) * np.log(1 - shares)).mean())
        if best is None or loss < best[0]:
            best = (loss, curve)
    return best[1] if best else None


def _fit_curve(media: Sequence[ObservedMedium]) -> Curve | None:
    texts, confidences, right = [], [], []
    for medium in media:
        texts += [line.text for line in medium.lines]
        confidences += [line.confidence for line in medium.lines]
        right += judge_lines(medium.truth, [line.text for line in medium.lines])
    return fit_curve(texts, confidences, right)


def _knots(known: Any, truth: Any) -> tuple[tuple[float, float], ...]:
    """Isotonic regression over bins of equally many lines: one knot for each level.

    The share of right lines of a level is smoothed by half a line of either kind (Jeffreys' prior): a level
    is never quite 0 or 1.
    """
    from sklearn.isotonic import IsotonicRegression

    number = max(2, len(known) // _LINES_IN_BIN)
    bins = np.array_split(np.argsort(known, kind="stable"), number)
    numbers = np.arange(number)
    levels = IsotonicRegression().fit_transform(
        numbers, [truth[one].mean() for one in bins], sample_weight=[len(one) for one in bins]
    )
    knots: dict[float, float] = {}
    share = 0.0
    for level in np.unique(levels):
        lines = np.concatenate([bins[one] for one in numbers[levels == level]])
        # Smoothing moves small levels further than large ones, and may not turn the curve downwards.
        share = max(share, (truth[lines].sum() + 0.5) / (len(lines) + 1))
        knots[float(f"{known[lines].mean():.6g}")] = round(float(share), 4)
    return tuple(sorted(knots.items()))


def _fit_choice(
    media: Sequence[ObservedMedium], second: str, calibration: Calibration, below: float
) -> ChoiceWeights | None:
    from sklearn.linear_model import LogisticRegression

    consensus = len(_readers(media, second)) > 1
    features, right = [], []
    for medium in media:
        for known, is_right in _readings(medium, second, calibration, below, kept_only=consensus):
            features.append(known)
            right.append(is_right)
    if len(features) < _LEAST_READINGS or len(set(right)) < 2:
        return None
    model = LogisticRegression().fit(np.array(features), np.array(right))
    kept, confidence, agreeing = (round(float(weight), 4) for weight in model.coef_[0])
    return ChoiceWeights(
        intercept=round(float(model.intercept_[0]), 4),
        kept=kept,
        confidence=confidence,
        agreement=agreeing,
        consensus=consensus,
    )


def _readers(media: Sequence[ObservedMedium], second: str) -> set[str]:
    readers = {one.reader for medium in media for line in medium.lines for one in line.others or ()}
    return {reader for reader in readers if engine_of(reader) == second}


def _readings(
    medium: ObservedMedium, second: str, calibration: Calibration, below: float, *, kept_only: bool
) -> Iterator[tuple[tuple[float, float, float], bool]]:
    """Yield what is known of the readings of doubtful lines, and whether they are right.

    Args:
        kept_only: only of those that are kept by consensus.
    """
    doubtful = {
        index: (first, candidates(first, other_readings(first, line, second, calibration)))
        for index, line in enumerate(medium.lines)
        for first in [first_reading(medium.engine, line, calibration)]
        if line.others is not None and first.confidence < below
    }
    most = max((len(found) for _, found in doubtful.values()), default=0)
    for rank in range(1 if kept_only else most):
        texts = [line.text for line in medium.lines]
        for index, (_, found) in doubtful.items():
            texts[index] = found[min(rank, len(found) - 1)].text
        right = judge_lines(medium.truth, texts)
        for index, (first, found) in doubtful.items():
            if rank < len(found):
                one = found[rank]
                known = (float(one.text == first.text), log_odds(one.confidence), one.agreement)
                yield known, right[index]
