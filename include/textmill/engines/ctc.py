"""Turn the recogniser's probabilities into text (connectionist temporal classification, greedy path).

Graves et al., "Connectionist Temporal Classification", ICML 2006: take the most probable class per time step,
merge repeats, drop blanks. One change: the recogniser is shy about spaces between words that stand close, so
a step where blank wins is read as a space once the space has a tenth of the probability.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

BLANK = 0
SPACE_PROBABILITY = 0.1


def decode(probabilities: Any, characters: Sequence[str]) -> tuple[str, float]:
    """Decode one line.

    Args:
        probabilities: float array of shape (time steps, classes); each row sums to 1.
        characters: the class list: blank first, the space last.

    Returns:
        The text without leading and trailing spaces, and the mean probability of its characters (0 for
        an empty text).
    """
    import numpy as np

    space = len(characters) - 1
    classes = probabilities.argmax(axis=1)
    classes = np.where((classes == BLANK) & (probabilities[:, space] >= SPACE_PROBABILITY), space, classes)
    kept: Any = np.ones(len(classes), dtype=bool)
    kept[1:] = classes[1:] != classes[:-1]
    kept &= classes != BLANK
    text = "".join(characters[index] for index in classes[kept]).strip()
    certain = kept & (classes != space)
    if not text or not certain.any():
        return "", 0.0
    return text, float(np.clip(probabilities[certain].max(axis=1).mean(), 0.0, 1.0))
