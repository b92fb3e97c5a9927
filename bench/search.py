"""How much of misread text search finds: plain and fuzzy, for words of each length, and what it costs.

`make bench-search` spoils every tenth letter of real pages, loads them into a private MariaDB with the
settings of the stack, and looks for words: what should be found are the pages that have the word before they
are spoiled. Then it fills the vocabulary with a million misread words and measures how long a word takes, and
what the vocabulary adds to a load.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, insert, text

from bench import machine
from bench.search_corpus import pages, spoiled
from textmill.warehouse.connection import utc_now, warehouse_engine
from textmill.warehouse.tables import ingest_run, media, page
from textmill.warehouse.word_forms import words_of
from textmill.warehouse.words import keep_words

_ERRORS = 0.1
_LENGTHS = ((4, 4), (5, 5), (6, 6), (7, 8), (9, 11), (12, 18))
_MOST_VARIANTS = 40


@dataclass(frozen=True)
class Quality:
    """What looking for words of some length came to, all pages of all words together.

    Attributes:
        seconds: median time of a search.
    """

    words: int
    recall: float
    precision: float
    seconds: float


def main() -> None:
    """Measure, print, and write the report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--words-of-each-length", type=int, default=60)
    parser.add_argument("--vocabulary", type=int, default=1_000_000, help="words, 0: not measured")
    parser.add_argument("--out", type=Path)
    wish = parser.parse_args()
    report = _report(wish.words_of_each_length, wish.vocabulary)
    print(report)
    if wish.out:
        wish.out.write_text(report, encoding="utf-8")


def _report(each: int, vocabulary: int) -> str:
    corpus = pages()
    about = machine.describe()
    parts = [
        "# Search in misread text",
        f"{len(corpus)} pages of 250 words from the documentation of Python's standard library; each letter "
        f"and digit misread with a chance of {_ERRORS:.0%}. "
        f"`make bench-search`, {about.cpu}, {about.cores} cores.",
    ]
    for confused, title in ((False, "Random errors"), (True, "Half of the errors as OCR makes them")):
        with _warehouse() as engine:
            seconds = _load(engine, corpus, confused=confused)
            parts += [f"## {title}", _quality_table(engine, corpus, each)]
            if confused and vocabulary:
                parts += ["## Cost", _cost(engine, corpus, seconds, vocabulary)]
    return "\n\n".join(parts) + "\n"


@contextmanager
def _warehouse() -> Iterator[Engine]:
    from stack.mariadb import running_mariadb
    from textmill.warehouse.migrate import upgrade

    with tempfile.TemporaryDirectory(prefix="textmill-search-") as place, running_mariadb(Path(place)) as url:
        upgrade(url.render_as_string(hide_password=False))
        with warehouse_engine(url) as engine:
            yield engine


def _load(engine: Engine, corpus: Sequence[str], *, confused: bool) -> float:
    """Load the pages, spoiled, as one medium, with their words; returns the seconds for the words."""
    chance = random.Random(10)
    texts = [spoiled(one, _ERRORS, chance, confused=confused) for one in corpus]
    with engine.begin() as connection:
        run_id, media_id = _books(connection)
        for page_no, one in enumerate(texts, 1):
            connection.execute(insert(page).values(**_page(run_id, media_id, page_no, one)))
    started = time.perf_counter()
    keep_words(engine, texts)
    seconds = time.perf_counter() - started
    with engine.connect() as connection:
        connection.execute(text("ANALYZE TABLE page, word, word_gram"))
    return seconds


def _books(connection: Connection) -> tuple[int, int]:
    now = utc_now()
    counts = ("media_discovered", "media_found", "media_unchanged", "media_loaded", "media_quarantined")
    run = connection.execute(
        insert(ingest_run).values(
            run_id="bench", source="bench", params={}, state="success", started_at=now, pages_loaded=0,
            pages_quarantined=0, **dict.fromkeys(counts, 0),
        )
    )  # fmt: skip
    medium = connection.execute(
        insert(media).values(
            sha256="0" * 64, bytes=1, mime="application/pdf", kind="pdf", status="loaded", needs_retry=False,
            first_seen=now,
        )
    )  # fmt: skip
    return int(run.lastrowid), int(medium.lastrowid)


def _page(run_id: int, media_id: int, page_no: int, content: str) -> dict[str, object]:
    return {
        "media_id": media_id, "page_no": page_no, "text": content, "width": 1, "height": 1, "rotation": 0,
        "ink": 0.1, "preprocessing": "", "text_source": "ocr", "engine": "bench", "model": "",
        "fingerprint": "", "milliseconds": 1, "ingest_run_id": run_id, "batch_no": 0, "loaded_at": utc_now(),
        "quality": "accepted", "warnings": "",
    }  # fmt: skip


