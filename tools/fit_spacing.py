"""Fit the coefficients of `textmill.engines.spacing` on media with ground truth, and say how good they are.

Run in the OCR environment: `python -m tools.fit_spacing FOLDER...`. Each folder holds media with
`NAME.gt.txt` beside them. What is read is aligned with the ground truth without looking at white space
(Levenshtein); where two neighbouring characters of a line are neighbours in the truth too, the truth says
whether a space belongs between them. The coefficients are those of all media. The figures are
cross-validated: every medium is judged by coefficients that were fitted on others.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rapidfuzz.distance import Levenshtein
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from bench.accuracy import Pair, find_pairs
from bench.metrics import Score, normalise, total
from bench.reading import LANGUAGES, effective_settings, open_for_bench
from textmill.engines import create_engine, spacing
from textmill.engines.ctc import Character
from textmill.engines.lines import LineEngine, cut_out
from textmill.engines.protocol import engine_options
from textmill.engines.recogniser import LineEvidence, PaddleRecogniser
from textmill.page import PageImage
from textmill.reading_order import reading_order

FOLDS = 8


@dataclass(frozen=True)
class Gap:
    """Where a character of the reading stands: page, place on the page, place in the line."""

    page: int
    line: int
    character: int


@dataclass(frozen=True)
class Medium:
    """A medium as far as it is read before spaces are decided.

    Attributes:
        pages: for each page the rows of lines in reading order, for each line its evidence.
    """

    truth: str
    pages: list[list[list[LineEvidence]]]

    def text(self) -> str:
        """The text with the coefficients of the moment."""
        return "\f".join(
            "\n".join(" ".join(line.text() for line in row) for row in page) for page in self.pages
        )

    def lines(self) -> Iterator[LineEvidence]:
        """All lines in reading order."""
        return (line for page in self.pages for row in page for line in row)


def read_medium(pair: Pair, engine: LineEngine, settings: Any) -> Medium:
    """Detect and recognise the lines of a medium."""
    assert isinstance(engine.recogniser, PaddleRecogniser)
    pages = []
    with open_for_bench(pair.medium, settings) as medium:
        for page_no in range(1, medium.page_count + 1):
            page = medium.page(page_no)
            assert isinstance(page, PageImage)
            polygons = engine.detector.detect(page.pixels)
            lines = engine.recogniser.examine([cut_out(page.pixels, polygon) for polygon in polygons])
            found = [index for index, line in enumerate(lines) if line.characters]
            rows = reading_order([polygons[index].tolist() for index in found])
            pages.append([[lines[found[index]] for index in row] for row in rows])
    return Medium(pair.truth.read_text(encoding="utf-8"), pages)


def examples(medium: Medium) -> tuple[Any, list[int]]:
    """Return the features of the gaps about which the truth says something, and what it says (1: a space)."""
    truth = normalise(medium.truth)
    caseless = truth.isupper()
    letters, spaces = _without_spaces(truth.casefold() if caseless else truth)
    lines = list(medium.lines())
    places = [(number, index) for number, line in enumerate(lines) for index in range(len(line.characters))]
    read = [_folded(lines[number].characters[index], caseless) for number, index in places]
    partner = _aligned(letters, read)
    features = [line.features() if len(line.characters) > 1 else None for line in lines]
    rows, labels = [], []
    for place in range(1, len(places)):
        (number, index), before, here = places[place], partner.get(place - 1), partner.get(place)
        if index == 0 or before is None or here != before + 1:
            continue
        rows.append(features[number][index - 1])
        labels.append(int(here in spaces))
    return np.array(rows), labels


def _without_spaces(text: str) -> tuple[list[str], set[int]]:
    letters: list[str] = []
    spaces = set()
    for character in text:
        if character == " ":
            spaces.add(len(letters))
        else:
            letters.append(character)
    return letters, spaces


def _folded(character: Character, caseless: bool) -> str:
    text = normalise(character.text)
    return text.casefold() if caseless else text


def _aligned(truth: Sequence[str], read: Sequence[str]) -> dict[int, int]:
    """Return which character of the truth each character of the reading is, where they are equal."""
    partner = {}
    for block in Levenshtein.opcodes(truth, read):
        if block.tag == "equal":
            length = block.src_end - block.src_start
            partner |= {block.dest_start + step: block.src_start + step for step in range(length)}
    return partner


def fit(features: Any, labels: Sequence[int]) -> dict[str, float]:
    """Return the coefficients of a logistic regression by the names of the features."""
    scaler, model = StandardScaler(), LogisticRegression(max_iter=1000)
    make_pipeline(scaler, model).fit(features, labels)
    # The constant column has no spread; scikit-learn scales it by 1, and the model fits an intercept instead.
    slopes = model.coef_[0] / scaler.scale_
    slopes[0] = model.intercept_[0] - (slopes[1:] * scaler.mean_[1:]).sum()
    return dict(zip(tuple(spacing.COEFFICIENTS), (round(float(slope), 3) for slope in slopes), strict=True))


def main() -> None:
    """Command line of this module."""
    parser = argparse.ArgumentParser(prog="python -m tools.fit_spacing", description=__doc__)
    parser.add_argument("folders", metavar="FOLDER", nargs="+", type=Path)
    folders = parser.parse_args().folders
    settings = effective_settings(os.environ)
    engine = create_engine("paddle", engine_options(settings, LANGUAGES))
    assert isinstance(engine, LineEngine)
    pairs = [pair for folder in folders for pair in find_pairs(folder)]
    media = [read_medium(pair, engine, settings) for pair in pairs]
    report(pairs, media)


def report(pairs: Sequence[Pair], media: Sequence[Medium]) -> None:
    """Print cross-validated figures for each folder and the coefficients of all media."""
    gathered = [examples(medium) for medium in media]
    features = np.concatenate([rows for rows, _ in gathered])
    labels = np.concatenate([marks for _, marks in gathered])
    groups = np.repeat(np.arange(len(media)), [len(marks) for _, marks in gathered])
    folders = sorted({pair.medium.parent for pair in pairs})
    scores: dict[Path, list[Score]] = {folder: [] for folder in folders}
    losses = []
    for train, test in GroupKFold(FOLDS, shuffle=True, random_state=0).split(features, labels, groups):
        spacing.COEFFICIENTS.update(fit(features[train], labels[train]))
        log_odds = features[test] @ np.array([*spacing.COEFFICIENTS.values()])
        losses.append(log_loss(labels[test], 1 / (1 + np.exp(-log_odds))))
        for number in set(groups[test].tolist()):
            scores[pairs[number].medium.parent].append(Score.of(media[number].truth, media[number].text()))
    for folder in folders:
        score = total(scores[folder])
        print(
            f"{folder}: word F1 {score.word_f1:.4f}, CER {score.character_error_rate:.4f} (cross-validated)"
        )
    print(f"log loss {np.mean(losses):.4f} over {len(labels)} gaps, of which {labels.sum()} are spaces")
    print("COEFFICIENTS = {")
    for name, coefficient in fit(features, labels).items():
        print(f'    "{name}": {coefficient},')
    print("}")


if __name__ == "__main__":
    main()
