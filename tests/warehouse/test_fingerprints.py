"""Which media were read otherwise than they would be read now."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine
from warehouse_records import NOW, content, page, ref

from textmill.fingerprints import fingerprint
from textmill.records import Kind, ReaderFingerprints
from textmill.run_wishes import Reread
from textmill.warehouse.claims import Claimant, claim
from textmill.warehouse.fingerprints import addresses_read_otherwise, media_read_otherwise
from textmill.warehouse.loader import MediumResult, load_medium
from textmill.warehouse.locations import note_location

NOW_READ = ReaderFingerprints(
    picture="picture-2",
    video="video-2",
    text_layer="layer-2",
    text_rules={"version": 1, "page_characters": 100},
    text_libraries={"html": "parser 5"},
)
TEXT = {"text_source": "text_file", "engine": "html", "model": "utf-8 (parser 5)"}
TEXT_NOW = fingerprint(reader="html", model="utf-8 (parser 5)", version=1, page_characters=100)


def load(
    warehouse: Engine, run_id: int, letter: str, *pages: dict[str, Any], kind: Kind = Kind.PDF, **where: Any
) -> int:
    """A medium at `/in/LETTER` with pages of these values."""
    with warehouse.begin() as connection:
        known = content(letter).model_copy(update={"kind": kind})
        media_id = claim(connection, known, Claimant("run-1", 0, Reread.EVERYTHING, 1), NOW).media_id
        note_location(connection, ref(letter), media_id=media_id, refused=False, now=NOW, **where)
        records = [page(number, letter, **values) for number, values in enumerate(pages, start=1)]
        result = MediumResult(ref(letter).uri, letter * 64, len(records), records, [])
        load_medium(connection, result, ingest_run_id=run_id, batch_no=0, now=NOW)
    return media_id


@pytest.mark.parametrize(
    ("kind", "values", "otherwise"),
    [
        (Kind.IMAGE, {"fingerprint": "picture-2"}, False),
        (Kind.IMAGE, {"fingerprint": "picture-1"}, True),
        (Kind.VIDEO, {"fingerprint": "video-2"}, False),
        (Kind.VIDEO, {"fingerprint": "picture-2"}, True),
        (Kind.PDF, {"fingerprint": "layer-2", "text_source": "text_layer"}, False),
        (Kind.PDF, {"fingerprint": "layer-1", "text_source": "text_layer"}, True),
        (Kind.TEXT, {"fingerprint": TEXT_NOW, **TEXT}, False),
        (Kind.TEXT, {"fingerprint": TEXT_NOW, **TEXT, "model": "utf-8 (parser 4)"}, False),
        (Kind.TEXT, {"fingerprint": "other", **TEXT}, True),
    ],
)
def test_each_kind_of_page_is_held_against_its_own(
    warehouse: Engine, ingest_run_id: int, kind: Kind, values: dict[str, Any], otherwise: bool
) -> None:
    media_id = load(warehouse, ingest_run_id, "a", values, kind=kind)
    with warehouse.connect() as connection:
        assert media_read_otherwise(connection, [media_id], NOW_READ) == ({media_id} if otherwise else set())


def test_one_page_is_enough(warehouse: Engine, ingest_run_id: int) -> None:
    same, other = {"fingerprint": "picture-2"}, {"fingerprint": "picture-1"}
    load(warehouse, ingest_run_id, "a", same, same)
    mixed = load(warehouse, ingest_run_id, "b", same, other)
    load(warehouse, ingest_run_id, "c")
    with warehouse.connect() as connection:
        assert media_read_otherwise(connection, [1, 2, 3], NOW_READ) == {mixed}
        uris = [ref(letter).uri for letter in "abcd"]
        assert addresses_read_otherwise(connection, uris, NOW_READ) == {ref("b").uri}


def test_an_archive_is_opened_for_what_lies_in_it(warehouse: Engine, ingest_run_id: int) -> None:
    box = load(warehouse, ingest_run_id, "a", kind=Kind.ARCHIVE)
    inner = load(warehouse, ingest_run_id, "b", kind=Kind.ARCHIVE, archive_id=box)
    load(warehouse, ingest_run_id, "c", {"fingerprint": "picture-1"}, archive_id=inner)
    load(warehouse, ingest_run_id, "d", kind=Kind.ARCHIVE)
    with warehouse.connect() as connection:
        found = addresses_read_otherwise(connection, [ref("a").uri, ref("d").uri], NOW_READ)
    assert found == {ref("a").uri}


@pytest.mark.parametrize(("mark", "granted"), [("picture-2", False), ("picture-1", True)])
def test_a_claim_is_granted_for_what_was_read_otherwise(
    warehouse: Engine, ingest_run_id: int, mark: str, granted: bool
) -> None:
    load(warehouse, ingest_run_id, "a", {"fingerprint": mark})
    with warehouse.begin() as connection:
        connection.exec_driver_sql("UPDATE ingest_run SET state = 'success'")
        claimant = Claimant("run-2", 0, Reread.OTHER_ENGINE, 1, fingerprints=NOW_READ)
        assert claim(connection, content(), claimant, NOW).granted is granted
