"""Walk through a source: what of it is looked at, what became of its locations, what is malformed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime

from sqlalchemy import Connection, Engine

from textmill.records import FingerprintsOf, MediaRef, ReadingProfile, Rejection, SourceKind, SourceSpec
from textmill.run_wishes import Reread, RunWishes
from textmill.sources.listing import Listing
from textmill.staging import RecordWriter
from textmill.warehouse.addresses import uri_digest
from textmill.warehouse.connection import in_transaction, utc_now
from textmill.warehouse.deletions import Listed, align_members, delete_unseen
from textmill.warehouse.fingerprints import addresses_read_otherwise
from textmill.warehouse.known import (
    CHUNK,
    Answer,
    Question,
    ReadOtherwise,
    find_locations,
    is_anything_known,
    look_up,
    mark,
)
from textmill.warehouse.quarantine_closing import resolve_lines
from textmill.warehouse.quarantining import NO_BATCH, quarantine_all
from textmill.warehouse.seen_locations import SeenLocations
from textmill.warehouse.source_books import note_listing, note_source


@dataclass
class Discovery:
    """What discovery found.

    Attributes:
        found: media, unopened archives being one, and what was refused at once.
        unchanged: of these, what needs no look.
        waiting: of the unchanged, what failed lately.
        reappeared: of the unchanged, what was deleted before.
        deleted: locations that are gone.
        refused: of those found, what is no reference.
        to_read: of those found, what is handed on.
    """

    found: int = 0
    unchanged: int = 0
    waiting: int = 0
    reappeared: int = 0
    deleted: int = 0
    refused: int = 0
    to_read: int = 0

    def add(self, other: Discovery) -> None:
        """Add what another source holds."""
        for one in fields(self):
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))


@dataclass
class _Walk:
    """One source on its way.

    Attributes:
        named: digests of what it named, where there are other sources.
        taken: media that count for its limit. Those that their server is only asked about do not: they come
            again in every run, and would leave no room for the rest.
    """

    spec: SourceSpec
    listing: Listing
    question: Question
    is_known: bool
    listed_before: datetime | None
    out: RecordWriter[MediaRef]
    named: set[bytes] = field(default_factory=set)
    found: Discovery = field(default_factory=Discovery)
    taken: int = 0
    is_complete: bool = False

    @property
    def is_full(self) -> bool:
        """Whether the run takes no more media of this source."""
        return self.spec.most_media is not None and self.taken >= self.spec.most_media


class SourceWalker:
    """Walks through the sources of one run, one after the other.

    A file that two of them name belongs to the first. What a listing says of deletions is believed only when
    it came to its end and nothing was left out of it on purpose.

    Args:
        moment: when the run began.
        several: whether there is more than one source.
        fingerprints_of: tells with `Reread.OTHER_ENGINE` which media are read again; without it, all are.
    """

    def __init__(
        self,
        warehouse: Engine,
        wishes: RunWishes,
        *,
        ingest_run_id: int,
        moment: datetime,
        several: bool,
        fingerprints_of: FingerprintsOf | None = None,
    ) -> None:
        self._warehouse = warehouse
        self._wishes = wishes
        self._ingest_run_id = ingest_run_id
        self._moment = moment
        self._fingerprints_of = fingerprints_of
        self._seen = SeenLocations()
        self._gone = SeenLocations()
        self._complete: list[_Walk] = []
        self._named: set[bytes] | None = set() if several else None

    def walk(self, spec: SourceSpec, listing: Listing, out: RecordWriter[MediaRef]) -> Discovery:
        """Write the references of a source that have to be looked at, and note what became of the others.

        Raises:
            SourceError: the source turns out to be unusable on the way.
        """
        walk = self._begin(spec, listing, out)
        for chunk in self._chunks(walk):
            self._take(walk, chunk)
            if walk.is_full:
                break
        else:
            walk.is_complete = True
        self._see_settling(walk)
        if self._named is not None:
            self._named |= walk.named  # not before: what a source named that breaks on the way is nobody's
        if walk.is_complete and self._wishes.interval is None:
            self._complete.append(walk)
        elif walk.found.reappeared and not self._wishes.dry_run:
            self._align_members(walk)
        return walk.found

    def conclude(self) -> int:
        """Mark what no source names any more, note that they were listed, and return how much is gone.

        After all of them: one may name what another does not name any more.
        """
        return sum(self._conclude(walk) for walk in self._complete)

    def _begin(self, spec: SourceSpec, listing: Listing, out: RecordWriter[MediaRef]) -> _Walk:
        def begin(connection: Connection) -> tuple[bool, datetime | None]:
            is_known = is_anything_known(connection, listing.prefix)
            return is_known, None if self._wishes.dry_run else note_source(connection, spec)

        is_known, listed_before = in_transaction(self._warehouse, begin)
        is_in_catalogue = spec.name != spec.location
        question = Question(
            reread=self._wishes.reread,
            now=utc_now(),
            moment=self._moment,
            source=spec.name,
            adopt_as=spec.name if is_in_catalogue else None,
            tags=spec.tags,
            read_otherwise=self._read_otherwise(spec),
            ingest_run_id=self._ingest_run_id,
        )
        return _Walk(spec, listing, question, is_known, listed_before, out)

    def _read_otherwise(self, spec: SourceSpec) -> ReadOtherwise | None:
        """Return what tells which addresses of a source hold something that would be read otherwise now."""
        fingerprints_of = self._fingerprints_of
        if fingerprints_of is None or self._wishes.reread is not Reread.OTHER_ENGINE:
            return None

        def read_otherwise(connection: Connection, refs: Sequence[MediaRef]) -> set[str]:
            uris: dict[ReadingProfile, list[str]] = {}
            for ref in refs:
                uris.setdefault(ReadingProfile.of(ref, spec), []).append(ref.uri)
            found: set[str] = set()
            for profile, some in uris.items():
                found |= addresses_read_otherwise(connection, some, fingerprints_of(profile))
            return found

        return read_otherwise

    def _chunks(self, walk: _Walk) -> Iterator[list[MediaRef]]:
        """Yield the references that the run takes note of; malformed lines are noted on the way."""
        refs: list[MediaRef] = []
        refused: list[Rejection] = []
        interval = self._wishes.interval
        for one in walk.listing:
            if isinstance(one, Rejection):
                if interval is None:  # what is malformed has no date
                    refused.append(one)
            elif (interval is None or interval.holds(one.modified_ns)) and self._is_first(walk, one):
                refs.append(one)
            if len(refs) >= CHUNK:
                yield refs
                refs = []
            if len(refused) >= CHUNK:
                self._refuse(walk, refused)
                refused = []
        if refs:
            yield refs
        self._refuse(walk, refused)

    def _is_first(self, walk: _Walk, ref: MediaRef) -> bool:
        if self._named is None:
            return True
        key = uri_digest(ref.uri)
        if key in self._named or key in walk.named:
            return False
        walk.named.add(key)
        return True

    def _take(self, walk: _Walk, refs: list[MediaRef]) -> None:
        answer = self._ask(walk, refs) if walk.is_known else Answer(to_read=refs)
        for ref in answer.to_read:
            if walk.is_full:
                return
            walk.out.write(ref)
            walk.taken += ref.uri not in answer.to_ask
            walk.found.to_read += 1
            walk.found.found += 1
        walk.found.found += answer.unchanged
        walk.found.unchanged += answer.unchanged
        walk.found.waiting += answer.waiting
        walk.found.reappeared += answer.reappeared

    def _ask(self, walk: _Walk, refs: list[MediaRef]) -> Answer:
        with self._warehouse.connect() as connection:
            answer = look_up(connection, refs, self._seen, walk.question)
        if not self._wishes.dry_run and (answer.back or answer.to_adopt):
            in_transaction(self._warehouse, lambda connection: mark(connection, answer, walk.question))
        if len(walk.listing.settling) >= CHUNK:
            self._see_settling(walk)
        return answer

    def _see_settling(self, walk: _Walk) -> None:
        """Note that what is still being written is there."""
        uris = walk.listing.settling
        while uris and walk.is_known:
            with self._warehouse.connect() as connection:
                find_locations(connection, uris[-CHUNK:], self._seen)
            del uris[-CHUNK:]

    def _refuse(self, walk: _Walk, rejections: list[Rejection]) -> None:
        walk.found.found += len(rejections)
        walk.found.refused += len(rejections)
        if rejections and not self._wishes.dry_run:
            in_transaction(
                self._warehouse,
                lambda connection: quarantine_all(
                    connection,
                    rejections,
                    ingest_run_id=self._ingest_run_id,
                    batch_no=NO_BATCH,
                    now=self._moment,
                ),
            )

    def _conclude(self, walk: _Walk) -> int:
        listed = self._listed(walk)
        deleted = 0
        if walk.is_known:
            deleted = delete_unseen(self._warehouse, listed, write=not self._wishes.dry_run)
        if self._wishes.dry_run:
            return deleted
        if walk.is_known:
            self._align_members(walk)

        def note(connection: Connection) -> None:
            if walk.spec.kind is SourceKind.MANIFEST:
                resolve_lines(
                    connection, walk.spec.location, ingest_run_id=self._ingest_run_id, now=self._moment
                )
            note_listing(
                connection,
                walk.spec,
                listed_at=self._moment,
                media_listed=walk.found.found - walk.found.refused,
                ingest_run_id=self._ingest_run_id,
            )

        in_transaction(self._warehouse, note)
        return deleted

    def _align_members(self, walk: _Walk) -> None:
        where = self._listed(walk).locations
        align_members(self._warehouse, where, self._moment, ingest_run_id=self._ingest_run_id)

    def _listed(self, walk: _Walk) -> Listed:
        unlisted = frozenset(walk.listing.unlisted)

        def is_gone(uri: str) -> bool:
            return walk.listing.covers(uri) and not _is_below(uri, unlisted)

        return Listed(
            prefix=walk.listing.prefix,
            name=walk.spec.name,
            seen=self._seen,
            gone=self._gone,
            is_gone=is_gone,
            before=walk.listed_before,
            moment=self._moment,
            ingest_run_id=self._ingest_run_id,
        )


def _is_below(uri: str, folders: frozenset[str]) -> bool:
    """Whether `uri` is one of `folders`, or lies below one; these have no slash at their end."""
    if not folders:
        return False
    while uri:
        if uri in folders or f"{uri}/" in folders:
            return True
        uri = uri.rpartition("/")[0]
    return False
