"""Connect to the warehouse and run transactions that survive deadlocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine
from sqlalchemy.exc import OperationalError
from tenacity import retry, retry_if_exception, stop_after_attempt, wait_random_exponential

T = TypeVar("T")

_DEADLOCK = 1213
_LOCK_WAIT_TIMEOUT = 1205


def utc_now() -> datetime:
    """Return the present in UTC without a time zone, as the warehouse stores it."""
    return datetime.now(UTC).replace(tzinfo=None)


def utc_moment(seconds: float) -> datetime:
    """Return a time of the file system, in seconds since 1970, as the warehouse stores times."""
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)


@contextmanager
def warehouse_engine(url: str | URL) -> Iterator[Engine]:
    """Yield an engine on the warehouse and close its connections afterwards."""
    engine = create_engine(
        url,
        pool_pre_ping=True,
        # Under the default level, concurrent upserts lock the gaps between rows and wait for each other.
        isolation_level="READ COMMITTED",
        connect_args={"init_command": "SET time_zone = '+00:00'"},
    )
    try:
        yield engine
    finally:
        engine.dispose()


def _lost_a_lock_race(error: BaseException) -> bool:
    return (
        isinstance(error, OperationalError)
        and error.orig is not None
        and error.orig.args[:1] in {(_DEADLOCK,), (_LOCK_WAIT_TIMEOUT,)}
    )


@retry(
    retry=retry_if_exception(_lost_a_lock_race),
    wait=wait_random_exponential(multiplier=0.05, max=2),
    stop=stop_after_attempt(8),
    reraise=True,
)
def in_transaction(engine: Engine, work: Callable[[Connection], T]) -> T:
    """Run `work` in one transaction and return its result.

    Upserts that run beside each other can deadlock whatever their order; the server then undoes one of them
    and expects it to be tried again.
    """
    with engine.begin() as connection:
        return work(connection)
