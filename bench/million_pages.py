"""Analysts' queries on a warehouse with a million pages: how long each takes, and by which indexes.

`make bench-warehouse` fills a private MariaDB with the settings of the stack and keeps it in the folder
TEXTMILL_BENCH_STATE (some 4 GB), so that only the first run takes minutes. Then it runs the examples in
`include/sql/examples` and the queries of `docs/warehouse.md`. It complains about a query that takes too long,
and about one that reads all of a big table.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from bench import machine
from bench.query_timing import (
    Query,
    Timing,
    measure,
    queries_of_document,
    queries_of_folder,
    tables,
)

_ROOT = Path(__file__).parents[1]
_EXAMPLES = _ROOT / "include" / "sql" / "examples"
_DOCUMENTS = (_ROOT / "docs" / "warehouse.md",)


def main() -> None:
    """Fill the warehouse if it is not filled, and measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pages", type=int, default=1_000_000, help="how many pages")
    parser.add_argument(
        "--queries", type=Path, help="a folder of .sql files instead of all that is documented"
    )
    parser.add_argument("--out", type=Path, help="write the report to this file")
    wish = parser.parse_args()
    if wish.queries:
        queries = queries_of_folder(wish.queries)
    else:
        queries = queries_of_folder(_EXAMPLES)
        queries += [query for path in _DOCUMENTS for query in queries_of_document(path)]
    timings, size = _measure(wish.pages, queries)
    report = "\n".join(_report(timings, size))
    print(report)
    if wish.out:
        wish.out.write_text(report, encoding="utf-8")
    sys.exit(any(timing.complaints for timing in timings))


def state_folder(pages: int) -> Path:
    """Where the filled warehouse is kept."""
    kept = os.environ.get("TEXTMILL_BENCH_STATE")
    return (Path(kept) if kept else Path(tempfile.gettempdir()) / "textmill-bench-warehouse") / str(pages)


def _measure(pages: int, queries: Sequence[Query]) -> tuple[list[Timing], str]:
    from bench.warehouse_filling import fill
    from stack.mariadb import running_mariadb
    from textmill.warehouse.connection import warehouse_engine
    from textmill.warehouse.migrate import upgrade

    state = state_folder(pages)
    filled = state / "filled"
    if not filled.exists():
        shutil.rmtree(state, ignore_errors=True)
        state.mkdir(parents=True)
    with running_mariadb(state) as url:
        upgrade(url.render_as_string(hide_password=False))
        with warehouse_engine(url) as engine:
            if not filled.exists():
                start = time.perf_counter()
                fill(engine, pages)
                filled.write_text(f"{time.perf_counter() - start:.0f} seconds\n", encoding="utf-8")
            with engine.connect() as connection:
                return [measure(connection, query) for query in queries], tables(connection)


def _report(timings: Sequence[Timing], size: str) -> Iterable[str]:
    here = machine.describe()
    yield "# Queries on a million pages"
    yield ""
    yield f"Measured on {time.strftime('%Y-%m-%d')} by `make bench-warehouse`: {size}."
    yield "Buffer pool of 256 MB; median of five runs one after the other."
    yield ""
    yield f"- Machine: {here.cpu}, {here.cores} cores, {here.memory_gb} GB; {here.system}"
    yield f"- In use by others afterwards: {machine.busy_percent():.0f} %"
    yield ""
    yield "| query | rows | median (ms) | slowest (ms) | complaints |"
    yield "| --- | ---: | ---: | ---: | --- |"
    for timing in timings:
        cells = (
            timing.query.name,
            f"{timing.rows:,}",
            f"{timing.median * 1000:.0f}",
            f"{max(timing.seconds) * 1000:.0f}",
            "; ".join(timing.complaints),
        )
        yield f"| {' | '.join(cells)} |"
    yield ""
    yield "## How the server answers them"
    yield ""
    yield "Of each table: how it is read (`EXPLAIN`), by which index, and how many rows the server expects."
    yield ""
    for timing in timings:
        yield f"- {timing.query.name}: {', '.join(map(str, timing.plan)) or 'nothing to explain'}"
    yield ""


if __name__ == "__main__":
    main()
