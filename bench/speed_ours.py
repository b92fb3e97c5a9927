"""Textmill without Airflow as a contestant: single-threaded processes that share the pages of a job.

As `bench.bare_engine`: preprocessing, engine, second opinions and text layers as in the pipeline; no staging
area, checkpoint or database. A video is read as a whole by one process, so that each process is given a copy.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import queue
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path

from bench.bare_engine import package_versions
from bench.open_media import OpenMedia
from bench.reading import effective_settings, make_reader, text_of
from bench.speed_records import Answer, Job, SetKind
from bench.speed_serving import serve
from textmill.lifeline import die_with_parent
from textmill.records import TextLayerUse

_LOAD_SECONDS = 300.0
_LOOK_SECONDS = 2.0
_FRAME_SECONDS = 1.0
"""Between sampled frames, as for the others."""


@dataclass(frozen=True)
class _Task:
    """A page, or a whole video."""

    index: int
    medium: Path
    page_no: int
    kind: SetKind


class OurReaders:
    """Processes with a reader each."""

    def __init__(self, processes: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._tasks: Queue[_Task] = context.Queue()
        self._texts: Queue[tuple[int, str]] = context.Queue()
        ready = context.Barrier(processes + 1)
        self._readers = [
            context.Process(target=_read_tasks, args=(self._tasks, self._texts, ready), daemon=True)
            for _ in range(processes)
        ]
        for reader in self._readers:
            reader.start()
        ready.wait(_LOAD_SECONDS)
        self.versions: Mapping[str, str] = package_versions()

    def prepare(self, job: Job) -> None:
        """Nothing: media are read as they are."""

    def read(self, job: Job) -> Answer:
        """See `Contestant`."""
        if job.kind is SetKind.VIDEO:
            video = job.pages[0].medium
            texts = self._read([_Task(index, video, 1, job.kind) for index in range(len(self._readers))])
            return Answer(texts[:1], len((*job.pages, *job.further)) * len(texts))
        pages = enumerate((*job.pages, *job.further))
        texts = self._read([_Task(index, page.medium, page.page_no, job.kind) for index, page in pages])
        return Answer(texts[: len(job.pages)], len(texts))

    def _read(self, tasks: list[_Task]) -> list[str]:
        for task in tasks:
            self._tasks.put(task)
        return [text for _, text in sorted(self._next_text() for _ in tasks)]

    def _next_text(self) -> tuple[int, str]:
        """Wait for a text; raises RuntimeError when a process ended instead of giving one."""
        while True:
            try:
                return self._texts.get(timeout=_LOOK_SECONDS)
            except queue.Empty:
                if not all(reader.is_alive() for reader in self._readers):
                    raise RuntimeError("A process of Textmill did not get through; see above.") from None


def _read_tasks(tasks: Queue[_Task], texts: Queue[tuple[int, str]], ready: Barrier) -> None:
    from bench.video import follow

    die_with_parent(os.getppid())
    settings = effective_settings(os.environ)
    reader = make_reader(settings)
    media = OpenMedia(settings)
    ready.wait(_LOAD_SECONDS)
    while True:
        task = tasks.get()
        if task.kind is SetKind.VIDEO:
            lines = follow(task.medium, reader, _FRAME_SECONDS).lines
            texts.put((task.index, "\n".join(line.text for line in lines)))
            continue
        layer = TextLayerUse.AUTO if task.kind is SetKind.WRITTEN else TextLayerUse.NEVER
        texts.put((task.index, text_of(media.page(task.medium, task.page_no, layer), reader)))


def main() -> None:
    """Command line of this module."""
    parser = argparse.ArgumentParser(prog="python -m bench.speed_ours", description=__doc__)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument(
        "--precision",
        help="fail unless the settings know a precision: what the environment says would be ignored",
    )
    options = parser.parse_args()
    if options.precision and not hasattr(effective_settings(os.environ), "cpu_precision"):
        raise SystemExit("There is no setting TEXTMILL_CPU_PRECISION: no precision can be forced.")
    serve(lambda: OurReaders(options.processes))


if __name__ == "__main__":
    main()
