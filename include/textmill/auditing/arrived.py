"""Asks the warehouse what arrived of a batch, for many media and pages at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from sqlalchemy import Engine, or_, select

from textmill.auditing.staged_batch import PageKey
from textmill.records import FetchedItem, Stage
from textmill.warehouse.addresses import entry_key, uri_hash
from textmill.warehouse.tables import media, media_location, page, quarantine

_AT_ONCE = 500

T = TypeVar("T")


class Arrived:
    """What is in the warehouse of one batch of a run."""

    def __init__(self, warehouse: Engine, run_id: str, batch_no: int) -> None:
        self._warehouse = warehouse
        self._run_id = run_id
        self._batch_no = batch_no

    def states(self, contents: Iterable[str]) -> dict[str, str]:
        """Return the states of those media that are known."""
        states: dict[str, str] = {}
        with self._warehouse.connect() as connection:
            for chunk in _chunks(set(contents)):
                rows = connection.execute(
                    select(media.c.sha256, media.c.status).where(media.c.sha256.in_(chunk))
                )
                states |= {row.sha256: row.status for row in rows}
        return states

    def last_read_here(self, contents: Iterable[str]) -> set[str]:
        """Return the media that no other batch claimed since, and that are not to be read again."""
        found: set[str] = set()
        with self._warehouse.connect() as connection:
            for chunk in _chunks(set(contents)):
                found |= set(
                    connection.execute(
                        select(media.c.sha256).where(
                            media.c.sha256.in_(chunk),
                            media.c.claimed_run == self._run_id,
                            or_(
                                media.c.claimed_batch == self._batch_no, media.c.claimed_reading.is_not(None)
                            ),
                            media.c.needs_retry.is_(False),
                        )
                    ).scalars()
                )
        return found

    def missing_pages(self, keys: Iterable[PageKey]) -> set[PageKey]:
        """Return those pages that the warehouse does not have."""
        missing = set(keys)
        with self._warehouse.connect() as connection:
            for chunk in _chunks({sha256 for sha256, _ in missing}):
                rows = connection.execute(
                    select(media.c.sha256, page.c.page_no)
                    .join(page, page.c.media_id == media.c.id)
                    .where(media.c.sha256.in_(chunk))
                )
                missing.difference_update((row.sha256, row.page_no) for row in rows)
        return missing

    def without_page_entry(self, keys: Sequence[PageKey]) -> Iterator[PageKey]:
        """Yield those pages on which quarantine has no entry, open or closed."""
        by_key = {entry_key("", sha256, page_no, Stage.OCR): (sha256, page_no) for sha256, page_no in keys}
        known = self._known_entries(by_key)
        yield from (page_key for key, page_key in by_key.items() if key not in known)

    def without_entry(self, refused: Sequence[FetchedItem]) -> Iterator[FetchedItem]:
        """Yield refused items on which quarantine has no entry, though what lies there was not read since."""
        by_key = {}
        for one in refused:
            assert one.rejection is not None
            rejection = one.rejection
            key = entry_key(rejection.uri, rejection.sha256, rejection.page_no, rejection.stage)
            by_key[key] = one
        known = self._known_entries(by_key)
        missing = {key: one for key, one in by_key.items() if key not in known}
        over = self._refused_no_more([one.item.ref.uri for one in missing.values()])
        yield from (one for one in missing.values() if uri_hash(one.item.ref.uri) not in over)

    def _known_entries(self, keys: Iterable[str]) -> set[str]:
        known: set[str] = set()
        with self._warehouse.connect() as connection:
            for chunk in _chunks(keys):
                rows = connection.execute(
                    select(quarantine.c.entry_key).where(quarantine.c.entry_key.in_(chunk))
                )
                known |= set(rows.scalars())
        return known

    def _refused_no_more(self, uris: Iterable[str]) -> set[str]:
        """Return the hashes of addresses of which the entry may have been closed, and removed by now."""
        found: set[str] = set()
        with self._warehouse.connect() as connection:
            for chunk in _chunks([uri_hash(uri) for uri in uris]):
                rows = connection.execute(
                    select(media_location.c.uri_hash).where(
                        media_location.c.uri_hash.in_(chunk),
                        or_(media_location.c.media_id.is_not(None), media_location.c.deleted_at.is_not(None)),
                    )
                )
                found |= set(rows.scalars())
        return found


def _chunks(values: Iterable[T]) -> Iterator[list[T]]:
    left = iter(values)
    while chunk := list(islice(left, _AT_ONCE)):
        yield chunk
