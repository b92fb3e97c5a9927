"""Fill an empty warehouse with a made-up year: multi-row inserts, full-text index last."""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from sqlalchemy import Engine, text

from bench.made_up_books import COLUMNS, Chunk
from bench.made_up_warehouse import MadeUpWarehouse

_MEDIA_AT_ONCE = 500
_STATEMENT_BYTES = 4_000_000
_FULL_TEXT = {"ft_page_text": "text", "ft_page_cjk": "cjk"}
"""Full-text indexes of `page`, each with its column."""


def fill(engine: Engine, pages: int) -> None:
    """Fill the warehouse with so many pages and about a fifth as many media."""
    with engine.connect() as connection:
        for name in _FULL_TEXT:
            connection.execute(text(f"ALTER TABLE page DROP INDEX {name}"))
        # The hidden number of each row by which the index knows it outlives the index, but MariaDB does not
        # give it to rows that come without one: an index made later would not find them.
        connection.execute(text("ALTER TABLE page FORCE"))
    _insert(engine, pages)
    _say("putting documents together")
    _fill_documents(engine)
    _say("making the full-text indexes")
    with engine.connect() as connection:
        # As the migration makes them.
        connection.execute(text("SET SESSION innodb_ft_enable_stopword = OFF"))
        for name, column in _FULL_TEXT.items():
            connection.execute(text(f"ALTER TABLE page ADD FULLTEXT INDEX {name} ({column})"))
        for table in ("page", "media", "media_location", "document", "line", "quality_result", "quarantine"):
            connection.execute(text(f"ANALYZE TABLE {table}")).all()
    _say("filled")


def _insert(engine: Engine, pages: int) -> None:
    """Insert all rows; the server is busy with some while the next are made."""
    done, waiting = 0, None
    with engine.connect() as connection, ThreadPoolExecutor(1) as beside:
        for setting in ("unique_checks = 0", "foreign_key_checks = 0"):
            connection.execute(text(f"SET SESSION {setting}"))
        driver: Any = connection.connection

        def write(chunk: Chunk) -> None:
            cursor = driver.cursor()
            cursor.max_stmt_length = _STATEMENT_BYTES
            for table, rows in chunk.rows.items():
                if rows:
                    cursor.executemany(_statement(table), rows)
            cursor.close()
            driver.commit()

        for number, chunk in enumerate(MadeUpWarehouse(pages).chunks(_MEDIA_AT_ONCE)):
            _end(waiting)
            waiting = beside.submit(write, chunk)
            done += len(chunk.rows["page"])
            if number % 40 == 0:
                _say(f"{done:,} pages")
        _end(waiting)


def _end(written: Future[None] | None) -> None:
    if written is not None:
        written.result()


def _statement(table: str) -> str:
    columns = COLUMNS[table].split()
    names = ", ".join(f"`{name}`" for name in columns)
    return f"INSERT INTO {table} ({names}) VALUES ({', '.join(['%s'] * len(columns))})"


def _fill_documents(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.execute(text("SET SESSION group_concat_max_len = 67108864"))
        last = connection.execute(text("SELECT MAX(id) FROM media")).scalar_one()
        for first in range(1, last + 1, 5000):
            connection.execute(text(_DOCUMENTS), {"first": first, "last": first + 4999})
            connection.commit()


_DOCUMENTS = """
    INSERT INTO document (media_id, text, confidence, confidence_low, low_line_share, pages)
    SELECT
        media_id, GROUP_CONCAT(text ORDER BY page_no SEPARATOR '\f'), AVG(confidence), MIN(confidence_low),
        AVG(low_line_share), COUNT(*)
    FROM page WHERE media_id BETWEEN :first AND :last GROUP BY media_id
"""


def _say(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what}", flush=True)
