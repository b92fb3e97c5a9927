"""The audit finds nothing in what the stages leave, and each kind of damage by its name."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

import pytest
from fsspec.implementations.memory import MemoryFileSystem
from memory_area import MemoryArea
from sqlalchemy import URL, text
from staged_ingest import StagedIngest
from warehouse_snapshot import Snapshot

from textmill.auditing import Audited, Report, audit
from textmill.auditing.auditor import MOST_KEPT, all_rules
from textmill.object_uris import ObjectUri
from textmill.page_table import read_verdicts, write_verdicts
from textmill.records import BatchItem, FetchedItem
from textmill.run_wishes import Reread, RunWishes
from textmill.staging import path_of, read_records, write_records, write_text
from textmill.staging_access import SharedFolder
from textmill.warehouse.connection import in_transaction, utc_now, warehouse_engine
from textmill.warehouse.runs import finish_run

Ingested = Callable[[str], Snapshot]


@pytest.fixture(scope="module")
def ingested(warehouse_server: URL, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ingested]:
    """Two runs over files of every fate: loaded, flagged, partial, quarantined, unopened, in an archive."""
    with warehouse_engine(warehouse_server) as engine:

        @cache
        def ingest(kind: str) -> Snapshot:
            area = MemoryArea("audit") if kind == "store" else None
            snapshot = Snapshot(engine, tmp_path_factory.mktemp("audit"), area)
            snapshot.empty()
            _ingest(StagedIngest.below(engine, snapshot.folder, area and area.open))
            snapshot.take()
            return snapshot

        yield ingest


@pytest.fixture
def mill(request: pytest.FixtureRequest, ingested: Ingested) -> StagedIngest:
    """The two runs as they were, whatever another test did."""
    snapshot = ingested(getattr(request, "param", "folder"))
    snapshot.restore()
    return StagedIngest.below(snapshot.engine, snapshot.folder, snapshot.area and snapshot.area.open)


wherever_it_lies = pytest.mark.parametrize("mill", ["folder", "store"], indirect=True)


def _ingest(mill: StagedIngest) -> None:
    mill.write("whole.pdf", "good", "good", "warned")
    mill.write("partial.pdf", "good", "bad", "crashed")
    mill.write("broken.pdf", "broken")
    (mill.folder / "empty.pdf").write_bytes(b"")
    with zipfile.ZipFile(mill.folder / "box.zip", "w") as box:
        box.writestr("member.pdf", mill.write("member.pdf", "good").read_bytes())
    (mill.folder / "member.pdf").unlink()
    mill.run("first")
    mill.write("late.pdf", "good")
    mill.run("second")


def look(mill: StagedIngest, **changes: Any) -> Report:
    wishes = {"now": utc_now(), "stuck_hours": 12.0, "sample_content": None} | changes
    with mill.access.of_all() as staging:
        return audit(Audited(warehouse=mill.warehouse, staging=staging, **wishes))


def sql(*statements: str) -> Callable[[StagedIngest], None]:
    """Return a damage: statements that run with foreign keys switched off."""

    def damage(mill: StagedIngest) -> None:
        with mill.warehouse.begin() as connection:
            for statement in ("SET foreign_key_checks = 0", *statements, "SET foreign_key_checks = 1"):
                connection.execute(text(statement))

    return damage


def of(name: str) -> str:
    """Say in SQL which medium lies at a file."""
    return f"(SELECT media_id FROM media_location WHERE uri LIKE '%/{name}')"


@wherever_it_lies
def test_what_the_stages_leave_agrees(mill: StagedIngest) -> None:
    found = look(mill)
    assert dict(found.counts) == {}
    assert list(found.in_words()) == [
        f"Staging area, checkpoints and warehouse agree: {found.rules} rules hold."
    ]
    with mill.warehouse.connect() as connection:
        states = connection.execute(text("SELECT DISTINCT status FROM media")).scalars()
        assert set(states) == {"loaded", "partial", "quarantined"}
        books = connection.execute(text("SELECT rules, findings, finished_at IS NULL FROM audit")).one()
    assert tuple(books) == (found.rules, 0, 0)


def _lose_fetched_item(mill: StagedIngest) -> None:
    with mill.batch("first", 0) as batch:
        items = [one for one in read_records(batch.fetched, FetchedItem) if one.item.item_no != 0]
        write_records(batch.fetched, items, FetchedItem)


def _double_fetched_item(mill: StagedIngest) -> None:
    with mill.batch("first", 0) as batch:
        items = list(read_records(batch.fetched, FetchedItem))
        write_records(batch.fetched, [*items, items[0]], FetchedItem)


def _lose_planned_item(mill: StagedIngest) -> None:
    with mill.batch("second", 0) as batch:
        write_records(batch.items, list(read_records(batch.items, BatchItem))[1:], BatchItem)


def _lose_verdicts(mill: StagedIngest) -> None:
    with mill.batch("first", 0) as batch:
        write_verdicts(batch.verdicts, list(read_verdicts(batch.verdicts))[1:])


def _break_staged_file(mill: StagedIngest) -> None:
    with mill.batch("first", 0) as batch:
        write_text(batch.fetched, "{")


def _copies(mill: StagedIngest) -> list[str]:
    with mill.access.of_all() as staging:
        return sorted(copy.name for copy in staging.content_store().copies())


def _lose_copy(mill: StagedIngest) -> None:
    with mill.access.of_all() as staging:
        staging.content_store().remove(_copies(mill)[0])


def _spoil(mill: StagedIngest, sha256: str) -> None:
    with mill.access.of_all() as staging:
        copies = staging.content_store()
        descriptor, path = copies.new_file()
        os.write(descriptor, b"spoiled")
        os.close(descriptor)
        copies.keep(path, sha256)


def _spoil_copy(mill: StagedIngest) -> None:
    _spoil(mill, _copies(mill)[0])


def _lose_file(mill: StagedIngest, uri: str, name: str) -> None:
    if isinstance(mill.access, SharedFolder):
        (path_of(uri) / name).unlink()
    else:
        filesystem = MemoryFileSystem()
        filesystem.rm_file(f"{ObjectUri.parse(uri).path}/{name}")


def _staging_of_nobody(mill: StagedIngest) -> None:
    sql("UPDATE ingest_run SET run_id = 'renamed' WHERE run_id = 'second'")(mill)


ENTRY = (
    "sha256, uri_hash, uri, page_no, stage, reason, message, detail, permanent, attempts, status, "
    "first_seen, last_seen, ingest_run_id, batch_no"
)

DAMAGES: dict[str, tuple[Callable[[StagedIngest], None], set[str]]] = {
    "all pages of a medium deleted": (
        sql(f"DELETE FROM page WHERE media_id = {of('whole.pdf')}"),
        {"loaded_without_pages", "document_pages", "accepted_page_missing", "orphan_line_page_id"},
    ),
    "one page deleted": (
        sql(f"DELETE FROM page WHERE page_no = 2 AND media_id = {of('whole.pdf')}"),
        {"page_numbers", "document_pages", "document_text", "accepted_page_missing", "orphan_line_page_id"},
    ),
    "a page numbered past the end": (
        sql(f"UPDATE page SET page_no = 9 WHERE page_no = 3 AND media_id = {of('whole.pdf')}"),
        {"page_numbers", "accepted_page_missing"},
    ),
    "an entry of a page deleted": (
        sql("DELETE FROM quarantine WHERE page_no = 2"),
        {"page_numbers", "refusal_without_entry"},
    ),
    "a rejected page without its entry": (
        sql("DELETE FROM quarantine WHERE page_no = 3"),
        {"page_numbers", "refusal_without_entry"},
    ),
    "all entries of a medium deleted": (
        sql(
            f"DELETE FROM quarantine WHERE sha256 = (SELECT sha256 FROM media WHERE id = {of('broken.pdf')})"
        ),
        {"refused_without_entry"},
    ),
    "an entry on a refused file deleted": (
        sql("DELETE FROM quarantine WHERE reason = 'empty_file'"),
        {"refusal_without_entry"},
    ),
    "an archive with pages": (
        sql(f"UPDATE media SET kind = 'archive' WHERE id = {of('late.pdf')}"),
        {"archive_with_pages"},
    ),
    "a quarantined medium with pages": (
        sql(f"UPDATE media SET status = 'quarantined', needs_retry = 1 WHERE id = {of('late.pdf')}"),
        {"quarantined_with_pages"},
    ),
    "an entry left open": (
        sql(f"UPDATE media SET status = 'loaded', page_count = 1 WHERE id = {of('partial.pdf')}"),
        {"loaded_with_entry"},
    ),
    "a medium that nobody settled": (
        sql(
            f"DELETE FROM page WHERE media_id = {of('late.pdf')}",
            f"DELETE FROM document WHERE media_id = {of('late.pdf')}",
            f"UPDATE media SET status = 'claimed' WHERE id = {of('late.pdf')}",
        ),
        {"claim_of_ended_run", "item_not_settled", "accepted_page_missing", "orphan_line_page_id"},
    ),
    "a text of a page changed": (
        sql(f"UPDATE page SET text = REVERSE(text) WHERE page_no = 2 AND media_id = {of('whole.pdf')}"),
        {"document_text"},
    ),
    "a document deleted": (
        sql(f"DELETE FROM document WHERE media_id = {of('whole.pdf')}"),
        {"document_pages"},
    ),
    "a run deleted": (
        sql("DELETE FROM ingest_run WHERE run_id = 'second'"),
        {
            "orphan_page_ingest_run_id",
            "orphan_ingest_batch_ingest_run_id",
            "orphan_source_ingest_run_id",
            "run_not_in_books",
        },
    ),
    "a medium deleted": (
        sql(f"DELETE FROM media WHERE id = {of('late.pdf')}"),
        {
            "orphan_page_media_id",
            "orphan_document_media_id",
            "orphan_media_location_media_id",
            "item_not_settled",
        },
    ),
    "a location by which views call a medium, nowhere": (
        sql(f"UPDATE media SET location_id = 12345 WHERE id = {of('late.pdf')}"),
        {"main_location"},
    ),
    "a location with a wrong key": (
        sql("UPDATE media_location SET uri_hash = REPEAT('0', 64) WHERE uri LIKE '%/late.pdf'"),
        {"wrong_key_of_location"},
    ),
    "an entry with a wrong key": (
        sql("UPDATE quarantine SET entry_key = REPEAT('0', 64) WHERE page_no = 2"),
        {"wrong_key_of_entry", "refusal_without_entry"},
    ),
    "an entry twice": (
        sql(
            f"INSERT INTO quarantine (entry_key, {ENTRY}) "
            f"SELECT REPEAT('1', 64), {ENTRY} FROM quarantine WHERE page_no = 2"
        ),
        {"entry_twice", "wrong_key_of_entry"},
    ),
    "counts of a run changed": (
        sql("UPDATE ingest_run SET pages_loaded = pages_loaded + 1 WHERE run_id = 'first'"),
        {"run_totals"},
    ),
    "a medium counted nowhere": (
        sql("UPDATE ingest_run SET media_found = media_found + 1 WHERE run_id = 'first'"),
        {"run_media"},
    ),
    "counts of a batch changed": (
        sql("UPDATE ingest_batch SET pages_loaded = 77 WHERE pages_loaded > 2"),
        {"batch_counts", "run_totals"},
    ),
    "a batch that a successful run did not load": (
        sql("UPDATE ingest_batch SET state = 'read' ORDER BY id LIMIT 1"),
        {"success_without_batches"},
    ),
    "a run that hangs": (
        sql(
            "UPDATE ingest_batch SET ocr_started_at = '2020-01-01', ocr_finished_at = NULL, loaded_at = NULL",
            "UPDATE ingest_run SET state = 'running', finished_at = NULL, started_at = '2020-01-01'",
        ),
        {"stuck_run"},
    ),
    "an item that fetching lost": (_lose_fetched_item, {"item_not_in_one_state"}),
    "an item in two states": (_double_fetched_item, {"item_not_in_one_state"}),
    "a medium that was discovered and not planned": (
        _lose_planned_item,
        {"discovered_not_planned"},
    ),
    "a page that nobody judged": (_lose_verdicts, {"page_without_verdict"}),
    "half a file": (_break_staged_file, {"staged_file_damaged"}),
    "a copy that is gone": (_lose_copy, {"content_missing"}),
    "a copy that was changed": (_spoil_copy, {"content_damaged"}),
    "staging files of a run without books": (_staging_of_nobody, {"run_not_in_books"}),
}


OF_FILES = [what for what, (damage, _) in DAMAGES.items() if damage.__name__ != "damage"]
"""Those that are no statements, but two: what files say and the warehouse does not."""
OF_FILES += ["one page deleted", "an entry on a refused file deleted"]


@pytest.mark.parametrize(
    ("mill", "what"),
    [*(("folder", what) for what in DAMAGES), *(("store", what) for what in OF_FILES)],
    indirect=["mill"],
)
def test_damage_is_found_by_its_name(mill: StagedIngest, what: str) -> None:
    damage, names = DAMAGES[what]
    damage(mill)
    if what == "a run that hangs":
        for path in mill.staging.runs.rglob("*"):
            os.utime(path, (0, 0))
    found = look(mill)
    assert names <= set(found.counts), [one.message for one in found.findings]
    assert not set(found.counts) - names - CONSEQUENCES, [one.message for one in found.findings]


CONSEQUENCES = {
    "batch_counts",
    "item_not_settled",
    "run_totals",
    "claim_of_ended_run",
    "document_pages",
    "orphan_quarantine_event_quarantine_id",
}
"""What else may disagree once something does."""


def test_findings_are_stored_and_said_with_what_to_do(mill: StagedIngest) -> None:
    sql("DELETE FROM document")(mill)
    found = look(mill)
    with mill.warehouse.connect() as connection:
        rows = connection.execute(text("SELECT * FROM v_audit ORDER BY finding_id")).all()
    assert [(row.audit_id, row.rule, row.message, row.of_rule) for row in rows] == [
        (found.key, "document_pages", one.message, found.total) for one in found.findings
    ]
    assert all(row.remedy == found.remedies["document_pages"] for row in rows)
    lines = list(found.in_words())
    assert lines[0].startswith(f"{found.total} disagreements, by 1 of ")
    assert lines[-1] == f"  To do: {found.remedies['document_pages']}"


def test_of_many_findings_the_first_are_kept_and_all_are_counted(mill: StagedIngest) -> None:
    rows = ", ".join(f"({number}, 'x', 1)" for number in range(10_000, 10_000 + MOST_KEPT + 5))
    sql(f"INSERT INTO document (media_id, text, pages) VALUES {rows}")(mill)
    found = look(mill)
    assert found.counts["document_pages"] == MOST_KEPT + 5
    assert sum(one.rule == "document_pages" for one in found.findings) == MOST_KEPT
    assert "  … and 5 more" in list(found.in_words())


@wherever_it_lies
def test_a_sample_of_copies_is_as_large_as_it_is_wanted(mill: StagedIngest) -> None:
    for sha256 in _copies(mill):
        _spoil(mill, sha256)
    assert len(_copies(mill)) == 2
    assert look(mill, sample_content=1).counts == {"content_damaged": 1}
    assert look(mill, sample_content=0).counts == {}


def test_every_rule_says_what_to_do_in_a_sentence() -> None:
    remedies = {name: remedy for rule in all_rules() for name, remedy in rule.remedies.items()}
    assert all(
        remedy.endswith((".", "'…'. Its media are read by the next run.")) for remedy in remedies.values()
    )
    assert all(len(name) <= 64 for name in remedies)


@wherever_it_lies
def test_unfinished_business_is_no_damage(mill: StagedIngest) -> None:
    """After each stage of a run that goes on, with killed and repeated attempts between them."""
    mill.write("new.pdf", "good", "bad")
    mill.write("newer.pdf", "broken")
    mill.write("newest.pdf", "good")
    uris = mill.start("third", batch_seconds=1)
    assert len(uris) > 1
    for uri in uris:
        assert look(mill).counts == {}
        mill.fetch("third", uri)
        assert look(mill).counts == {}
        _lose_file(mill, uri, "fetched.jsonl")  # as if it was killed before it had written that
        assert look(mill).counts == {}
        mill.read("third", uri)
        assert look(mill).counts == {}
        mill.finish_batch("third", uri)
        assert look(mill).counts == {}
        mill.finish_batch("third", uri)
    assert look(mill).counts == {}
    mill.report("third")
    assert look(mill).counts == {}


@wherever_it_lies
def test_a_failed_run_is_no_damage_and_neither_is_the_run_that_reads_its_media(mill: StagedIngest) -> None:
    from textmill.errors import BatchFailed

    mill.write("new.pdf", "good", "good")
    mill.write("newer.pdf", "good")
    uris = mill.start("third", batch_seconds=1)
    mill.read("third", uris[0])
    mill.finish_batch("third", uris[0])
    for uri in uris[1:]:
        mill.fetch("third", uri)
    with pytest.raises(BatchFailed):
        mill.report("third")
    assert look(mill).counts == {}
    mill.run("fourth")
    assert look(mill).counts == {}


def test_a_dry_run_is_no_damage_whether_it_succeeds_or_fails(mill: StagedIngest) -> None:
    mill.write("new.pdf", "good")
    for run_id, problems in (("dry", []), ("failed-dry", ["a source is gone"])):
        assert mill.start(run_id, wishes=RunWishes(dry_run=True)) == []
        assert look(mill).counts == {}
        finish = partial(finish_run, run_id=run_id, now=utc_now(), problems=problems)
        in_transaction(mill.warehouse, finish)
        assert look(mill).counts == {}


def test_files_that_change_go_and_come_back_are_no_damage(mill: StagedIngest) -> None:
    late = mill.folder / "late.pdf"
    partial = (mill.folder / "partial.pdf").read_bytes()
    (mill.folder / "partial.pdf").unlink()
    (mill.folder / "broken.pdf").rename(mill.folder / "moved.pdf")
    late.write_bytes((mill.folder / "whole.pdf").read_bytes())
    mill.run("third")
    assert look(mill).counts == {}
    (mill.folder / "partial.pdf").write_bytes(partial)
    (mill.folder / "moved.pdf").unlink()
    mill.run("fourth")
    assert look(mill).counts == {}
    mill.run("fifth", wishes=RunWishes(reread=Reread.EVERYTHING))
    assert look(mill).counts == {}


def test_what_a_later_run_read_otherwise_is_its_own_business(mill: StagedIngest) -> None:
    """Pages of which the first run's files speak were replaced since."""
    mill.run("third", wishes=RunWishes(reread=Reread.EVERYTHING))
    sql("UPDATE page SET text = text, ingest_run_id = (SELECT id FROM ingest_run WHERE run_id = 'third')")(
        mill
    )
    assert look(mill).counts == {}


def test_an_audit_that_was_killed_leaves_a_row_without_an_end(
    mill: StagedIngest, monkeypatch: pytest.MonkeyPatch
) -> None:
    import textmill.auditing.auditor as module

    def killed() -> list[Any]:
        class Killing:
            def __init__(self) -> None:
                self.remedies: dict[str, str] = {}

            def look(self, audited: Audited) -> Any:
                raise KeyboardInterrupt

        return [Killing()]

    monkeypatch.setattr(module, "all_rules", killed)
    with pytest.raises(KeyboardInterrupt):
        look(mill)
    monkeypatch.undo()
    assert look(mill).counts == {}
    with mill.warehouse.connect() as connection:
        rows = connection.execute(text("SELECT finished_at IS NULL FROM audit ORDER BY id")).scalars()
        assert list(rows) == [1, 0]
