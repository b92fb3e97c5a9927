"""Discovery and planning of a million files and of a manifest with a million lines.

`make bench-million` measures, each in a process of its own against a private MariaDB with the settings of the
stack: the first discovery of a folder and its plan, the rescan when nothing changed, the rescan when a
thousand files are gone, and the first discovery of a manifest. The files are real but empty, in a thousand
folders. For the rescans the warehouse is filled as runs would have left it, by SQL: reading a million media
takes days.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import Engine, text

from bench.process_memory import peak_memory_mb

_GONE = 1000
_BATCHES = 200
"""Media are dealt out to batches, which load them in another order than that in which they are listed."""

_COLUMNS = (
    ("", 26),
    ("discover", 9),
    ("its CPU", 8),
    ("server's", 9),
    ("peak", 8),
    ("plan", 8),
    ("peak", 8),
    ("batches", 8),
    ("found", 10),
    ("unchanged", 10),
    ("deleted", 8),
)


def _line(*cells: str) -> str:
    (title, width), *others = zip(cells, (width for _, width in _COLUMNS), strict=True)
    return f"{title:{width}}" + "".join(f"{cell:>{width}}" for cell, width in others)


def main() -> None:
    """Measure all phases, or one in this process (for the benchmark itself)."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=1_000_000, help="how many files and lines")
    parser.add_argument("--flat", action="store_true", help="all files in one folder")
    parser.add_argument("--phase", help=argparse.SUPPRESS)
    wish = parser.parse_args()
    if wish.phase:
        print(json.dumps(_phase(**json.loads(wish.phase))))
        return
    _measure(wish.files, flat=wish.flat)


def _measure(files: int, *, flat: bool) -> None:
    from stack.mariadb import running_mariadb
    from textmill.warehouse.connection import warehouse_engine
    from textmill.warehouse.migrate import upgrade

    place = Path(tempfile.mkdtemp(prefix="textmill-million-"))
    try:
        tree, manifest = place / "in", place / "urls.txt"
        with _timed(f"making {files:,} files and lines"):
            _make_files(tree, files, 1 if flat else 1000)
            _make_manifest(manifest, files)
        with running_mariadb(place / "state") as url:
            address = url.render_as_string(hide_password=False)
            upgrade(address)
            run = _Runner(address, place / "staging")
            print(_line(*(name for name, _ in _COLUMNS)))
            run("manifest, nothing known", "one", manifest)
            run("folder, nothing known", "two", tree)
            with warehouse_engine(address) as engine, _timed("filling the warehouse"):
                _fill(engine, tree)
            run("folder, unchanged", "three", tree)
            for path in itertools.islice(_files(tree), _GONE):
                path.unlink()
            run(f"folder, {_GONE:,} files gone", "four", tree)
            run("folder, unchanged again", "five", tree)
    finally:
        shutil.rmtree(place, ignore_errors=True)


class _Runner:
    """Runs phases in processes of their own and prints what they cost."""

    def __init__(self, address: str, staging: Path) -> None:
        self._fixed = {"address": address, "staging": str(staging)}

    def __call__(self, title: str, run_id: str, location: Path) -> None:
        wish = self._fixed | {"run_id": run_id, "location": location.as_uri()}
        command = [sys.executable, "-m", "bench.million", "--phase", json.dumps(wish)]
        busy = _server_seconds()
        result = subprocess.run(command, stdout=subprocess.PIPE, check=False, text=True)
        if result.returncode:
            print(f"{title:26} failed")
            return
        row = json.loads(result.stdout)
        server = _server_seconds() - busy
        cells = (
            f"{row['discover']:.1f} s",
            f"{row['discover_cpu']:.1f} s",
            f"{server:.1f} s",
            f"{row['discover_mb']} MB",
            f"{row['plan']:.1f} s",
            f"{row['peak_mb']} MB",
            f"{row['batches']}",
            f"{row['found']:,}",
            f"{row['unchanged']:,}",
            f"{row['deleted']:,}",
        )
        print(_line(title, *cells), flush=True)


def _server_seconds() -> float:
    """CPU time of the database so far: on a busy machine, it tells more than the clock."""
    servers = [one for one in psutil.Process().children(recursive=True) if one.name() == "mariadbd"]
    return float(sum(one.cpu_times().user + one.cpu_times().system for one in servers))


