"""The vocabulary of the archive, and search that forgives errors of reading."""

from __future__ import annotations

import random
import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select, text
from warehouse_records import NOW
from warehouse_records import page as record

from textmill.findings import accepted_texts
from textmill.page_table import write_pages, write_verdicts
from textmill.records import Outcome, PageVerdict
from textmill.staging import BatchArea
from textmill.warehouse.tables import media, page, word, word_backlog, word_gram
from textmill.warehouse.word_forms import fold, grams_of, shape_of, words_of
from textmill.warehouse.words import keep_words, work_off_backlog


def _value(warehouse: Engine, expression: str, **values: object) -> Any:
    with warehouse.connect() as connection:
        return connection.execute(text(f"SELECT {expression}"), values).scalar_one()


def _variants(warehouse: Engine, asked: str, most: int = 40) -> list[str]:
    return str(_value(warehouse, "textmill_variants(:asked, :most)", asked=asked, most=most)).split()


def _fuzzy(warehouse: Engine, asked: str | None) -> Any:
    return _value(warehouse, "textmill_fuzzy(:asked)", asked=asked)


def _pages(warehouse: Engine, query: str) -> set[int]:
    statement = text("SELECT page_no FROM v_search WHERE MATCH(text) AGAINST(:query IN BOOLEAN MODE)")
    with warehouse.connect() as connection:
        return set(connection.execute(statement, {"query": query}).scalars())


def _words(warehouse: Engine) -> dict[str, int]:
    with warehouse.connect() as connection:
        return {row.word: row.pages for row in connection.execute(select(word.c.word, word.c.pages))}


def _fill(warehouse: Engine, run_id: int, *texts: str) -> None:
    """Put pages there as a version without a vocabulary left them."""
    with warehouse.begin() as connection:
        medium = connection.execute(
            insert(media).values(
                sha256="a" * 64, bytes=1, mime="image/png", kind="image", status="loaded", needs_retry=False,
                first_seen=NOW,
            )
        ).lastrowid  # fmt: skip
        same = {
            "media_id": medium, "width": 1, "height": 1, "rotation": 0, "ink": 0.1, "preprocessing": "",
            "text_source": "ocr", "engine": "paddle", "model": "m", "fingerprint": "f", "milliseconds": 1,
            "ingest_run_id": run_id, "batch_no": 0, "loaded_at": NOW, "quality": "accepted", "warnings": "",
        }  # fmt: skip
        connection.execute(
            insert(page), [same | {"page_no": n, "text": one} for n, one in enumerate(texts, 1)]
        )
        connection.execute(
            text(
                "INSERT IGNORE INTO word_backlog (id, done_page_id, last_page_id) "
                "SELECT 1, 0, MAX(id) FROM page HAVING MAX(id) IS NOT NULL"
            )
        )


# --- words ---------------------------------------------------------------------------------------------


def test_words_are_folded_and_numbers_and_scripts_without_spaces_are_left_out() -> None:
    text_ = "The Café, in Straße 12345; don't ΑΘΉΝΑ 東京 INV2024 Москвой " + "x" * 41
    assert words_of(text_) == {"the", "cafe", "strasse", "don", "αθηνα", "inv2024", "москвой"}


def test_loader_and_server_fold_alike_and_see_the_same_shapes(warehouse: Engine) -> None:
    for one in ["Café", "Straße", "ΑΘΉΝΑΣ", "Москвой", "naïve", "İzmir", "Łódź", "plain", "œuvre", "Ünïcödé"]:
        assert _value(warehouse, "textmill_fold(:one)", one=one) == fold(one)
    for one in ["modern", "c1ick", "0ld5chool", "vvater", "l1i", "q9g6", "2z8b3e", "rnvvcl"]:
        assert _value(warehouse, "textmill_shape(:one)", one=one) == shape_of(one)


def test_words_are_kept_once_with_their_grams(warehouse: Engine) -> None:
    for _ in range(2):
        keep_words(warehouse, ["The harbour bridge", "the harbour"])
    assert set(_words(warehouse)) == {"the", "harbour", "bridge"}
    with warehouse.connect() as connection:
        key = connection.execute(select(word.c.id).where(word.c.word == "harbour")).scalar_one()
        grams = connection.execute(
            select(word_gram.c.gram, word_gram.c.place, word_gram.c.length).where(word_gram.c.word_id == key)
        ).all()
    assert {tuple(gram) for gram in grams} == set(grams_of(shape_of("harbour")))