def _quality_table(engine: Engine, corpus: Sequence[str], each: int) -> str:
    where: dict[str, set[int]] = defaultdict(set)
    for page_no, one in enumerate(corpus, 1):
        for found in words_of(one):
            where[found].add(page_no)
    rows = [
        "| letters | words | plain: recall | precision | fuzzy: recall | precision | ms a search |",
        "|---|---|---|---|---|---|---|",
    ]
    chance = random.Random(20)
    every: list[str] = []
    for shortest, longest in _LENGTHS:
        # Words that mean something: letters alone, on some pages, not on a fifth of all.
        fit = sorted(
            one
            for one, on in where.items()
            if shortest <= len(one) <= longest and one.isalpha() and 3 <= len(on) <= len(corpus) / 5
        )
        words = chance.sample(fit, min(each, len(fit)))
        every += words
        name = f"{shortest}" if shortest == longest else f"{shortest}–{longest}"
        rows.append(_row(engine, name, words, where))
    rows.append(_row(engine, "all", every, where))
    return "\n".join(rows)


def _row(engine: Engine, name: str, words: Sequence[str], where: dict[str, set[int]]) -> str:
    plain = _quality(engine, words, where, "+{}".format)
    fuzzy = _quality(engine, words, where, None)
    return (
        f"| {name} | {plain.words} | {plain.recall:.3f} | {plain.precision:.3f} | **{fuzzy.recall:.3f}** "
        f"| {fuzzy.precision:.3f} | {fuzzy.seconds * 1000:.0f} |"
    )


def _quality(
    engine: Engine, words: Sequence[str], where: dict[str, set[int]], query: Callable[[str], str] | None
) -> Quality:
    wanted = found = right = 0
    times = []
    with engine.connect() as connection:
        for one in words:
            started = time.perf_counter()
            asked = query(one) if query else _fuzzy(connection, one)
            hits = set(
                connection.execute(
                    text("SELECT page_no FROM v_search WHERE MATCH(text) AGAINST(:asked IN BOOLEAN MODE)"),
                    {"asked": asked},
                ).scalars()
            )
            times.append(time.perf_counter() - started)
            wanted += len(where[one])
            found += len(hits)
            right += len(hits & where[one])
    return Quality(len(words), right / max(wanted, 1), right / max(found, 1), statistics.median(times))


def _fuzzy(connection: Connection, asked: str) -> str:
    return str(connection.execute(text("SELECT textmill_fuzzy(:asked)"), {"asked": asked}).scalar_one())


def _cost(engine: Engine, corpus: Sequence[str], seconds: float, vocabulary: int) -> str:
    chance = random.Random(30)
    lines = [f"- The vocabulary of these pages, all new: {seconds / len(corpus) * 1000:.2f} ms a page."]
    started = time.perf_counter()
    again = [spoiled(one, _ERRORS, chance, confused=True) for one in corpus]
    started = time.perf_counter()
    keep_words(engine, corpus)
    keep_words(engine, corpus)
    first = time.perf_counter() - started
    lines.append(
        f"- Of the pages as they were before they were spoiled, twice, so that most words are known: "
        f"{first / len(corpus) / 2 * 1000:.2f} ms a page."
    )
    while _size(engine) < vocabulary:
        keep_words(engine, again)
        again = [spoiled(one, _ERRORS, chance, confused=True) for one in corpus]
    with engine.connect() as connection:
        connection.execute(text("ANALYZE TABLE word, word_gram"))
        sizes = connection.execute(
            text(
                "SELECT table_name, (data_length + index_length) DIV 1048576 FROM information_schema.tables "
                "WHERE table_schema = DATABASE() AND table_name IN ('word', 'word_gram') ORDER BY 1"
            )
        ).all()
        lines.append(
            f"- A vocabulary of {_size(engine):,} words takes "
            + " and ".join(f"{size} MiB (`{name}`)" for name, size in sizes)
            + "."
        )
        times = []
        for one in _timed_words(corpus, chance):
            started = time.perf_counter()
            connection.execute(
                text("SELECT textmill_variants(:one, :most)"), {"one": one, "most": _MOST_VARIANTS}
            )
            times.append(time.perf_counter() - started)
    lines.append(
        f"- To find the variants of a word takes {statistics.median(times) * 1000:.0f} ms in the median, "
        f"{sorted(times)[len(times) * 95 // 100] * 1000:.0f} ms for the 95th of 100 words, "
        f"{max(times) * 1000:.0f} ms for the worst of {len(times)}."
    )
    return "\n".join(lines)


def _timed_words(corpus: Sequence[str], chance: random.Random) -> list[str]:
    found = sorted({one for content in corpus for one in words_of(content) if one.isalpha() and len(one) > 3})
    return chance.sample(found, 200)


def _size(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT COUNT(*) FROM word")).scalar_one())


if __name__ == "__main__":
    main()
