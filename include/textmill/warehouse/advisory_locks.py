"""Locks that hold on all machines, since the warehouse keeps them: GET_LOCK() of MySQL and MariaDB."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import Engine, func, select
from sqlalchemy.exc import DBAPIError

from textmill.errors import LockNotGiven

_LONGEST_NAME = 64
"""Characters that MySQL takes."""


@contextmanager
def advisory_lock(warehouse: Engine, subject: str, *, seconds: float = 120.0) -> Iterator[None]:
    """Hold a lock on a subject; it ends with the block, or when the connection or the process does.

    It keeps nobody from writing who does not ask for it. Names count for the whole server: that of the
    database is in it, hashed, since a run id may be longer than a lock's name.

    Args:
        seconds: longest time to wait for it.

    Raises:
        LockNotGiven: somebody else held it for all this time.
    """
    with warehouse.connect() as connection:
        database = connection.scalar(select(func.database()))
        name = f"textmill {hashlib.sha256(f'{database} {subject}'.encode()).hexdigest()}"[:_LONGEST_NAME]
        if connection.scalar(select(func.get_lock(name, seconds))) != 1:
            raise LockNotGiven(
                f"Another task held the lock on {subject} for more than {seconds:.0f} seconds."
            )
        try:
            connection.commit()  # or what is read in the block would be seen as it was before it
            yield
        finally:
            with suppress(DBAPIError):  # then the lock went with the connection
                connection.scalar(select(func.release_lock(name)))
