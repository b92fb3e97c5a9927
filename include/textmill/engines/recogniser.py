"""PaddleOCR's recognition models, driven at their own input and output.

That is worth it: each line is scaled to about its own width instead of being padded to a common one, and
spaces are decided by all the evidence there is. Both raise word accuracy, and a line's text does not depend
on which other lines are on the page.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import cv2
import numpy as np

from textmill.engines import spacing
from textmill.engines.ctc import Character, mean_probability, read_characters
from textmill.engines.lexicon import Lexicon
from textmill.engines.model_description import RecognitionDescription, describe_recognition
from textmill.engines.models import ModelPlace
from textmill.engines.networks import BLANK, Classes, Computing, LineSteps, files_of, reading_network
from textmill.engines.protocol import LineReading
from textmill.fingerprints import fingerprint
from textmill.text_direction import logical_order

_VERSION = 1
"""To be raised when the same picture gives another text than before."""
_UNEXPECTED_WEIGHT = 0.05
"""What the probability of a character outside the alphabets of the languages is multiplied by.

A prior, no ban: a Chinese line or a "café" in an English document is still read, a "×" or a "l" with a speck
over it needs better evidence than its plain look-alike.
"""
_FINEST_GRID, _COARSEST_GRID = 8, 64
_GRID_SHARE = 8
"""Lines are stretched to the next step of a grid, so that some have equal widths and can be read together.

