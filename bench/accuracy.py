"""Compare what is read in folders of media with the ground truth beside the media.

`NAME.gt.txt` holds the exact text of `NAME.png`, `NAME.pdf` and so on: UTF-8, lines in reading order, pages
separated by form feeds. Ground truth without any lower-case letter says nothing about case, and its medium
is compared without case. The table shows each medium, each kind and the total.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.metrics import Score, by_kind, total

CASELESS_NOTE = "* compared without case: its ground truth is in capitals throughout"

DEFAULT_READER = "bench.reading:read_folder"

Reader = Callable[[Path], Mapping[str, str]]


@dataclass(frozen=True)
class Result:
    """The score of one medium; `was_read` is false when the reader returned no text for it."""

    medium: Path
    kind: str
    was_read: bool
    score: Score


def evaluate(pairs: Sequence[Pair], texts: Mapping[str, str]) -> list[Result]:
    """Score the texts, given by file name, against the ground truth; what was not read scores as empty.

    Raises BenchmarkError when a ground truth file is not UTF-8.
    """
    return [
        Result(
            pair.medium,
            pair.kind,
            pair.medium.name in texts,
            Score.of(_read_truth(pair.truth), texts.get(pair.medium.name, "")),
        )
        for pair in pairs
    ]


def as_table(results: Sequence[Result]) -> str:
    """Aligned plain text: one line a medium, then one a kind, then the total, and what the marks mean."""
    rows = [("file", "CER", "word F1", "words"), ()]
    rows += [(_label(result), *_figures(result.score)) for result in results]
    rows += [(), ("kind", "CER", "word F1", "words"), ()]
    rows += [(kind, *_figures(score)) for kind, score in _kinds(results).items()]
    overall = total(result.score for result in results)
    rows += [("total", *_figures(overall))]
    footnote = ["", CASELESS_NOTE] if overall.media_without_case else []
    return "\n".join([*_aligned(rows), *footnote])


def as_json(results: Sequence[Result]) -> str:
    """The same as the table, with all counts, for machines."""
    document = {
        "files": [
            {
                "file": result.medium.name,
                "folder": result.medium.parent.name,
                "kind": result.kind,
                "was_read": result.was_read,
                **_measures(result.score),
            }
            for result in results
        ],
        "kinds": {kind: _measures(score) for kind, score in _kinds(results).items()},
        "total": _measures(total(result.score for result in results)),
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def load_reader(name: str) -> Reader:
    """Import a reader by `module:function`; raises BenchmarkError when there is none."""
    module, _, function = name.partition(":")
    try:
        reader: Reader = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError, ValueError) as error:
        raise BenchmarkError(
            f"There is no reader {name!r} ({error}). Name it as module:function, like {DEFAULT_READER}."
        ) from error
    return reader


def run(folders: Sequence[Path], reader: Reader) -> list[Result]:
    """Read and score every folder; all folders are checked before the first is read."""
    found = [(folder, find_pairs(folder)) for folder in folders]
    return [result for folder, pairs in found for result in evaluate(pairs, reader(folder))]


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns the exit status, 2 when the benchmark cannot run."""
    options = _parser().parse_args(arguments)
    try:
        results = run(options.folders, load_reader(options.read_with))
    except BenchmarkError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(as_table(results))
    if options.json:
        options.json.write_text(as_json(results), encoding="utf-8")
    return 0


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
        "--read-with",
        metavar="MODULE:FUNCTION",
        default=DEFAULT_READER,
        help="function from a folder to the texts by file name (default: %(default)s)",
    )
    parser.add_argument("--json", metavar="FILE", type=Path, help="write all counts to this file too")
    return parser


def _name(truth: Path) -> str:
    return truth.name.removesuffix(TRUTH_SUFFIX)


def _read_truth(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise BenchmarkError(f"{path} is not UTF-8: {error.reason} at byte {error.start}.") from error


def _kinds(results: Sequence[Result]) -> Mapping[str, Score]:
    return by_kind((result.kind, result.score) for result in results)


def _label(result: Result) -> str:
    mark = " *" if result.score.media_without_case else ""
    return result.medium.name + mark + ("" if result.was_read else " (not read)")


def _figures(score: Score) -> tuple[str, str, str]:
    return f"{score.character_error_rate:.4f}", f"{score.word_f1:.4f}", str(score.reference_words)


def _measures(score: Score) -> dict[str, float]:
    return {
        "character_error_rate": score.character_error_rate,
        "word_f1": score.word_f1,
        **asdict(score),
    }


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """First column left, the others right; an empty row becomes an empty line or, below a head, dashes."""
    width = max(len(row[0]) for row in rows if row)
    for number, row in enumerate(rows):
        if row:
            yield f"{row[0]:<{width}}" + "".join(f"{cell:>10}" for cell in row[1:])
        elif number and rows[number - 1] and rows[number - 1][1] == "CER":
            yield "-" * (width + 30)
        else:
            yield ""


if __name__ == "__main__":
    sys.exit(main())
