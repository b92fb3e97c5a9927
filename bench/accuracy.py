"""Compare what is read in folders of media with the ground truth beside the media.

Ground truth without any lower-case letter says nothing about case, and its medium is compared without case.
The report shows what second opinions change, whether confidences mean what they say, the character error rate
(CER) and word F1 of each kind of media and of each medium, and with `--compare` the same for what one could
use instead of Textmill. Runs in the OCR environment.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.accuracy_report import as_json, as_markdown
from bench.line_truth import judge_lines
from bench.metrics import Score
from bench.pairs import BenchmarkError, Pair, find_all_pairs
from bench.readers import OURS, READERS, MediumReading, make_medium_reader, read_all
from bench.reliability import JudgedLine


@dataclass(frozen=True)
class Result:
    """How one reader fared on one medium.

    Attributes:
        reading: None when the medium could not be read; it then scores as empty.
        first_score: without second opinions, from a reader that has any.
        lines: confidences, and whether the lines are right.
    """

    reader: str
    medium: Path
    kind: str
    reading: MediumReading | None
    score: Score
    first_score: Score | None = None
    lines: tuple[JudgedLine, ...] = ()


def evaluate(reader: str, pairs: Sequence[Pair], readings: Mapping[Path, MediumReading]) -> list[Result]:
    """Score readings against the ground truth; raises BenchmarkError when that is not UTF-8."""
    return [_evaluate(reader, pair, readings.get(pair.medium)) for pair in pairs]


def run(folders: Sequence[Path], readers: Sequence[str]) -> list[Result]:
    """Read and score every folder with every reader; all folders are checked before the first is read."""
    pairs = find_all_pairs(folders)
    for pair in pairs:
        pair.read_truth()
    results = []
    for name in readers:
        print(f"{name}:", file=sys.stderr)
        results += evaluate(name, pairs, read_all(make_medium_reader(name), pairs))
    return results


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns the exit status, 2 when the benchmark cannot run."""
    options = _parser().parse_args(arguments)
    try:
        results = run(options.folders, tuple(READERS) if options.compare else (OURS,))
    except BenchmarkError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    report = as_markdown(results)
    print(report)
    if options.out:
        options.out.write_text(report, encoding="utf-8")
        options.out.with_suffix(".json").write_text(as_json(results), encoding="utf-8")
    return 0


def _evaluate(reader: str, pair: Pair, reading: MediumReading | None) -> Result:
    truth = pair.read_truth()
    if reading is None:
        return Result(reader, pair.medium, pair.kind, None, Score.of(truth, ""))
    right = judge_lines(truth, [text for text, _ in reading.lines])
    return Result(
        reader,
        pair.medium,
        pair.kind,
        reading,
        Score.of(truth, reading.text),
        Score.of(truth, reading.doubts.first_text) if reading.doubts else None,
        tuple(
            JudgedLine(confidence, is_right)
            for (_, confidence), is_right in zip(reading.lines, right, strict=True)
        ),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.accuracy",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "folders", metavar="FOLDER", nargs="+", type=Path, help="folder of media and ground truth"
    )
    parser.add_argument(
        "--compare",
        action="store_true",
        help=f"read with {', '.join(name for name in READERS if name != OURS)} too",
    )
    parser.add_argument(
        "--out", metavar="FILE.md", type=Path, help="write the report here, and all counts as JSON beside it"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
