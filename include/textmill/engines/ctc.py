"""Turn the recogniser's probabilities into characters (connectionist temporal classification, greedy path).

Graves et al., "Connectionist Temporal Classification", ICML 2006: take the most probable class per time step,
merge repeats, drop blanks. Spaces are left to `textmill.engines.spacing`: the recogniser is shy about spaces
between words that stand close, so the most probable class says too little about them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

BLANK = 0
"""Index of the class for nothing; the space is the last class."""


@dataclass(frozen=True)
class Character:
    """A character and where in the line it stands.

    Attributes:
        text: the character, never a space.
        probability: what the recogniser gave it at its first time step.
        first, last: the time steps over which it was the most probable class.
    """

    text: str
    probability: float
    first: int
    last: int


def read_characters(probabilities: Any, classes: Sequence[str], weights: Any = None) -> list[Character]:
    """Return the characters of a line from left to right, without spaces.

    Args:
        probabilities: float array of shape (time steps, classes); each row sums to 1.
        classes: what each class stands for: blank first, the space last.
        weights: float array of shape (classes,) by which probabilities are multiplied to choose between
            characters; whether there is one, and the probability that is reported, go without.
    """
    best = _best_classes(probabilities, weights).tolist()
    space = len(classes) - 1
    found: list[Character] = []
    step = 0
    while step < len(best):
        last = step
        while last + 1 < len(best) and best[last + 1] == best[step]:
            last += 1
        if best[step] not in (BLANK, space):
            probability = min(float(probabilities[step, best[step]]), 1.0)
            found.append(Character(classes[best[step]], probability, step, last))
        step = last + 1
    return found


def _best_classes(probabilities: Any, weights: Any) -> Any:
    best = probabilities.argmax(axis=1)
    if weights is None:
        return best
    written = best != BLANK
    best[written] = 1 + (probabilities[written, 1:] * weights[1:]).argmax(axis=1)
    return best


def mean_probability(characters: Sequence[Character]) -> float:
    """Return the mean probability of the characters; 0 for none."""
    return sum(one.probability for one in characters) / len(characters) if characters else 0.0
