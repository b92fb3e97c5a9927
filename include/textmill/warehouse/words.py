"""Keep the vocabulary of fuzzy search: the words of all pages, their grams, and how common they are.

Every batch adds the words of its accepted pages after they are loaded, whether they changed or not: so a
batch that was killed in between adds them when it is loaded again. Words are never removed.

How many pages have a word decides whether it can be a misreading of another one, for which an estimate is
enough: a word that is known is written again only now and then, with the chance that keeps the estimate true
(as in Morris, "Counting large numbers of events in small registers", CACM 21(10), 1978), and a batch that is
loaded again is counted again.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from sqlalchemy import Connection, Engine, bindparam, select, text, update
from sqlalchemy.dialects.mysql import insert

from textmill.warehouse.cjk import cjk_pieces
from textmill.warehouse.connection import in_transaction
from textmill.warehouse.tables import page, word, word_backlog
from textmill.warehouse.word_forms import shape_of, words_of

_WORDS_AT_ONCE = 2000
_WORDS_IN_MEMORY = 100_000
_PAGES_AT_ONCE = 500
_BACKLOG_SECONDS = 5.0

_GRAMS = text(
    "INSERT IGNORE INTO word_gram (gram, place, length, word_id) "
    "WITH RECURSIVE number (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM number WHERE n < 19) "
    "SELECT SUBSTRING(w.shape, 2 * number.n + 1, 2), number.n, CHAR_LENGTH(w.shape), w.id "
    "FROM word AS w JOIN number ON number.n < CHAR_LENGTH(w.shape) DIV 2 WHERE w.word IN :words "
    "ORDER BY 1, 2, 3, 4"
).bindparams(bindparam("words", expanding=True))


def keep_vocabulary(warehouse: Engine, texts: Iterable[str]) -> None:
    """Add the words of a batch, and for some seconds those of pages that were loaded without a vocabulary."""
    keep_words(warehouse, texts)
    work_off_backlog(warehouse, seconds=_BACKLOG_SECONDS)


def keep_words(warehouse: Engine, texts: Iterable[str]) -> None:
    """Add the words of pages to the vocabulary. Doing it again adds no word.

    Each some thousand words are a transaction of their own, in order, so that loaders wait for each other
    rather than deadlock.
    """
    for counts in _counted(texts):
        remaining = iter(sorted(counts))
        while chunk := list(islice(remaining, _WORDS_AT_ONCE)):
            found = {one: counts[one] for one in chunk}
            in_transaction(warehouse, lambda connection, found=found: _add(connection, found))  # type: ignore[misc]


def _counted(texts: Iterable[str]) -> Iterator[Counter[str]]:
    counts: Counter[str] = Counter()
    for one in texts:
        counts.update(words_of(one))
        if len(counts) > _WORDS_IN_MEMORY:
            yield counts
            counts = Counter()
    yield counts


def _add(connection: Connection, found: Mapping[str, int]) -> None:
    known = {
        row.word: row.pages
        for row in connection.execute(select(word.c.word, word.c.pages).where(word.c.word.in_(list(found))))
    }
    rows = [
        {"word": one, "shape": shape_of(one), "pages": more}
        for one, pages in found.items()
        if (more := _step(known[one], pages) if one in known else pages)
    ]
    if rows:
        entry = insert(word)
        raised = word.c.pages + entry.inserted.pages
        connection.execute(entry.on_duplicate_key_update(pages=raised), rows)
    unknown = [one for one in found if one not in known]
    if unknown:
        _add_grams(connection, unknown)


def _add_grams(connection: Connection, unknown: Sequence[str]) -> None:
    # Cut by the server: sending them would take most of the time. As `grams_of` in word_forms.py.
    connection.execute(_GRAMS, {"words": list(unknown)})


def _step(known: int, more: int) -> int:
    """Return by how much to raise a count: by more than is due, with the chance that makes up for it."""
    chance = min(1.0, more / max(known, 1))
    return round(more / chance) if random.random() < chance else 0  # noqa: S311


def work_off_backlog(warehouse: Engine, *, seconds: float) -> int:
    """Index pages that were loaded before there was a vocabulary; returns how many.

    Goes on where the last call stopped, for about as long as it is told. While another loader is at it, this
    one leaves it alone.
    """
    end = time.monotonic() + seconds
    total = 0
    while time.monotonic() < end:
        done = in_transaction(warehouse, lambda connection: _index_some(warehouse, connection))
        if not done:
            break
        total += done
    return total


def _index_some(warehouse: Engine, connection: Connection) -> int:
    backlog = connection.execute(select(word_backlog).with_for_update(skip_locked=True)).one_or_none()
    if backlog is None:
        return 0
    rows = connection.execute(
        select(page.c.id, page.c.text)
        .where(page.c.id > backlog.done_page_id, page.c.id <= backlog.last_page_id)
        .order_by(page.c.id)
        .limit(_PAGES_AT_ONCE)
    ).all()
    if not rows:
        connection.execute(word_backlog.delete())
        return 0
    keep_words(warehouse, (row.text for row in rows))
    for row in rows:
        if cjk_pieces(row.text) is not None:
            in_transaction(warehouse, lambda other, page_id=row.id: _set_cjk(other, page_id))  # type: ignore[misc]
    connection.execute(update(word_backlog).values(done_page_id=rows[-1].id))
    return len(rows)


def _set_cjk(connection: Connection, page_id: int) -> None:
    current = connection.execute(
        select(page.c.text).where(page.c.id == page_id, page.c.cjk.is_(None)).with_for_update()
    ).scalar_one_or_none()
    if current is not None:
        connection.execute(update(page).where(page.c.id == page_id).values(cjk=cjk_pieces(current)))
