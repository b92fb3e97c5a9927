"""The view of a video's text, cue by cue."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text
from warehouse_records import CORNERS, NOW, content, page, ref

from textmill.records import Kind, LineRecord, PageRecord
from textmill.warehouse.claims import Claimant, claim
from textmill.warehouse.connection import in_transaction
from textmill.warehouse.loader import MediumResult, load_medium
from textmill.warehouse.locations import note_location
from textmill.warehouse.runs import run_key

HOUR = 3_600_000


def line(line_no: int, words: str, start_ms: int, end_ms: int, confidence: float = 0.9) -> LineRecord:
    return LineRecord(
        line_no=line_no, text=words, confidence=confidence, polygon=CORNERS, start_ms=start_ms, end_ms=end_ms
    )


def video_page(page_no: int, *lines: LineRecord) -> PageRecord:
    return page(
        page_no,
        text="\n".join(one.text for one in lines),
        start_ms=min(one.start_ms or 0 for one in lines),
        end_ms=max(one.end_ms or 0 for one in lines),
        lines=lines,
        dpi=None,
    )


def load(warehouse: Engine, *pages: PageRecord) -> None:
    def work(connection: Any) -> None:
        clip = content().model_copy(update={"kind": Kind.VIDEO, "mime": "video/mp4"})
        registered = claim(connection, clip, Claimant("run-1", 0, True, 1.0), NOW)
        note_location(connection, ref("a.mp4"), media_id=registered.media_id, refused=False, now=NOW)
        result = MediumResult("file:///in/a.mp4", "a" * 64, len(pages), pages, [], duration_ms=9000)
        load_medium(
            connection,
            result,
            ingest_run_id=run_key(connection, "run-1"),
            batch_no=0,
            now=NOW + timedelta(hours=1),
        )

    in_transaction(warehouse, work)


def cues(warehouse: Engine) -> list[Any]:
    with warehouse.connect() as connection:
        return list(connection.execute(text("SELECT * FROM v_video_text ORDER BY cue_no")).all())


@pytest.mark.usefixtures("ingest_run_id")
def test_lines_that_came_and_went_together_are_one_cue(warehouse: Engine) -> None:
    load(
        warehouse,
        video_page(
            1,
            line(1, "Departures", 0, 9000, 1.0),
            line(2, "by day of the week", 0, 9000, 0.5),
            line(3, "The ships never left", 2000, 4000),
        ),
        video_page(2, line(1, "Thank you", 9000, HOUR * 101 + 62_003)),
    )
    found = [(one.page_no, one.cue_no, one.start_time, one.end_time, one.text) for one in cues(warehouse)]
    assert found == [
        (1, 1, "00:00:00,000", "00:00:09,000", "Departures\nby day of the week"),
        (1, 2, "00:00:02,000", "00:00:04,000", "The ships never left"),
        (2, 3, "00:00:09,000", "101:01:02,003", "Thank you"),
    ]
    assert cues(warehouse)[0].confidence == pytest.approx((10 * 1.0 + 18 * 0.5) / 28)


@pytest.mark.usefixtures("ingest_run_id")
def test_the_rows_make_an_srt_file(warehouse: Engine) -> None:
    load(
        warehouse,
        video_page(1, line(1, "one", 0, 1500), line(2, "two", 0, 1500), line(3, "three", 1500, 3000)),
    )
    with warehouse.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT CONCAT(cue_no, '\\n', start_time, ' --> ', end_time, '\\n', text, '\\n') "
                "FROM v_video_text WHERE uri = 'file:///in/a.mp4' ORDER BY cue_no"
            )
        ).scalars()
        subtitles = "\n".join(rows)
    assert re.fullmatch(r"(\d+\n\d\d:\d\d:\d\d,\d{3} --> \d\d:\d\d:\d\d,\d{3}\n(.+\n)+\n?)+", subtitles)
    assert subtitles.startswith("1\n00:00:00,000 --> 00:00:01,500\none\ntwo\n\n2\n")


@pytest.mark.usefixtures("ingest_run_id")
def test_no_cue_is_cut_off_whatever_the_server_allows(warehouse: Engine) -> None:
    texts = [f"{number:03d} " + "ö" * (20 * number) for number in range(1, 41)]
    load(warehouse, video_page(1, *(line(number, words, 0, 1000) for number, words in enumerate(texts, 1))))
    with warehouse.connect() as connection:
        connection.execute(text("SET SESSION group_concat_max_len = 1024"))  # MySQL's default
        found = connection.execute(text("SELECT text FROM v_video_text ORDER BY cue_no")).scalars().all()
    assert "\n".join(found).split("\n") == texts


@pytest.mark.usefixtures("ingest_run_id")
def test_a_video_without_text_is_loaded_with_no_page(warehouse: Engine) -> None:
    load(warehouse)
    assert cues(warehouse) == []
    with warehouse.connect() as connection:
        (row,) = connection.execute(text("SELECT status, page_count, duration_ms, text FROM v_document"))
    assert tuple(row) == ("loaded", 0, 9000, None)
