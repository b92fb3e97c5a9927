"""Fit the numbers that turn engines' own confidences into calibrated ones, and show how well they hold.

Reads all media with ground truth in the folders with each engine that is to be fitted, without calibration;
doubtful lines are read again. What was seen can be kept in a file, from which the numbers are fitted again in
seconds. All figures that are shown are cross-validated: those of a medium come from numbers that were fitted
without it. Runs in the OCR environment.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.fitting import fit, folds, seconds
from bench.line_truth import judge_lines
from bench.metrics import Score, by_kind, total
from bench.observations import Observations, ObservedMedium, observe
from bench.pairs import BenchmarkError
from bench.reliability import JudgedLine, reliability, reliability_table
from bench.rereading import reread
from textmill.reading.calibration import Calibration
from textmill.settings import load

ENGINES = {"paddle": ("paddle", "tesseract"), "tesseract": ("paddle",)}
"""Engines that are fitted, and who reads the doubtful lines of each."""


_INTRODUCTION = (
    "Cross-validated by medium: the figures of a medium come from numbers fitted without it. A line is",
    "right when its words stand in the ground truth one after the other, each stretch counting once.",
)


@dataclass(frozen=True)
class Validation:
    """How an engine fares on media that its numbers were not fitted on.

    Attributes:
        alone, asking: by kind: words as first read, and after doubtful lines were read again.
        lines, doubtful, changed: lines found, read again, and given another text.
        judged_alone, judged: confidences of the lines as first read, and in the end.
    """

    engine: str
    second: str
    alone: Mapping[str, Score]
    asking: Mapping[str, Score]
    lines: int
    doubtful: int
    changed: int
    judged_alone: tuple[JudgedLine, ...]
    judged: tuple[JudgedLine, ...]


def validate(observations: Observations, engine: str, second: str, below: float) -> Validation:
    """Cross-validate the fit of one engine, and of another's second opinions on it, by medium."""
    media = observations.of(engine)
    alone, asking, judged_alone, judged = [], [], [], []
    lines = doubtful = changed = 0
    for training, test in folds(media):
        calibration = fit(training, below)
        for medium in test:
            before = calibrated(medium, calibration)
            after = reread(medium, second, calibration, below)
            alone.append((medium.kind, _score(medium, [line.text for line in medium.lines])))
            asking.append((medium.kind, _score(medium, [one.text for one in after])))
            judged_alone += _judged(medium, [line.text for line in medium.lines], before)
            judged += _judged(medium, [one.text for one in after], [one.confidence for one in after])
            lines += len(after)
            doubtful += sum(one.asked for one in after)
            changed += sum(one.text != line.text for one, line in zip(after, medium.lines, strict=True))
    return Validation(
        engine,
        second,
        by_kind(alone),
        by_kind(asking),
        lines,
        doubtful,
        changed,
        tuple(judged_alone),
        tuple(judged),
    )


def calibrated(medium: ObservedMedium, calibration: Calibration) -> list[float]:
    """Return the calibrated confidences of the lines as first read."""
    return [calibration.confidence(medium.engine, line.text, line.confidence) for line in medium.lines]


def report(found: Validation) -> str:
    """Markdown: what second opinions change, and what confidences mean."""
    return "\n".join(
        [
            f"## {found.engine}, doubtful lines read again by {found.second}",
            "",
            f"{found.lines} lines. Read again: {found.doubtful} lines "
            f"({found.doubtful / max(1, found.lines):.1%}), {found.changed} of them given another text.",
            "",
            "| kind | media | word F1 as first read | with second opinions |",
            "|---|--:|--:|--:|",
            *_kinds(found),
            "",
            "As first read:",
            "",
            *reliability_table(reliability(found.judged_alone)),
            "",
            "After second opinions:",
            "",
            *reliability_table(reliability(found.judged)),
            "",
        ]
    )


def _kinds(found: Validation) -> list[str]:
    alone = {**found.alone, "all": total(found.alone.values())}
    asking = {**found.asking, "all": total(found.asking.values())}
    return [
        f"| {kind} | {score.media} | {score.word_f1:.4f} | {asking[kind].word_f1:.4f} |"
        for kind, score in alone.items()
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns the exit status, 2 when the benchmark cannot run."""
    options = _parser().parse_args(arguments)
    below = options.below if options.below is not None else load().second_opinion_below
    try:
        observations = _observations(options.folders, options.engines, options.observations)
    except BenchmarkError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    found = [
        report(validate(observations, engine, second, below))
        for engine in observations.engines
        for second in seconds(observations.of(engine))
    ]
    text = "\n".join(["# Calibration", "", *_INTRODUCTION, "", *found])
    print(text)
    if options.report:
        options.report.write_text(text, encoding="utf-8")
    if options.out:
        numbers = fit(observations.media, below)
        options.out.write_text(numbers.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return 0


def _observations(folders: Sequence[Path], engines: Sequence[str], file: Path | None) -> Observations:
    observations = Observations(media=())
    if file and file.exists():
        observations = Observations.model_validate_json(file.read_text(encoding="utf-8"))
    for engine in engines:
        if engine not in observations.engines:
            seen = observe(folders, engine, ENGINES[engine])
            observations = Observations(media=(*observations.media, *seen.media))
            if file:
                file.write_text(observations.model_dump_json(), encoding="utf-8")
    return observations


def _score(medium: ObservedMedium, texts: Sequence[str]) -> Score:
    return Score.of(medium.truth, "\n".join(texts))


def _judged(medium: ObservedMedium, texts: Sequence[str], confidences: Sequence[float]) -> list[JudgedLine]:
    return [
        JudgedLine(confidence, right)
        for confidence, right in zip(confidences, judge_lines(medium.truth, texts), strict=True)
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.calibration",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "folders", metavar="FOLDER", nargs="+", type=Path, help="folder of media and ground truth"
    )
    parser.add_argument("--out", metavar="FILE", type=Path, help="write the fitted numbers to this file")
    parser.add_argument("--report", metavar="FILE.md", type=Path, help="write what is shown to this file too")
    parser.add_argument(
        "--observations",
        metavar="FILE",
        type=Path,
        help="keep what was seen in this file; engines that are in it already are not observed again",
    )
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=tuple(ENGINES), help="default: all")
    parser.add_argument(
        "--below", type=float, help="lines less certain than this are read again (default: the setting)"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
