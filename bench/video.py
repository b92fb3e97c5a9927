"""Measure what following text through a video saves and loses, against reading every sampled frame.

Run as `python -m bench.video` in the OCR environment. The video is that of `tools.make_samples.talk`, whose
lines and times are known, encoded with a lossy codec. Both ways get the same frames from the same decoder;
reading every frame is given the union of all that it finds, so that nothing which it saw counts as lost.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench.machine import describe
from bench.reading import effective_settings, make_reader
from textmill.media import MediaOptions
from textmill.media.video import Video
from textmill.page import PageImage
from textmill.reading.page_reader import PageReader
from textmill.records import LineRecord
from textmill.video_reading.finding import text_finder
from textmill.video_reading.reader import VideoPage, VideoReader
from textmill.video_reading.tracks import likeness
from tools.make_samples.talk import Talk, Words, default_talk, word_list, write_video

_FOUND = 0.9
"""Likeness from which on a line counts as found."""
_CONTAINERS = {"mp4v": ".mp4", "VP80": ".webm", "VP90": ".webm", "MJPG": ".avi", "XVID": ".avi"}


@dataclass(frozen=True)
class Outcome:
    """What one way of reading came to.

    Attributes:
        sampled: frames at the interval and at scene changes.
        read: frames that were read.
        pages: 0 where the way makes none.
    """

    lines: Sequence[LineRecord]
    sampled: int
    read: int
    seconds: float
    pages: int = 0


@dataclass(frozen=True)
class Marks:
    """How an outcome compares with the truth.

    Attributes:
        word_recall: share of the words of the truth that were found, each as often as it is shown.
        line_recall: share of its lines that were found.
        line_precision: share of the lines found that are in the truth, each once.
        start_error_ms, end_error_ms: median over the lines found; None where lines have no times.
    """

    word_recall: float
    line_recall: float
    line_precision: float
    start_error_ms: float | None
    end_error_ms: float | None


def follow(path: Path, reader: PageReader, interval_seconds: float) -> Outcome:
    """Read a video as the pipeline does."""
    started = time.monotonic()
    with Video(path, name=path.name, options=MediaOptions(), interval_seconds=interval_seconds) as video:
        looker = VideoReader(
            lambda at_ms, pixels: reader.read(PageImage(1, pixels, None)).text.lines,
            text_finder(reader.engine),
            step_ms=video.step_ms,
            interval_ms=interval_seconds * 1000,
        )
        pages = [page for page in looker.pages(video.frames()) if isinstance(page, VideoPage)]
    lines = [line for page in pages for line in page.text.lines]
    seconds = time.monotonic() - started
    return Outcome(lines, looker.frames_sampled, looker.frames_read, seconds, len(pages))


def read_all(path: Path, reader: PageReader, interval_seconds: float) -> Outcome:
    """Read every sampled frame; lines that differ in any character are all kept."""
    started = time.monotonic()
    lines: dict[str, LineRecord] = {}
    sampled = 0
    with Video(path, name=path.name, options=MediaOptions(), interval_seconds=interval_seconds) as video:
        for frame in video.frames():
            if frame.sampled:
                sampled += 1
                for line in reader.read(PageImage(1, frame.pixels, None)).text.lines:
                    lines.setdefault(line.text, line)
    return Outcome(list(lines.values()), sampled, sampled, time.monotonic() - started)


def mark(outcome: Outcome, truth: Sequence[Words]) -> Marks:
    """Hold an outcome against the truth."""
    wanted = Counter(word_list([words.text for words in truth]))
    found = Counter(word_list([line.text for line in outcome.lines]))
    left = list(outcome.lines)
    pairs = [(words, one) for words in truth if (one := _take_best(words, left)) is not None]
    return Marks(
        word_recall=sum((wanted & found).values()) / wanted.total(),
        line_recall=len(pairs) / len(truth),
        line_precision=len(pairs) / max(1, len(outcome.lines)),
        start_error_ms=_middle(
            abs(one.start_ms - w.start_s * 1000) for w, one in pairs if one.start_ms is not None
        ),
        end_error_ms=_middle(abs(one.end_ms - w.end_s * 1000) for w, one in pairs if one.end_ms is not None),
    )


def _take_best(words: Words, left: list[LineRecord]) -> LineRecord | None:
    """Remove and return the line that is most like the words, and among those the nearest in time."""
    best = max(
        left,
        key=lambda line: (likeness(words.text, line.text), -abs((line.start_ms or 0) - words.start_s * 1000)),
        default=None,
    )
    if best is None or likeness(words.text, best.text) < _FOUND:
        return None
    left.remove(best)
    return best


def _middle(errors: Iterable[float]) -> float | None:
    known = list(errors)
    return median(known) if known else None


def report(followed: Outcome, every: Outcome | None, truth: Sequence[Words]) -> str:
    """Return the figures as a table."""
    rows = ["| | followed | every sampled frame |", "| --- | ---: | ---: |"]
    marks, other = mark(followed, truth), every and mark(every, truth)

    def row(name: str, form: Callable[[Any], str], ours: Any, theirs: Any) -> None:
        rows.append(f"| {name} | {form(ours)} | {form(theirs) if theirs is not None else ''} |")

    row("sampled frames", str, followed.sampled, every and every.sampled)
    row("frames read", str, followed.read, every and every.read)
    row("share of frames read", "{:.1%}".format, followed.read / followed.sampled, every and 1.0)
    row("word recall", "{:.4f}".format, marks.word_recall, other and other.word_recall)
    row("line recall", "{:.4f}".format, marks.line_recall, other and other.line_recall)
    row("line precision", "{:.4f}".format, marks.line_precision, other and other.line_precision)
    row("pages", str, followed.pages, None)
    row("median error of a line's start (ms)", _rounded, marks.start_error_ms, None)
    row("median error of a line's end (ms)", _rounded, marks.end_error_ms, None)
    row("seconds", "{:.1f}".format, followed.seconds, every and every.seconds)
    if every is not None:
        row("time ratio", "{:.3f}".format, followed.seconds / every.seconds, 1.0)
    return "\n".join(rows)


def _rounded(value: float | None) -> str:
    return "" if value is None else f"{value:.0f}"


def main() -> None:
    """Command line of this module."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--codec", choices=_CONTAINERS, default="mp4v")
    parser.add_argument("--fps", type=float, default=15.0)
    parser.add_argument("--interval", type=float, default=1.0, help="seconds between sampled frames")
    parser.add_argument("--fade", type=float, default=0.0, help="seconds in which scenes come and go")
    parser.add_argument("--busy", action="store_true", help="something moves behind the text")
    parser.add_argument("--scale", type=float, default=1.0, help="size of the letters")
    parser.add_argument("--shrink", type=int, default=1, help="divide width and height")
    parser.add_argument("--no-baseline", action="store_true", help="do not read every frame")
    wanted = parser.parse_args()
    talk = default_talk(fade_s=wanted.fade, busy=wanted.busy, scale=wanted.scale)
    reader = make_reader(effective_settings(os.environ))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"talk{_CONTAINERS[wanted.codec]}"
        write_video(talk, path, codec=wanted.codec, fps=wanted.fps, shrink=wanted.shrink)
        print(_headline(talk, path, wanted))
        followed = follow(path, reader, wanted.interval)
        every = None if wanted.no_baseline else read_all(path, reader, wanted.interval)
    print(report(followed, every, talk.truth()))


def _headline(talk: Talk, path: Path, wanted: argparse.Namespace) -> str:
    machine = describe()
    kilobits = path.stat().st_size * 8 / 1000 / talk.seconds
    return (
        f"{talk.seconds:.0f} s of talk, {wanted.codec}, {kilobits:,.0f} kbit/s, {wanted.fps:g} frames/s, "
        f"fade {wanted.fade:g} s, letters x {wanted.scale:g}, size / {wanted.shrink}"
        f"{', moving background' if wanted.busy else ''}; {machine.cpu}, {machine.cores} cores\n"
    )


if __name__ == "__main__":
    main()
