"""Take in what has arrived: find out what it is, claim it, and open archives."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from sqlalchemy import Connection

from textmill.batching import CostModel
from textmill.errors import ArchiveTooLarge, MediumError
from textmill.fetching.archives import ArchiveLimits, Budget, CannotGoOn, Member, open_archive
from textmill.fetching.content_store import ContentStore, Incoming
from textmill.fetching.http.answers import modified_ns
from textmill.fetching.http.naming import name_of_ref
from textmill.fetching.sniffing import sniff
from textmill.records import (
    BatchItem,
    Content,
    FetchedItem,
    FetchOutcome,
    Kind,
    MediaRef,
    Rejection,
    SourceSpec,
    Stage,
)
from textmill.settings import Settings
from textmill.stages.plan import cost_model
from textmill.warehouse.claims import Claimant
from textmill.warehouse.connection import Transactions, utc_now
from textmill.warehouse.locations import note_location, note_seen
from textmill.warehouse.readings import claim_item
from textmill.web_addresses import is_web

LOG = logging.getLogger(__name__)

Taken = Callable[[Incoming, Content], None]

_MOST_BYTES = 2**63 - 1
"""What the warehouse holds; an archive may say anything of its members."""


@dataclass(frozen=True)
class _Archive:
    """An archive that is being opened."""

    media_id: int
    item: BatchItem
    content: Content
    budget: Budget


class Intake:
    """Takes in the items of one batch, and what lies in those that are archives.

    Args:
        sources: by name; what they say of tags goes to the locations of their media.
        planned: items of the batch; those found in archives are numbered from there on.
        ingest_run_id: key of the run.
    """

    def __init__(
        self,
        transactions: Transactions,
        store: ContentStore,
        settings: Settings,
        claimant: Claimant,
        sources: Mapping[str, SourceSpec],
        planned: int,
        ingest_run_id: int | None = None,
    ) -> None:
        self._transactions = transactions
        self._ingest_run_id = ingest_run_id
        self._store = store
        self._settings = settings
        self._claimant = claimant
        self._sources = sources
        self._next_item_no = planned
        self._seen: set[str] = set()
        self._cost: CostModel = cost_model(settings)
        self._limits = ArchiveLimits(
            depth=settings.archive_max_depth,
            entries=settings.archive_max_entries,
            ratio=settings.archive_max_ratio,
            bytes=settings.archive_max_bytes,
        )

    def take(
        self, item: BatchItem, copying: AbstractContextManager[Incoming], taken: Taken = lambda *_: None
    ) -> Iterator[FetchedItem]:
        """Yield what became of an item; of an archive, after what became of its members.

        Args:
            copying: gives the copy, or raises why there is none.
            taken: called once it is known what the item is, and the copy, if it is wanted, is kept.
        """
        yield from self._take(item, copying, None, taken)

    def take_kept(self, item: BatchItem, content: Content, incoming: Incoming) -> Iterator[FetchedItem]:
        """Yield what became of an item of which an earlier try of this batch kept the copy.

        What it is was found out then: the copy need not be on this machine, unless it is an archive.
        """
        yield from self._take(item, nullcontext(incoming), None, known=content)

    def take_known(self, item: BatchItem, content: Content, incoming: Incoming) -> FetchedItem | None:
        """Return what became of an item that was not wanted before; None if it is wanted now after all.

        There is no copy of it any more: what `incoming` names is only what is known of it.
        """
        _, granted = self._claim(item, content, incoming, None)
        if granted:
            return None
        return FetchedItem(item=item, outcome=FetchOutcome.UNCHANGED, content=content)

    def take_unmodified(self, item: BatchItem) -> FetchedItem:
        """Take note of an item that the server says is still what it was."""
        self._transactions.run(lambda connection: note_seen(connection, [item.ref.uri], utc_now()))
        return FetchedItem(item=item, outcome=FetchOutcome.UNCHANGED)

    def _take(
        self,
        item: BatchItem,
        copying: AbstractContextManager[Incoming],
        within: _Archive | None,
        taken: Taken = lambda *_: None,
        known: Content | None = None,
    ) -> Iterator[FetchedItem]:
        archive = within.content.sha256 if within else None
        arrived: Incoming | None = None
        try:
            with copying as incoming:
                arrived = incoming
                content = known or self._recognise(item, incoming, within)
                media_id, granted = self._claim(item, content, incoming, within)
                taken(incoming, content)
        except MediumError as error:
            rejection = Rejection.of(
                error, uri=item.ref.uri, sha256=arrived.sha256 if arrived else None, stage=Stage.FETCH
            )
            if within is None and is_web(item.ref.uri) and not (arrived and _can_be_asked_again(arrived)):
                # Nobody could tell that it did not change: it would be downloaded every night.
                rejection = rejection.model_copy(update={"permanent": False})
            seen = item if within else item.model_copy(update={"ref": _as_seen(item.ref, arrived)})
            yield FetchedItem(item=seen, outcome=FetchOutcome.REJECTED, rejection=rejection, archive=archive)
            return
        if not granted or content.sha256 in self._seen:
            yield FetchedItem(item=item, outcome=FetchOutcome.UNCHANGED, content=content, archive=archive)
            return
        self._seen.add(content.sha256)
        if content.kind is Kind.ARCHIVE:
            yield from self._open(item, content, media_id, within)
        else:
            yield FetchedItem(item=item, outcome=FetchOutcome.READ, content=content, archive=archive)

    def _recognise(self, item: BatchItem, incoming: Incoming, within: _Archive | None) -> Content:
        name = name_of_ref(item.ref)
        found = sniff(incoming.path, name=name)
        if found.kind is Kind.ARCHIVE and within and within.budget.depth >= self._limits.depth:
            raise ArchiveTooLarge(
                f"{name} is an archive in an archive, {within.budget.depth + 1} deep; it was not opened, "
                f"since TEXTMILL_ARCHIVE_MAX_DEPTH allows {self._limits.depth}."
            )
        return Content(
            sha256=incoming.sha256,
            bytes=incoming.bytes,
            mime=found.mime,
            kind=found.kind,
            path=self._store.relative_path(incoming.sha256),
        )

    def _claim(
        self, item: BatchItem, content: Content, incoming: Incoming, within: _Archive | None
    ) -> tuple[int, bool]:
        """Register the medium and its location; returns its key and whether this batch is to read it."""

        def register(connection: Connection) -> tuple[int, bool]:
            now = utc_now()
            answer = claim_item(connection, item, content, self._claimant, now)
            if answer.granted:
                # While the medium's row is locked: whoever finds it settled and tidies up does so before.
                incoming.keep()
            note_location(
                connection,
                item.ref if within else _as_seen(item.ref, incoming),
                media_id=answer.media_id,
                archive_id=within.media_id if within else None,
                refused=False,
                now=now,
                etag=incoming.etag,
                last_modified=incoming.last_modified,
                tags=self._tags(item.ref),
                ingest_run_id=self._ingest_run_id,
            )
            if answer.held:
                LOG.warning("%s is being read by another batch or run, and left to it", name_of_ref(item.ref))
            return answer.media_id, answer.granted

        return self._transactions.run(register)

    def _tags(self, ref: MediaRef) -> tuple[str, ...]:
        source = self._sources.get(ref.source)
        return tuple(dict.fromkeys((source.tags if source else ()) + ref.tags))

    def _open(
        self, item: BatchItem, content: Content, media_id: int, within: _Archive | None
    ) -> Iterator[FetchedItem]:
        name = name_of_ref(item.ref)
        budget = Budget(name, content.bytes, self._limits, within.budget if within else None)
        archive = _Archive(media_id, item, content, budget)
        rejection = None
        path = self._store.bring(content.sha256) or self._store.path(content.sha256)
        try:
            for member in open_archive(path, content.mime, item.ref.uri, name, archive.budget):
                yield from self._take_member(member, archive)
            budget.check()
        except CannotGoOn as stop:
            rejection = Rejection.of(stop.error, uri=item.ref.uri, sha256=content.sha256, stage=Stage.FETCH)
        yield FetchedItem(
            item=item,
            outcome=FetchOutcome.OPENED,
            content=content,
            rejection=rejection,
            archive=within.content.sha256 if within else None,
        )

    def _take_member(self, member: Member, archive: _Archive) -> Iterator[FetchedItem]:
        item = self._member_item(member, archive)
        if member.refusal is not None:
            rejection = Rejection.of(member.refusal, uri=member.uri, sha256=None, stage=Stage.FETCH)
            yield FetchedItem(
                item=item,
                outcome=FetchOutcome.REJECTED,
                rejection=rejection,
                archive=archive.content.sha256,
            )
            return
        copying = self._store.receive(
            member.chunks(), name=member.name, max_bytes=self._settings.max_file_bytes
        )
        yield from self._take(item, copying, archive)

    def _member_item(self, member: Member, archive: _Archive) -> BatchItem:
        around = archive.item.ref
        ref = MediaRef(
            uri=member.uri,
            source=around.source,
            bytes=min(max(0, member.size), _MOST_BYTES),
            modified_ns=around.modified_ns,
            filename=member.name if is_web(around.uri) else None,
            languages=around.languages,
            tags=around.tags,
        )
        number, self._next_item_no = self._next_item_no, self._next_item_no + 1
        return BatchItem(
            item_no=number,
            ref=ref,
            estimated_pages=self._cost.pages(ref),
            estimated_seconds=self._cost.seconds(ref),
        )


def _can_be_asked_again(incoming: Incoming) -> bool:
    """Whether its server can be asked for it only if it changed."""
    return bool(incoming.etag or incoming.last_modified)


def _as_seen(ref: MediaRef, incoming: Incoming | None) -> MediaRef:
    """Return the reference to a URL with what only fetching it told; others are as they were listed.

    Without a copy nothing was told, and what was known before is not said of this content.
    """
    if not is_web(ref.uri):
        return ref
    if incoming is None:
        return ref.model_copy(update={"etag": None, "last_modified": None})
    told = {
        "bytes": incoming.bytes,
        "etag": incoming.etag,
        "last_modified": incoming.last_modified,
        "modified_ns": modified_ns(incoming.last_modified) if ref.modified_ns is None else ref.modified_ns,
    }
    return ref.model_copy(update=told)
