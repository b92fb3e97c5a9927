"""Loading beside the plain multi-row upserts of the same rows, and beside analysts who read.

`make bench-load` measures against a private MariaDB with the settings of the stack, in turns:

- *raw*: rows that are ready in memory, as tuples with the keys of their pages known beforehand, by one
  `INSERT … ON DUPLICATE KEY UPDATE` of mysqlclient for the pages, one for the lines and one for the document
  of a medium, in statements of up to 4 MiB; one transaction per medium; nothing is read, checked or counted;
  an upsert of lines costs the server more than the plain insert by which the load stage writes new ones;
- *ours*: the load stage over a staged batch, with its checkpoint, Parquet files, verdicts and books.

Fresh means that the warehouse does not have the media, again that it has them unchanged: then raw writes all
rows over themselves. Processor time is that of the client.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import URL, text

from bench import machine
from bench.load_rows import RawRows
from bench.process_memory import peak_memory_mb
from bench.staged_batches import Shape, StagedBatch, stage_batch

SHAPES = (Shape("small media", 500, 4), Shape("one long medium", 1, 2000))
_RESULTS = Path("bench/results/load.md")
_TARGET = 0.8


@dataclass
class Figures:
    """Seconds of each round, by who loaded (`raw`, `ours`) and what was there (`fresh`, `again`)."""

    seconds: dict[tuple[str, str], list[float]] = field(default_factory=dict)

    def note(self, who: str, state: str, seconds: float) -> None:
        """Take in a round."""
        self.seconds.setdefault((who, state), []).append(seconds)

    def rate(self, who: str, state: str, pages: int) -> float:
        """Median of pages per second."""
        return pages / statistics.median(self.seconds[who, state])

    def ratio(self, state: str) -> float:
        """Median of the ratios of each round: what disturbs a round, disturbs both of its halves."""
        return statistics.median(self._ratios(state))

    def span(self, state: str) -> str:
        """The smallest and the largest ratio of a round."""
        ratios = self._ratios(state)
        return f"{min(ratios):.2f}–{max(ratios):.2f}"

    def _ratios(self, state: str) -> list[float]:
        pairs = zip(self.seconds["raw", state], self.seconds["ours", state], strict=True)
        return [raw / ours for raw, ours in pairs]


def main() -> None:
    """Measure all shapes, or the memory of one load in this process (for the benchmark itself)."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=6, help="even, so that each is as often the first")
    parser.add_argument("--pages", type=int, default=10_000, help="of the medium whose load is weighed")
    parser.add_argument("--out", type=Path, default=_RESULTS)
    parser.add_argument("--only", choices=["speed", "memory", "analysts"], help="leave the rest out")
    parser.add_argument("--phase", action="store_true", help=argparse.SUPPRESS)
    wish = parser.parse_args()
    if wish.phase:
        print(json.dumps(_load_in_process(**json.load(sys.stdin))))
        return
    _measure(wish)


def _measure(wish: argparse.Namespace) -> None:
    from stack.mariadb import running_mariadb
    from textmill.warehouse.migrate import upgrade

    place = Path(tempfile.mkdtemp(prefix="textmill-load-"))
    report = [*_heading(wish)]
    try:
        with running_mariadb(place / "state") as url:
            upgrade(url.render_as_string(hide_password=False))
            if wish.only in (None, "speed"):
                report += _speed(url, place, wish.rounds)
            if wish.only in (None, "memory"):
                report += _memory(url, place, wish.pages)
            if wish.only in (None, "analysts"):
                report += _analysts(url, place, wish.rounds)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    print("\n".join(report))
    if wish.only is None:
        wish.out.write_text("\n".join([*report, ""]), encoding="utf-8")


