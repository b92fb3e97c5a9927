"""Decide where the words of a line end.

The recogniser writes too few spaces, above all between words set close together. Four sources of evidence are
put together here: the probability of a space between two characters, their distance against the pitch of the
line, the empty columns of the picture between them, and what kinds of characters they are ("RM5.00",
"tel:03"). A logistic regression weighs them (Cox, "The regression analysis of binary sequences", 1958).
Within a run of letters, the frequencies of the words that would come of it have a say as well: the most
probable division is found by dynamic programming, as in Norvig, "Natural Language Corpus Data", 2009.
"""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

import numpy as np

from textmill.engines.ctc import Character
from textmill.engines.lexicon import Lexicon

COEFFICIENTS = {
    "constant": -3.454,
    "space log-odds": 0.703,
    "pitches": 0.095,
    "distance": 4.137,
    "emptiness": 2.357,
    "emptiness over the line's": 7.994,
    "digit, digit": -0.91,
    "letter, digit": 1.812,
    "digit, letter": 2.933,
    "point within a number": -2.208,
    "after point or comma": -0.191,
    "after colon": 2.101,
    "after closing, not before": 0.56,
    "before closing": 1.34,
    "after opening": 0.056,
    "before opening": 0.698,
    "after joining": 1.244,
    "before joining": 0.365,
    "lower, upper": 3.215,
    "upper, lower": -1.247,
}
"""Log-odds of a space for each unit of a feature.

Fitted by `python -m tools.fit_spacing`, which also prints how well such a fit does on media it has not seen.
"""

_WORD_WEIGHT = 0.5
"""Log-odds for each factor of ten by which one division of a run of letters is more frequent than another."""
_OPEN_TO_WORDS = 4.0
"""Where the other evidence has stronger log-odds than these, word frequencies are not asked."""

_LEAST_PROBABILITY = 1e-4
_FARTHEST_PITCH = 4.0
"""Distances beyond this many pitches are no stronger evidence."""
_INK = 0.3
"""A column is empty below this share of the line's contrast."""
_FAINT = 8.0
"""Least contrast, in grey levels of 255, that is taken for ink."""
_MARGIN = 1 / 12
"""Share of the height at the top and the bottom in which lines above and below may show."""

_CLOSING = frozenset(".,:;!?)]}%'\"’”")
_OPENING = frozenset("([{#@$€£¥“‘")


def write_text(characters: Sequence[Character], space: Any, picture: Any, lexicon: Lexicon) -> str:
    """Return the line's text: its characters, and spaces where words end.

    Args:
        characters: from left to right.
        space: float array of shape (time steps,): the probability of a space.
        picture: grey levels of the line, an array of shape (height, width) spanning the same time steps.
    """
    if len(characters) < 2:
        return "".join(one.text for one in characters)
    evidence = gap_features(characters, space, picture) @ np.array([*COEFFICIENTS.values()])
    for gap, (before, after) in enumerate(itertools.pairwise(characters)):
        if _is_unspaced(before.text) or _is_unspaced(after.text):
            evidence[gap] = _space_log_odds(before, after, space)
    spaces = _divide([one.text for one in characters], evidence.tolist(), lexicon)
    return "".join(one.text + (" " if gap in spaces else "") for gap, one in enumerate(characters))


def gap_features(characters: Sequence[Character], space: Any, picture: Any) -> Any:
    """Return the evidence about each gap: shape (characters - 1, features), in the order of COEFFICIENTS.

    Distances are in heights of the line unless their name says pitch: the median distance of neighbours.
    """
    per_step = picture.shape[1] / len(space) / picture.shape[0]
    centres = [(one.first + one.last) / 2 * per_step for one in characters]
    distances = [right - left for left, right in itertools.pairwise(centres)]
    pitch = max(median(distances), per_step)
    empty = _empty_runs(picture, centres)
    usual = median(empty)
    rows = [
        {
            "constant": 1.0,
            "space log-odds": _space_log_odds(before, after, space),
            "pitches": min(distance / pitch, _FARTHEST_PITCH),
            "distance": distance,
            "emptiness": min(run, 1.0),
            "emptiness over the line's": min(run - usual, 1.0),
            **_shapes(before.text, after.text),
        }
        for before, after, distance, run in zip(characters, characters[1:], distances, empty, strict=False)
    ]
    return np.array([[row[name] for name in COEFFICIENTS] for row in rows])


