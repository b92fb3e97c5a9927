"""The books of sources: what each of them is, and when all of it was last listed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.mysql import insert

from textmill.records import SourceKind, SourceSpec
from textmill.warehouse.addresses import name_hash
from textmill.warehouse.tables import source


def note_source(connection: Connection, spec: SourceSpec) -> datetime | None:
    """Register a source, or what became of it; returns when it was last listed to its end."""
    entry = insert(source).values(
        name_hash=name_hash(spec.name),
        name=spec.name,
        kind=spec.kind,
        location=spec.location,
        connection=spec.connection,
        media_listed=0,
    )
    new = entry.inserted
    connection.execute(
        entry.on_duplicate_key_update(kind=new.kind, location=new.location, connection=new.connection)
    )
    listed_at: datetime | None = connection.execute(
        select(source.c.listed_at).where(source.c.name_hash == name_hash(spec.name))
    ).scalar_one()
    return listed_at


def note_listing(
    connection: Connection, spec: SourceSpec, *, listed_at: datetime, media_listed: int, ingest_run_id: int
) -> None:
    """Note that a source was listed to its end. Of two runs at once, the one that began later counts."""
    is_later = func.coalesce(source.c.listed_at, listed_at) <= listed_at
    connection.execute(
        source.update()
        .where(source.c.name_hash == name_hash(spec.name), is_later)
        .values(listed_at=listed_at, media_listed=media_listed, ingest_run_id=ingest_run_id)
    )


def recall_source(connection: Connection, name: str) -> SourceSpec | None:
    """Return a source as it was when a run last opened it, without what its catalogue said besides."""
    row = connection.execute(
        select(source.c.kind, source.c.location, source.c.connection).where(
            source.c.name_hash == name_hash(name)
        )
    ).one_or_none()
    if row is None:
        return None
    kind = SourceKind(row.kind)
    return SourceSpec(name=name, kind=kind, location=row.location, connection=row.connection)
