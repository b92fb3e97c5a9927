"""Keep `example_keyword_daily` up to date: the words of the documents that were loaded on a day.

Text is read from the views alone, as analysts do; only this table is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from sqlalchemy import Connection, Engine, bindparam, delete, insert, text

from textmill.example.keywords import Keyword, count_keywords
from textmill.warehouse.connection import in_transaction
from textmill.warehouse.tables import example_keyword_daily

_DAYS = text(
    "SELECT DISTINCT DATE(d.loaded_at) FROM v_page AS p JOIN v_document AS d ON d.media_id = p.media_id "
    "WHERE p.run_id IN :runs AND d.loaded_at IS NOT NULL"
).bindparams(bindparam("runs", expanding=True))

_TEXTS = text("SELECT text FROM v_document WHERE loaded_at >= :day AND loaded_at < :next_day AND text <> ''")


def days_of_runs(warehouse: Engine, run_ids: Sequence[str]) -> list[date]:
    """Return the days (UTC) of the documents that these runs loaded, in order."""
    with warehouse.connect() as connection:
        return sorted(connection.execute(_DAYS, {"runs": list(run_ids)}).scalars())


def recount_day(warehouse: Engine, day: date) -> list[Keyword]:
    """Count the words of a day anew and replace its rows; returns what was counted.

    Doing it again, or once more after a crash, gives the same rows.
    """
    keywords = count_keywords(_texts(warehouse, day))

    def replace(connection: Connection) -> None:
        connection.execute(delete(example_keyword_daily).where(example_keyword_daily.c.day == day))
        if keywords:
            connection.execute(
                insert(example_keyword_daily),
                [
                    {
                        "day": day,
                        "keyword": one.word,
                        "documents": one.documents,
                        "occurrences": one.occurrences,
                    }
                    for one in keywords
                ],
            )

    in_transaction(warehouse, replace)
    return keywords


def _texts(warehouse: Engine, day: date) -> Iterator[str]:
    """Stream the texts: a day may hold more than fits into memory."""
    with warehouse.connect().execution_options(stream_results=True, yield_per=10) as connection:
        rows = connection.execute(_TEXTS, {"day": day, "next_day": day + timedelta(days=1)})
        yield from rows.scalars()
