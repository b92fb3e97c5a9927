"""A table of pages partitioned by day beside one with an index on the day: what `bench.million_pages` filled.

Neither has foreign keys or a full-text index, which partitioned tables cannot have. Of each query: the median
of five runs on either table.
"""

from __future__ import annotations

import argparse
import statistics
import time
from datetime import date, timedelta

from sqlalchemy import Connection, text

from bench.million_pages import state_folder

_COLUMNS = "id, media_id, page_no, text, confidence, confidence_low, engine, quality, loaded_at"
_SHAPE = """
    id BIGINT NOT NULL, media_id BIGINT NOT NULL, page_no INT NOT NULL, text MEDIUMTEXT NOT NULL,
    confidence DOUBLE, confidence_low DOUBLE, engine VARCHAR(64) NOT NULL, quality VARCHAR(16) NOT NULL,
    loaded_at DATETIME(6) NOT NULL
"""
_INDEXED = f"""
    CREATE TABLE page_indexed ({_SHAPE}, PRIMARY KEY (id), UNIQUE KEY (media_id, page_no),
    KEY (loaded_at), KEY (confidence_low))
"""
_BY_DAY = f"""
    CREATE TABLE page_by_day ({_SHAPE}, PRIMARY KEY (id, loaded_at),
    UNIQUE KEY (media_id, page_no, loaded_at), KEY (confidence_low))
    PARTITION BY RANGE COLUMNS (loaded_at) (%s)
"""
_TABLES = ("page_indexed", "page_by_day")
_QUERIES = {
    "a day: count, mean confidence": "SELECT COUNT(*), AVG(confidence) FROM {table} "
    "WHERE loaded_at >= '{day}' AND loaded_at < '{day}' + INTERVAL 1 DAY",
    "thirty days: count, mean confidence": "SELECT COUNT(*), AVG(confidence) FROM {table} "
    "WHERE loaded_at >= '{day}' AND loaded_at < '{day}' + INTERVAL 30 DAY",
    "the last 20 of that day": "SELECT media_id, page_no FROM {table} WHERE loaded_at >= '{day}' "
    "AND loaded_at < '{day}' + INTERVAL 1 DAY ORDER BY loaded_at DESC LIMIT 20",
    "pages of a medium, whatever the day": "SELECT page_no, text FROM {table} WHERE media_id = {medium}",
    "the 20 weakest of all days": "SELECT media_id, page_no FROM {table} WHERE confidence_low IS NOT NULL "
    "ORDER BY confidence_low LIMIT 20",
}


def main() -> None:
    """Copy the pages and measure."""
    from stack.mariadb import running_mariadb
    from textmill.warehouse.connection import warehouse_engine

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=1_000_000, help="of the filled warehouse")
    wish = parser.parse_args()
    with (
        running_mariadb(state_folder(wish.pages)) as url,
        warehouse_engine(url) as engine,
        engine.connect() as connection,
    ):
        _copy(connection)
        for title, query in _QUERIES.items():
            indexed, by_day = (_median(connection, query, table) for table in _TABLES)
            print(f"{title:40} indexed {indexed:8.1f} ms   by day {by_day:8.1f} ms", flush=True)
        connection.execute(text("DROP TABLE page_indexed, page_by_day"))


def _copy(connection: Connection) -> None:
    connection.execute(text("DROP TABLE IF EXISTS page_indexed, page_by_day"))
    first, last = connection.execute(
        text("SELECT DATE(MIN(loaded_at)), DATE(MAX(loaded_at)) FROM page")
    ).one()
    connection.execute(text(_INDEXED))
    connection.execute(text(_BY_DAY % ", ".join(_partitions(first, last))))
    for table in _TABLES:
        start = time.perf_counter()
        connection.execute(text(f"INSERT INTO {table} SELECT {_COLUMNS} FROM page ORDER BY id"))
        connection.commit()
        connection.execute(text(f"ANALYZE TABLE {table}")).all()
        print(f"{table} copied in {time.perf_counter() - start:.0f} s", flush=True)


def _partitions(first: date, last: date) -> list[str]:
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return [f"PARTITION p{day:%Y%m%d} VALUES LESS THAN ('{day + timedelta(days=1)}')" for day in days]


def _median(connection: Connection, query: str, table: str) -> float:
    medium, day = connection.execute(
        text("SELECT media_id, DATE(loaded_at) FROM page ORDER BY id LIMIT 1 OFFSET 10000")
    ).one()
    statement = text(query.format(table=table, day=day, medium=medium))
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        connection.execute(statement).all()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds) * 1000


if __name__ == "__main__":
    main()
