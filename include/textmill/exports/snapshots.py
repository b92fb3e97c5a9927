"""Read the warehouse as it is at one moment, however long that takes and whatever is loaded meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine

_PATIENCE_SECONDS = 3600
"""How long the server waits for a reader that is busy with writing; by itself it gives up after a minute."""


@contextmanager
def snapshot(warehouse: Engine) -> Iterator[Connection]:
    """Yield a connection that only reads, and to which nothing changes within the block.

    InnoDB keeps what others overwrite meanwhile; nobody waits for anybody.
    """
    with warehouse.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        connection.exec_driver_sql(f"SET SESSION net_write_timeout = {_PATIENCE_SECONDS}")
        # The transaction that SQLAlchemy began with the statement above has seen nothing yet: it ends here.
        connection.exec_driver_sql("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
        try:
            yield connection
        except BaseException:
            # What it was still sending would have to be taken first.
            connection.invalidate()
            raise
        connection.rollback()