def _heading(wish: argparse.Namespace) -> list[str]:
    about = machine.describe()
    return [
        "# Loading",
        "",
        f"Measured by `make bench-load` on {time.strftime('%Y-%m-%d')}; medians of {wish.rounds} rounds.",
        "",
        f"- Machine: {about.cpu}, {about.cores} cores, {about.memory_gb} GB; {about.system}",
        f"- In use by others before: {machine.busy_percent():.0f} %",
        "- Pages of about 2.9 KB in 40 lines with outlines; MariaDB with the settings of the stack.",
        "",
        *(__doc__ or "").split("\n\n", 1)[1].strip().splitlines(),
        "",
    ]


# --- speed -------------------------------------------------------------------------------------------------


def _speed(url: URL, place: Path, rounds: int) -> list[str]:
    lines = [
        "## Pages per second",
        "",
        "| batch | state | raw | ours | ours / raw | of single rounds | target | client's CPU, ours / raw |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for shape in SHAPES:
        wall, busy = Figures(), Figures()
        for number in range(rounds + 1):  # the first warms caches up and does not count
            _empty(url)
            batch = stage_batch(url, place / f"{shape.media}-{number}", shape, seed=number)
            _round(url, batch, shape, (wall, busy) if number else (Figures(), Figures()), number)
            shutil.rmtree(batch.root)
        lines += [
            f"| {shape.name}: {shape.media} × {shape.pages} pages | {state} "
            f"| {wall.rate('raw', state, shape.total):.0f} | {wall.rate('ours', state, shape.total):.0f} "
            f"| **{wall.ratio(state):.2f}** | {wall.span(state)} | ≥ {_TARGET} "
            f"| {1 / busy.ratio(state):.2f} |"
            for state in ("fresh", "again")
        ]
        print(lines[-2], lines[-1], sep="\n", file=sys.stderr, flush=True)
    return [*lines, ""]


def _round(url: URL, batch: StagedBatch, shape: Shape, figures: tuple[Figures, Figures], number: int) -> None:
    """Let both load the same rows, as media of different names, in turns."""
    raw = RawRows(url, batch, shape)
    for state in ("fresh", "again"):
        turns: list[tuple[str, Callable[[], object]]] = [
            ("raw", raw.load),
            ("ours", lambda: _load(url, batch)),
        ]
        for who, load in turns[:: -1 if number % 2 else 1]:
            with _timed() as spent:
                load()
            for one, seconds in zip(figures, spent, strict=True):
                one.note(who, state, seconds)
    raw.close()


@contextmanager
def _timed() -> Iterator[list[float]]:
    """Yield a list that has the seconds of the clock and of the processor, once the block is left."""
    spent: list[float] = []
    wall, busy = time.perf_counter(), time.process_time()
    yield spent
    spent += [time.perf_counter() - wall, time.process_time() - busy]


def _load(url: URL, batch: StagedBatch) -> int:
    from textmill.settings import Settings
    from textmill.stages.load import load
    from textmill.warehouse.connection import warehouse_engine

    with warehouse_engine(url) as engine:
        tally = load(
            engine, batch.staging, run_id=batch.run_id, batch_uri=batch.area.uri, settings=Settings()
        )
    return tally.pages_changed


def _empty(url: URL) -> None:
    from textmill.warehouse.connection import warehouse_engine
    from textmill.warehouse.tables import metadata

    with warehouse_engine(url) as engine, engine.begin() as connection:
        connection.execute(text("SET FOREIGN_KEY_CHECKS = 0"))
        for table in metadata.sorted_tables:
            connection.execute(text(f"TRUNCATE TABLE `{table.name}`"))


# --- memory ------------------------------------------------------------------------------------------------


def _memory(url: URL, place: Path, pages: int) -> list[str]:
    lines = [
        "## Peak memory of a process that loads a batch, with the interpreter (MiB)",
        "",
        "| batch | fresh | again | replaced |",
        "| --- | ---: | ---: | ---: |",
    ]
    for shape in (Shape("one medium", 1, pages), Shape("small media", pages // 4, 4)):
        _empty(url)
        batch = stage_batch(url, place / "memory", shape, seed=1)
        peaks = [_peak(url, batch), _peak(url, batch)]
        shutil.rmtree(batch.root)
        batch = stage_batch(url, place / "memory", shape, seed=1, fingerprint="e" * 64)
        peaks.append(_peak(url, batch))
        lines.append(
            f"| {shape.name}: {shape.media} × {shape.pages} pages | "
            + " | ".join(f"{peak} ({pages / seconds:.0f} pages/s)" for peak, seconds in peaks)
            + " |"
        )
        shutil.rmtree(batch.root)
    return [*lines, ""]


def _peak(url: URL, batch: StagedBatch) -> tuple[int, float]:
    wish = {
        "address": url.render_as_string(hide_password=False),
        "root": str(batch.root),
        "run_id": batch.run_id,
    }
    # Over standard input: the address has a password, and everybody sees command lines.
    done = subprocess.run(
        [sys.executable, "-m", "bench.load", "--phase"],
        input=json.dumps(wish),
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    answer = json.loads(done.stdout)
    return answer["peak_mb"], answer["seconds"]


def _load_in_process(*, address: str, root: str, run_id: str) -> dict[str, Any]:
    from sqlalchemy import make_url

    batch = StagedBatch(Path(root), run_id)
    start = time.perf_counter()
    changed = _load(make_url(address), batch)
    return {"peak_mb": peak_memory_mb(), "seconds": time.perf_counter() - start, "changed": changed}


# --- analysts ----------------------------------------------------------------------------------------------


def _analysts(url: URL, place: Path, rounds: int) -> list[str]:
    """Load beside two readers: one scans all texts in one long snapshot, one sorts by text."""
    shape = SHAPES[0]
    wall = Figures()
    for number in range(rounds // 2 + 1):
        _empty(url)
        stored = stage_batch(url, place / "stored", SHAPES[1], seed=999)
        _load(url, stored)
        shutil.rmtree(stored.root)
        figures = wall if number else Figures()
        for who in ("raw", "ours")[:: -1 if number % 2 else 1]:  # here: alone, and beside readers
            batch = stage_batch(url, place / who, shape, seed=2 * number + (who == "ours"), run_id=who)
            with _readers(url) if who == "ours" else _nobody(), _timed() as spent:
                _load(url, batch)
            figures.note(who, "fresh", spent[0])
            shutil.rmtree(batch.root)
    return [
        "## Beside analysts",
        "",
        f"Two readers, without a pause: a full scan of the texts of all pages in one snapshot as old as "
        f"the load, and `ORDER BY text`. {shape.media} × {shape.pages} fresh pages:",
        "",
        f"- alone {wall.rate('raw', 'fresh', shape.total):.0f} pages/s, beside them "
        f"{wall.rate('ours', 'fresh', shape.total):.0f} pages/s: {wall.ratio('fresh'):.2f} of the speed, on "
        f"{machine.describe().cores} cores that all share with the database.",
        "",
    ]


@contextmanager
def _nobody() -> Iterator[None]:
    yield


@contextmanager
def _readers(url: URL) -> Iterator[None]:
    done = threading.Event()
    queries = (
        "SELECT SUM(LENGTH(text)), SUM(text LIKE '%zzzz%') FROM page",
        "SELECT MAX(page_no) FROM (SELECT page_no FROM page ORDER BY text LIMIT 500) AS sorted",
    )
    threads = [threading.Thread(target=_read, args=(url, query, done)) for query in queries]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        done.set()
        for thread in threads:
            thread.join()


def _read(url: URL, query: str, done: threading.Event) -> None:
    from sqlalchemy import create_engine

    engine = create_engine(url, isolation_level="REPEATABLE READ")
    with engine.connect() as connection:
        while not done.is_set():
            connection.execute(text(query)).all()
    engine.dispose()


if __name__ == "__main__":
    main()