def _space_log_odds(before: Character, after: Character, space: Any) -> float:
    highest = float(space[before.first : after.last + 1].max())
    bounded = min(max(highest, _LEAST_PROBABILITY), 1 - _LEAST_PROBABILITY)
    return float(np.log(bounded / (1 - bounded)))


def _empty_runs(picture: Any, centres: Sequence[float]) -> list[float]:
    """Return the longest run of columns without ink between the centres of neighbours, in line heights.

    Paper is the line's median grey level, ink what differs from it most: light text on dark is fine.
    """
    height = picture.shape[0]
    margin = round(height * _MARGIN)
    contrast = np.abs(picture - np.median(picture))[margin : height - margin]
    column = np.partition(contrast, -3, axis=0)[-3:].mean(axis=0)
    empty = column < _INK * max(float(np.percentile(contrast, 97)), _FAINT)
    edges = [round(centre * height) for centre in centres]
    return [_longest_run(empty[left : right + 1]) / height for left, right in itertools.pairwise(edges)]


def _longest_run(flags: Any) -> int:
    longest = run = 0
    for flag in flags:
        run = run + 1 if flag else 0
        longest = max(longest, run)
    return longest


def _shapes(before: str, after: str) -> dict[str, float]:
    left, right = _kind(before), _kind(after)
    return {
        "digit, digit": left == right == "digit",
        "letter, digit": left == "letter" and right == "digit",
        "digit, letter": left == "digit" and right == "letter",
        "point within a number": (before == "." and right == "digit") or (left == "digit" and after in ".,"),
        "after point or comma": before in ".,",
        "after colon": before == ":",
        "after closing, not before": left == "closing" and right != "closing",
        "before closing": right == "closing",
        "after opening": left == "opening",
        "before opening": right == "opening",
        "after joining": left == "joining",
        "before joining": right == "joining",
        "lower, upper": before.islower() and after.isupper(),
        "upper, lower": before.isupper() and after.islower(),
    }


def _kind(character: str) -> str:
    if character.isdigit():
        return "digit"
    if character.isalpha():
        return "letter"
    if character in _CLOSING:
        return "closing"
    return "opening" if character in _OPENING else "joining"


def _is_unspaced(character: str) -> bool:
    """Tell whether a character is of a script that is written without spaces."""
    return unicodedata.east_asian_width(character) in "WF" and not "가" <= character <= "힣"


def _divide(texts: Sequence[str], evidence: Sequence[float], lexicon: Lexicon) -> set[int]:
    """Return the gaps that are spaces; gap n is behind character n."""
    spaces = {gap for gap, log_odds in enumerate(evidence) if log_odds > 0}
    for start, end in _letter_runs(texts, evidence):
        doubtful = [gap for gap in range(start, end - 1) if evidence[gap] > -_OPEN_TO_WORDS]
        if doubtful:
            letters = [letter.casefold() for letter in texts[start:end]]
            odds = {gap - start + 1: evidence[gap] for gap in doubtful}
            spaces -= set(doubtful)
            spaces |= {start + cut - 1 for cut in _best_cuts(letters, odds, lexicon)}
    return spaces


def _letter_runs(texts: Sequence[str], evidence: Sequence[float]) -> list[tuple[int, int]]:
    """Return from where to where (exclusively) letters follow each other without a space that is sure."""
    runs: list[tuple[int, int]] = []
    for index, text in enumerate(texts):
        if not text.isalpha() or _is_unspaced(text):
            continue
        if runs and runs[-1][1] == index and evidence[index - 1] < _OPEN_TO_WORDS:
            runs[-1] = (runs[-1][0], index + 1)
        else:
            runs.append((index, index + 1))
    return runs


def _best_cuts(letters: Sequence[str], odds: Mapping[int, float], lexicon: Lexicon) -> list[int]:
    """Return where the most probable division of letters into words cuts them.

    Args:
        letters: casefolded.
        odds: log-odds of a space before the letter of this index, for each place where one is possible.
    """
    # Right-to-left letters come as they stand in the picture, last one first.
    step = -1 if unicodedata.bidirectional(letters[0][0]) in ("R", "AL") else 1
    best: dict[int, tuple[float, int]] = {0: (0.0, 0)}
    for end in [*sorted(odds), len(letters)]:
        best[end] = max(
            (score + _WORD_WEIGHT * lexicon.log_probability("".join(letters[start:end][::step])), start)
            for start, (score, _) in best.items()
        )
        if end in odds:
            best[end] = (best[end][0] + odds[end], best[end][1])
    cuts = []
    cut = best[len(letters)][1]
    while cut:
        cuts.append(cut)
        cut = best[cut][1]
    return cuts