The step is the largest power of two that is at most this part of the line's width, and within the bounds: 8
pixels are the recognisers' horizontal stride.
"""
_NARROWED = 0.9
"""Lines are given so much of their natural width: the network's work goes with the width, and over 3,443
lines of samples and receipts it reads the narrowed ones as well (word F1 0.9988 and 0.923 both ways; at 0.85
the receipts lose 0.002)."""
_WIDEST = 3200
"""Pixels; longer lines are compressed, as PaddleOCR does."""
_SURE_ENOUGH = 0.85
"""Where the usual characters fit a line worse than with this mean probability, all characters are tried."""
_FULL_WIDTH_FORMS = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
"""Full-width ASCII (Unicode block FF00) to ASCII."""


@dataclass(frozen=True)
class LineEvidence:
    """What the recogniser sees in a line, before it is decided where words end.

    Attributes:
        space: float array of shape (time steps,): the probability of a space.
        picture: grey levels of the line as the recogniser got it, of shape (height, width).
    """

    characters: list[Character]
    space: Any
    picture: Any
    lexicon: Lexicon

    def features(self) -> Any:
        """See `textmill.engines.spacing.gap_features`."""
        return spacing.gap_features(self.characters, self.space, self.picture)

    def text(self) -> str:
        """The text in the order of reading, words separated by spaces."""
        return logical_order(spacing.write_text(self.characters, self.space, self.picture, self.lexicon))

    def reading(self) -> LineReading:
        """The text with its confidence."""
        return LineReading(self.text(), mean_probability(self.characters))


class PaddleRecogniser:
    """Reads lines with one of PaddleOCR's recognition models.

    Height, colour order and characters are those that the model's own `inference.yml` names.
    """

    name = "paddle"

    def __init__(self, place: ModelPlace, *, languages: Sequence[str], computing: Computing) -> None:
        folder = place.folder_at_hand()
        described = describe_recognition(folder)
        self._height = described.height
        self._reads_rgb = described.reads_rgb
        self._lines_at_once = computing.lines_at_once
        self._lexicon = Lexicon(languages)
        names = class_names(described)
        self._classes = [self._class_name(name) for name in names]
        classes = classes_of(names, self._lexicon)
        self._network = reading_network(folder, computing, classes)
        self.model = place.name
        self.fingerprint = fingerprint(
            version=_VERSION,
            model=place.digest(folder, *files_of(computing.reading)),
            computed=(computing.runtime, computing.reading),
            usual=0 if classes.usual is None else len(classes.usual),
            sure_enough=_SURE_ENOUGH,
            widths=(_NARROWED, _FINEST_GRID, _COARSEST_GRID, _GRID_SHARE),
            spacing=spacing.COEFFICIENTS,
            languages=sorted(set(languages)),
            unexpected=_UNEXPECTED_WEIGHT,
        )

    def recognise(self, pictures: Sequence[Any]) -> list[LineReading]:
        """See `LineRecogniser`."""
        return [line.reading() for line in self.examine(pictures)]

    def examine(self, pictures: Sequence[Any]) -> list[LineEvidence]:
        """Recognise the characters of upright lines, each a uint8 array of shape (height, width, 3)."""
        found: list[LineEvidence | None] = [None] * len(pictures)
        for batch in self._batches(pictures):
            scaled = [self._scaled(pictures[index]) for index in batch]
            for index, line, steps in zip(batch, scaled, self._steps(scaled), strict=True):
                found[index] = self._evidence(line, steps)
        return [one for one in found if one is not None]

    def _batches(self, pictures: Sequence[Any]) -> Iterator[list[int]]:
        """Yield indices of pictures of equal stretched width, no more at once than is good for memory."""
        widths = [self._stretched_width(picture) for picture in pictures]
        order = sorted(range(len(pictures)), key=widths.__getitem__)
        for width, group in groupby(order, key=widths.__getitem__):
            indices = list(group)
            # As many pixels at once as one line of the greatest width has.
            size = max(1, min(self._lines_at_once, _WIDEST // width))
            for start in range(0, len(indices), size):
                yield indices[start : start + size]

    def _stretched_width(self, picture: Any) -> int:
        height: int = picture.shape[0]
        width: int = picture.shape[1]
        natural = max(1.0, _NARROWED * self._height * width / height)
        share = 1 << math.floor(math.log2(max(natural / _GRID_SHARE, 1.0)))
        grid = min(max(share, _FINEST_GRID), _COARSEST_GRID)
        return min(math.ceil(natural / grid) * grid, _WIDEST)

    def _scaled(self, picture: Any) -> Any:
        return cv2.resize(picture, (self._stretched_width(picture), self._height))

    def _steps(self, lines: Sequence[Any]) -> list[LineSteps]:
        stacked = np.stack(lines)
        pictures = stacked[..., ::-1] if self._reads_rgb else stacked
        # The normalisation of all of PaddleOCR's recognition models (OCRReisizeNormImg in PaddleX).
        normalised = pictures.transpose(0, 3, 1, 2).astype(np.float32, order="C") / 127.5 - 1.0
        return self._network.steps(normalised)

    def _evidence(self, line: Any, steps: LineSteps) -> LineEvidence:
        grey = cv2.cvtColor(line, cv2.COLOR_BGR2GRAY).astype(np.float32)
        characters = read_characters(steps, self._classes)
        if steps.among_all and characters and mean_probability(characters) < _SURE_ENOUGH:
            steps = steps.among_all()
            characters = read_characters(steps, self._classes)
        return LineEvidence(characters, steps.space, grey, self._lexicon)

    def _class_name(self, name: str) -> str:
        return name if self._lexicon.letters is None else name.translate(_FULL_WIDTH_FORMS)


def class_names(described: RecognitionDescription) -> tuple[str, ...]:
    """Return what each class of a model stands for: blank first, the space last."""
    return ("", *described.characters, " ")


def classes_of(names: Sequence[str], lexicon: Lexicon) -> Classes:
    """Return which classes texts in the languages of a lexicon use."""
    weights = np.array([1.0 if lexicon.expects(name) else _UNEXPECTED_WEIGHT for name in names], np.float32)
    if lexicon.letters is None:
        return Classes(weights)
    last = len(names) - 1
    usual = [number for number, name in enumerate(names) if number in (BLANK, last) or lexicon.may_hold(name)]
    return Classes(weights, np.array(usual))