def test_it_is_known_about_how_many_pages_have_a_word(warehouse: Engine) -> None:
    random.seed(1)
    for _ in range(20):
        keep_words(warehouse, ["common word here"] * 50 + ["rare thing"])
    counts = _words(warehouse)
    assert 300 < counts["common"] < 3000
    assert 5 < counts["rare"] < 80


def test_loaders_beside_each_other_keep_each_word_once(warehouse: Engine) -> None:
    texts = [" ".join(f"word{letter}{number}x" for number in range(600)) for letter in "abcd"]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda shift: keep_words(warehouse, texts[shift:] + texts[:shift]), range(4)))
    with warehouse.connect() as connection:
        grams = connection.execute(text("SELECT COUNT(DISTINCT word_id) FROM word_gram")).scalar_one()
    assert len(_words(warehouse)) == grams == 2400


def test_pages_of_before_get_in_piece_by_piece(
    warehouse: Engine, ingest_run_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("textmill.warehouse.words._PAGES_AT_ONCE", 2)
    _fill(warehouse, ingest_run_id, "first harbour", "second bridge", "東京の third", "fourth", "fifth page")
    assert work_off_backlog(warehouse, seconds=0) == 0
    assert work_off_backlog(warehouse, seconds=60) == 5
    assert {"harbour", "bridge", "third", "fourth", "fifth"} <= set(_words(warehouse))
    assert work_off_backlog(warehouse, seconds=60) == 0
    with warehouse.connect() as connection:
        found = connection.execute(
            text(
                "SELECT page_no FROM v_search WHERE MATCH(cjk) AGAINST(textmill_cjk('東京') IN BOOLEAN MODE)"
            )
        ).scalars()
        assert list(found) == [3]
        assert connection.execute(select(word_backlog)).all() == []


def test_a_catch_up_that_was_killed_goes_on_where_it_stopped(
    warehouse: Engine, ingest_run_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("textmill.warehouse.words._PAGES_AT_ONCE", 1)
    _fill(warehouse, ingest_run_id, "first", "second", "third")
    kept: list[str] = []

    def die_at_the_second(engine: Engine, texts: Any) -> None:
        kept.extend(texts)
        if len(kept) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr("textmill.warehouse.words.keep_words", die_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        work_off_backlog(warehouse, seconds=60)
    assert work_off_backlog(warehouse, seconds=60) == 2
    assert kept == ["first", "second", "second", "third"]


# --- fuzzy search --------------------------------------------------------------------------------------

ARCHIVE = ["The invoice for the footbridge"] * 40 + [
    "The lnvoice for the f00tbridge",
    "the invojce for a foofbrdge",
    "inv0ice, foot bridge",
    "Novice voices",
]


def test_misreadings_are_found_and_other_words_are_not(warehouse: Engine, ingest_run_id: int) -> None:
    _fill(warehouse, ingest_run_id, *ARCHIVE)
    keep_words(warehouse, ARCHIVE)
    assert _pages(warehouse, _fuzzy(warehouse, "invoice footbridge")) == set(range(1, 43))
    assert _pages(warehouse, _fuzzy(warehouse, "invoice -footbridge")) == {41, 42, 43}


def test_a_word_that_many_pages_have_is_no_misreading(warehouse: Engine) -> None:
    keep_words(warehouse, ["better letter"] * 10 + ["lettcr bettcr"])
    assert _variants(warehouse, "letter") == ["letter", "lettcr"]
    assert _variants(warehouse, "better") == ["better", "bettcr"]


def test_a_word_that_nobody_has_is_found_in_what_it_may_stand_for(warehouse: Engine) -> None:
    keep_words(warehouse, ["footbridge"] * 30)
    assert _variants(warehouse, "footbrigde") == ["footbrigde", "footbridge"]


def test_short_words_and_numbers_are_not_guessed(warehouse: Engine) -> None:
    keep_words(warehouse, ["the tha thc cat car 2o24 zoz4 2025 20244"])
    assert _variants(warehouse, "cat") == ["cat"]
    assert _variants(warehouse, "2024") == ["2024", "2o24", "zoz4"]


def test_letters_that_look_alike_are_the_same(warehouse: Engine) -> None:
    keep_words(warehouse, ["modern"] * 9 + ["modem m0dern rnodern", "wonderful"] + ["vvonderfui"])
    assert set(_variants(warehouse, "modern")) == {"modern", "modem", "m0dern", "rnodern"}
    assert "vvonderfui" in _variants(warehouse, "wonderful")


def test_the_number_of_variants_is_bounded(warehouse: Engine) -> None:
    letters = "abcdefghijklmnopqrstuvwxyz"
    keep_words(warehouse, [" ".join(f"harb{one}{two}r" for one in letters for two in letters)])
    assert len(_variants(warehouse, "harbour", 40)) == 40
    assert len(_fuzzy(warehouse, "harbour").split()) == 200


ANSWERS = {
    "+invoice ~paid @8 >x <y (z)": "+invoice +paid +8 +x +y +z",
    '"exact phrase" -not': '+"exact phrase" -not',
    "begin*": "+begin*",
    "well-known e-mail": "+well +known +e +mail",
    "don't": "+don +t",
    '"unclosed': "+unclosed",
    '"" -"" - + * ()': "",
    "'; DROP TABLE page; --": "+DROP +TABLE +page",
    "": "",
    None: None,
    "Straße ΑΘΗΝΑ 東京": "+Straße +ΑΘΗΝΑ +東京",
}


def test_operators_mean_what_they_mean_and_nothing_typed_breaks_a_search(warehouse: Engine) -> None:
    assert {query: _fuzzy(warehouse, query) for query in ANSWERS} == ANSWERS
    for answer in ANSWERS.values():
        assert _pages(warehouse, answer or "") == set()


def test_a_long_search_is_answered_in_time(warehouse: Engine) -> None:
    chance = random.Random(3)
    keep_words(warehouse, [" ".join("".join(chance.choices("aeinrst", k=9)) for _ in range(5_000))])
    started = time.perf_counter()
    _fuzzy(warehouse, " ".join("".join(chance.choices("aeinrst", k=9)) for _ in range(60)))
    assert time.perf_counter() - started < 10


def test_words_of_any_length_can_be_looked_for(warehouse: Engine) -> None:
    for length in (4, 7, 11, 12, 18, 24, 25, 40, 41, 100):
        asked = ("abcdefghjk" * 10)[:length]
        keep_words(warehouse, [asked[:-1] + "x"])
        assert (asked[:-1] + "x" in _variants(warehouse, asked)) == (length <= 40), length


# --- the document ---------------------------------------------------------------------------------------


def test_the_recipes_of_the_document_find_something_in_the_samples(
    warehouse: Engine, ingest_run_id: int, repository: Path, samples: Path
) -> None:
    texts = [file.read_text(encoding="utf-8") for file in sorted(samples.glob("*.gt.txt"))]
    _fill(warehouse, ingest_run_id, *texts)
    keep_words(warehouse, texts)
    document = (repository / "docs" / "search.md").read_text(encoding="utf-8")
    recipes = re.findall(r"make -s sql <<'SQL'\n(.*?)\nSQL\n", document, re.DOTALL)
    assert len(recipes) >= 4
    for recipe in recipes:
        with warehouse.connect() as connection:
            for statement in recipe.split(";\n"):
                result = connection.exec_driver_sql(statement)
                if statement.startswith("SELECT") and "cjk" not in recipe:  # no sample has such text
                    assert result.all() != [], statement


def test_the_words_of_a_batch_are_those_of_its_accepted_pages(tmp_path: Path) -> None:
    area = BatchArea.at(tmp_path.as_uri())
    assert list(accepted_texts(area)) == []  # nothing was read
    write_pages(area.pages, [record(number, text=f"page {number}") for number in (1, 2, 3)])
    outcomes = (Outcome.ACCEPTED, Outcome.QUARANTINED, Outcome.WARNING)
    write_verdicts(
        area.verdicts,
        [
            PageVerdict(sha256="a" * 64, page_no=number, outcome=outcome, checks=(), message="")
            for number, outcome in enumerate(outcomes, 1)
        ],
    )
    assert list(accepted_texts(area)) == ["page 1", "page 3"]