def _phase(*, address: str, staging: str, run_id: str, location: str) -> dict[str, Any]:
    from textmill.access import NoConnections
    from textmill.run_wishes import RunWishes
    from textmill.settings import Settings
    from textmill.stages.discover import discover
    from textmill.stages.plan import plan
    from textmill.staging import Staging
    from textmill.warehouse.connection import warehouse_engine

    settings = Settings(stable_seconds=0)
    with warehouse_engine(address) as engine:
        start, busy = time.perf_counter(), time.process_time()
        found = discover(
            engine,
            Staging(Path(staging)),
            settings,
            run_id=run_id,
            source=location,
            schedule="nightly",
            params={},
            wishes=RunWishes(),
            connections=NoConnections(),
        )
        discovered, discover_mb, busy = time.perf_counter(), peak_memory_mb(), time.process_time() - busy
        batches = plan(
            engine, Staging(Path(staging)), settings, run_id=run_id, batch_seconds=180, wishes=RunWishes()
        )
    return {
        "discover": discovered - start,
        "plan": time.perf_counter() - discovered,
        "discover_cpu": busy,
        "discover_mb": discover_mb,
        "peak_mb": peak_memory_mb(),
        "found": found.found,
        "unchanged": found.unchanged,
        "deleted": found.deleted,
        "to_read": found.to_read,
        "batches": len(batches),
    }


@contextmanager
def _timed(what: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    print(f"({what}: {time.perf_counter() - start:.0f} s)", flush=True)


def _make_files(tree: Path, files: int, folders: int) -> None:
    for folder in range(folders):
        where = tree / f"{folder:04d}"
        where.mkdir(parents=True)
        for number in range(folder, files, folders):
            os.mknod(f"{where}/scan-{number:07d}.png", 0o644)


def _make_manifest(path: Path, lines: int) -> None:
    with path.open("w", encoding="ascii") as out:
        for number in range(lines):
            out.write(f"https://archive.example.org/{number // 1000:04d}/scan-{number:07d}.png\n")


def _files(tree: Path) -> Iterator[Path]:
    for folder in sorted(tree.iterdir()):
        yield from sorted(folder.iterdir())


def _fill(engine: Engine, tree: Path) -> None:
    """Put a settled medium at every file, in the order in which batches would have loaded them."""
    rows = [(path.as_uri(), (status := path.stat()).st_size, status.st_mtime_ns) for path in _files(tree)]
    loaded = [row for batch in range(_BATCHES) for row in rows[batch::_BATCHES]]
    with engine.begin() as connection:
        connection.execute(text(_TABLE))
        for start in range(0, len(loaded), 10_000):
            values = [
                {"id": start + number, "uri": uri, "bytes": size, "modified": modified}
                for number, (uri, size, modified) in enumerate(loaded[start : start + 10_000], start=1)
            ]
            connection.execute(text("INSERT INTO listed VALUES (:id, :uri, :bytes, :modified)"), values)
        for statement in _FILL:
            connection.execute(text(statement), {"source": tree.as_uri()})


_TABLE = """
    CREATE TEMPORARY TABLE listed (
        id BIGINT PRIMARY KEY, uri VARCHAR(1000) CHARACTER SET ascii, bytes BIGINT, modified BIGINT
    )
"""
_FILL = (
    "SET unique_checks = 0",
    "SET foreign_key_checks = 0",
    """
    INSERT INTO media (
        id, sha256, bytes, mime, kind, page_count, status, needs_retry, location_id, first_seen, loaded_at
    )
    SELECT id, SHA2(id, 256), bytes, 'image/png', 'image', 1, 'loaded', 0, id, '2026-01-01', '2026-01-01'
    FROM listed ORDER BY id
    """,
    """
    INSERT INTO media_location (
        id, uri_hash, uri, media_id, source, source_hash, bytes, modified_ns, refused, failures, `change`,
        changed_at, first_seen, last_seen
    )
    SELECT
        id, SHA2(uri, 256), uri, id, :source, SHA2(:source, 256), bytes, modified, 0, 0, 'new',
        '2026-01-01', '2026-01-01', '2026-01-01'
    FROM listed ORDER BY id
    """,
)


if __name__ == "__main__":
    main()
