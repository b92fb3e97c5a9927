"""Connect to the warehouse, and run transactions that survive deadlocks and a server that goes away."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event
from sqlalchemy.exc import DBAPIError
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    wait_exponential_jitter,
    wait_random_exponential,
)

T = TypeVar("T")

LOG = logging.getLogger(__name__)

_LOST_A_LOCK_RACE = frozenset({1213, 1205})
"""Chosen as the victim of a deadlock; waited too long for a lock."""

_LOST_THE_SERVER = frozenset(
    {
        1053,  # it is being shut down
        1927,  # this connection was killed (MariaDB)
        2002,  # it cannot be reached, by a socket
        2003,  # or over the network
        2006,  # it has gone away
        2013,  # it went away during a statement
        2055,  # or while the connection was made
        3169,  # this session was killed (MySQL)
        4031,  # it closed a connection that had been idle (MySQL)
    }
)

_MOST_RACES = 8
_MOST_WAITING_SECONDS = 120.0
"""How long a server may be away, which a restart with recovery may take."""

_CONNECT_SECONDS = 10

_STATEMENT_BYTES = 1024 * 1024
"""Rows are sent in statements of this size: larger ones are no faster."""

_SHARE_OF_PACKET = 4
"""And of no more than the fourth part of what the server takes in one packet."""

_PACKET = "max_allowed_packet"

_wait_for_lock = wait_random_exponential(multiplier=0.05, max=2)
_wait_for_server = wait_exponential_jitter(multiplier=0.5, max=20, jitter=1)


def utc_now() -> datetime:
    """Return the present in UTC without a time zone, as the warehouse stores it."""
    return datetime.now(UTC).replace(tzinfo=None)


def utc_moment(seconds: float) -> datetime:
    """Return a time of the file system, in seconds since 1970, as the warehouse stores times."""
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)


def administration_engine(url: URL) -> Engine:
    """Return an engine for giving accounts their passwords, which are parameters of its statements.

    An error of SQLAlchemy would quote them, and end in the log of whoever sets up.
    """
    return create_engine(url, poolclass=NullPool, hide_parameters=True)


@contextmanager
def warehouse_engine(url: str | URL) -> Iterator[Engine]:
    """Yield an engine on the warehouse and close its connections afterwards."""
    engine = create_engine(
        url,
        pool_pre_ping=True,
        # Under the default level, concurrent upserts lock the gaps between rows and wait for each other.
        isolation_level="READ COMMITTED",
        connect_args={"init_command": "SET time_zone = '+00:00'", "connect_timeout": _CONNECT_SECONDS},
    )
    event.listen(engine, "connect", _bound_statements)
    try:
        yield engine
    finally:
        engine.dispose()


def longest_statement(connection: Connection) -> int:
    """Return how many bytes the server takes in one statement."""
    longest: int = connection.info[_PACKET]
    return longest


def _bound_statements(dbapi_connection: Any, record: Any) -> None:
    """Have mysqlclient cut rows that are inserted together into statements that the server takes.

    Its own bound of 64 KiB costs a fifth of the speed.
    """
    with dbapi_connection.cursor() as cursor:
        cursor.execute("SELECT @@max_allowed_packet")
        (longest,) = cursor.fetchone()
    record.info[_PACKET] = int(longest)
    bound = {"max_stmt_length": min(_STATEMENT_BYTES, int(longest) // _SHARE_OF_PACKET)}
    dbapi_connection.cursorclass = type("BoundedCursor", (dbapi_connection.cursorclass,), bound)


def _code(error: BaseException | None) -> int | None:
    """Return the number of a database error, None for any other."""
    if not isinstance(error, DBAPIError) or error.orig is None or not error.orig.args:
        return None
    code = error.orig.args[0]
    return code if isinstance(code, int) else None


def _may_pass(error: BaseException) -> bool:
    return _code(error) in _LOST_A_LOCK_RACE | _LOST_THE_SERVER


def _is_race(state: RetryCallState) -> bool:
    return state.outcome is not None and _code(state.outcome.exception()) in _LOST_A_LOCK_RACE


def _wait(state: RetryCallState) -> float:
    return _wait_for_lock(state) if _is_race(state) else _wait_for_server(state)


def _is_enough(state: RetryCallState) -> bool:
    # Only waiting counts: what is lost may have been at work for long.
    return state.attempt_number >= _MOST_RACES if _is_race(state) else state.idle_for >= _MOST_WAITING_SECONDS


def _say(state: RetryCallState) -> None:
    """Log what is waited for: by its number alone, since messages quote statements, and these texts."""
    if state.outcome is None or _is_race(state):
        return
    LOG.warning(
        "The connection to the warehouse was lost or refused (error %s); trying again in %.0f seconds, and "
        "waiting no longer than %.0f seconds in all.",
        _code(state.outcome.exception()),
        state.upcoming_sleep,
        _MOST_WAITING_SECONDS,
    )


_RETRYING = Retrying(
    retry=retry_if_exception(_may_pass), wait=_wait, stop=_is_enough, before_sleep=_say, reraise=True
)


class Transactions:
    """Runs transactions one after the other on one connection, and on another one when it is lost.

    Use as a context manager. It is for many small transactions: for each, `in_transaction` asks whether its
    connection still lives, and rolls back before it gives it away.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None

    def __enter__(self) -> Transactions:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def run(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in one transaction and return its result, as `in_transaction` does."""
        result: T = _RETRYING.copy()(self._once, work)
        return result

    def _once(self, work: Callable[[Connection], T]) -> T:
        if self._connection is None:
            self._connection = self._engine.connect()
        try:
            with self._connection.begin():
                return work(self._connection)
        except BaseException:
            self._close()
            raise

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def in_transaction(engine: Engine, work: Callable[[Connection], T]) -> T:
    """Run `work` in one transaction and return its result.

    Upserts that run beside each other can deadlock whatever their order; the server then undoes one of them
    and expects it to be tried again. A server that is being restarted is waited for.

    When the connection is lost during the commit, nobody knows whether it happened, and `work` is done again:
    it must leave the same rows then, and return the same, as far as anybody counts it. Whatever it keeps
    outside of the database it must set, never add to.

    Raises:
        DBAPIError: any other error, and these when they do not pass.
    """
    with Transactions(engine) as transactions:
        return transactions.run(work)
