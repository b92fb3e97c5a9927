"""Search as analysts do it: words, phrases, Chinese, Japanese and Korean, and the words around a hit."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from sqlalchemy import URL, Connection, Engine, text
from warehouse_records import NOW, content, page, ref

from textmill.warehouse.cjk import cjk_pieces
from textmill.warehouse.claims import Claimant, claim
from textmill.warehouse.connection import in_transaction, warehouse_engine
from textmill.warehouse.loader import MediumResult, load_medium
from textmill.warehouse.locations import note_location

Load = Callable[..., None]
Find = Callable[..., list[int]]

CJK = [
    "我在北京大学学习中文。",
    "東京都に住んでいます。京都の大学で日本語を学ぶ。",
    "한국어를 공부합니다. 서울에서 만나요.",
    "報告書は東\n京で印刷され、2024年3月に届いた。ISBN番号なし",
    "大阪と京東は別の言葉",
    "no letters of these scripts",
    "𠮷野家は東京にある",
]


@pytest.fixture
def load(warehouse: Engine, ingest_run_id: int) -> Load:
    """Load texts as the pages of one medium, through the loader."""

    def load_texts(*texts: str) -> None:
        pages = [page(number, text=one, fingerprint=one[:9]) for number, one in enumerate(texts, 1)]

        def work(connection: Connection) -> None:
            registered = claim(connection, content(), Claimant("run-1", 0, False, 1.0), NOW)
            note_location(connection, ref(), media_id=registered.media_id, refused=False, now=NOW)
            result = MediumResult(ref().uri, "a" * 64, len(pages), pages, [])
            load_medium(connection, result, ingest_run_id=ingest_run_id, batch_no=0, now=NOW)

        in_transaction(warehouse, work)

    return load_texts


@pytest.fixture
def find(warehouse: Engine) -> Find:
    """Return the numbers of the pages that a boolean search finds."""

    def find_pages(query: str, column: str = "text", mode: str = "IN BOOLEAN MODE") -> list[int]:
        statement = f"SELECT page_no FROM v_search WHERE MATCH({column}) AGAINST(:query {mode})"
        with warehouse.connect() as connection:
            return sorted(connection.execute(text(statement), {"query": query}).scalars())

    return find_pages


@pytest.fixture
def functions(warehouse_server: URL) -> Iterator[Engine]:
    """The warehouse as the last test left it, for what only asks functions."""
    with warehouse_engine(warehouse_server) as engine:
        yield engine


def _value(warehouse: Engine, expression: str, **values: object) -> Any:
    with warehouse.connect() as connection:
        return connection.execute(text(f"SELECT {expression}"), values).scalar_one()


def _cjk(warehouse: Engine, query: str) -> str:
    return str(_value(warehouse, "textmill_cjk(:query)", query=query))


# --- words ---------------------------------------------------------------------------------------------


def test_words_are_found_whatever_their_case_and_accents(load: Load, find: Find) -> None:
    load("The Café was closed", "cafeteria", "CAFE", "Die Straße")
    assert find("café") == [1, 3]
    assert find("cafe*") == [1, 2, 3]
    assert find("strasse") == [4]


def test_stop_words_are_words(load: Load, find: Find) -> None:
    load("the who at the harbour", "harbour lights")
    assert find("+the +harbour") == [1]
    assert find('"the who"') == [1]
    assert find("+harbour -the") == [2]


def test_words_can_be_demanded_excluded_and_near_each_other(load: Load, find: Find) -> None:
    load("invoice for the harbour", "invoice paid", "harbour " + "far " * 20 + "invoice")
    assert find("+invoice -paid") == [1, 3]
    assert find('"invoice harbour" @5') == [1]
    assert find('"the harbour"') == [1]
    assert find("+invoice +(paid harbour)") == [1, 2, 3]


def test_the_best_pages_come_first_by_relevance(load: Load, warehouse: Engine) -> None:
    load("bridge " * 5, "a bridge and much else " + "word " * 50, *["nothing"] * 5)
    with warehouse.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT page_no, MATCH(text) AGAINST('bridge') AS score FROM v_search "
                "WHERE MATCH(text) AGAINST('bridge') ORDER BY score DESC"
            )
        ).all()
    assert [row.page_no for row in rows] == [1, 2]
    assert rows[0].score > rows[1].score > 0


@pytest.mark.parametrize("column", ["text", "cjk"])
def test_search_goes_through_the_view_to_the_full_text_index(warehouse: Engine, column: str) -> None:
    with warehouse.connect() as connection:
        plan = connection.execute(
            text(
                "EXPLAIN FORMAT=TRADITIONAL SELECT page_no FROM v_search "
                f"WHERE MATCH({column}) AGAINST('+abc' IN BOOLEAN MODE)"
            )
        ).all()
    assert {row.key for row in plan if row.type == "fulltext"} == {f"ft_page_{column}"}


# --- Chinese, Japanese, Korean -------------------------------------------------------------------------


FOUND = {
    "北京": [1],
    "大学": [1, 2],
    "学大": [],  # in the order in which it was asked for
    "京都": [2],
    "東京": [2, 4, 7],  # over the end of a line, too
    "京": [1, 2, 4, 5, 7],
    "住んで": [2],
    "한국": [3],
    "국어를": [3],
    "서울 공부": [3],
    "東京 -大学": [4, 7],
    '"東 京" 報告': [4],
    "2024年": [4],
    "２０２４年": [4],
    "isbn番号": [4],
    "𠮷野家": [7],
    "letters": [],  # pages without CJK text are not in this index
    "日本人": [],
}
TYPED_BADLY = ["", " ", '"', "-", "+ - *", '"" -""', "(東京)", '-"東', "東*京-", "\\", "'"]


def test_cjk_text_is_found_in_the_middle_of_sentences(warehouse: Engine, load: Load, find: Find) -> None:
    load(*CJK)
    assert {query: find(_cjk(warehouse, query), "cjk") for query in FOUND} == FOUND
    for query in TYPED_BADLY:  # nothing typed breaks a search
        find(_cjk(warehouse, query), "cjk")


def test_loader_and_server_cut_text_into_the_same_pieces(functions: Engine) -> None:
    for word in ["東京", "ひらがな", "カタカナー", "한국어", "𠮷野家", "々〇", "2024年", "ABC漢字", "café語"]:
        sought = re.sub(r'[+"*]', " ", _cjk(functions, word)).split()
        assert set(sought) <= set((cjk_pieces(word) or "").split()), word


def test_text_without_cjk_letters_costs_nothing() -> None:
    assert cjk_pieces("Ünïcödé, Ελληνικά, русский, עברית") is None


# --- the words around a hit ----------------------------------------------------------------------------

STORY = (
    "The harbour committee met on Monday. "
    + "Nothing was said about boats. " * 20
    + "Later, the Café near the footbridge was closed;\nan invoice for 2024 was paid by the harbour master. "
    + "More words follow. " * 20
)


@pytest.mark.parametrize(
    ("query", "hits", "missing"),
    [
        ("harbour", ["The **harbour** committee"], []),
        ("invoice harbour", ["**invoice**", "**harbour** master"], ["committee"]),
        ("+invoice -harbour", ["**invoice**", "harbour master"], ["**harbour**"]),
        ('"invoice for 2024"', ["**invoice for 2024**"], []),
        ('"closed an"', ["**closed; an** invoice"], []),
        ("cafe", ["**Café**"], []),
        ("foot*", ["**footbridge**"], []),
        ("foot", ["The harbour committee"], ["**"]),
        ('"footbridge master" @20', ["**footbridge**", "**master**"], []),
        ("+(>invoice lnvoice) +(footbrldge footbridge)", ["**footbridge**", "**invoice**"], []),
        ("-(invoice harbour) master", ["harbour **master**"], ["**invoice**", "**harbour**"]),
        ("", ["The harbour committee"], ["**"]),
        (')(*&^%$ \\ "', ["The harbour committee"], ["**"]),
    ],
)
def test_a_snippet_shows_the_hits_of_a_search(
    functions: Engine, query: str, hits: Sequence[str], missing: Sequence[str]
) -> None:
    snippet = _value(functions, "textmill_snippet(:story, :query, 120)", story=STORY, query=query)
    assert len(snippet) < 150
    for hit in hits:
        assert hit in snippet
    for one in missing:
        assert one not in snippet


def test_a_snippet_says_where_it_was_cut(functions: Engine) -> None:
    def snippet(content: str | None, query: str | None, width: int = 60) -> str | None:
        found: str | None = _value(functions, "textmill_snippet(:c, :q, :w)", c=content, q=query, w=width)
        return found

    assert snippet("short harbour", "harbour") == "short **harbour**"
    assert snippet("harbour", "harbour") == "**harbour**"
    assert snippet("x" * 500 + " harbour " + "y" * 500, "harbour") == "…**harbour**…"
    assert snippet("one\n\n two\tharbour", "harbour") == "one two **harbour**"
    assert snippet(None, "harbour") is None
    assert snippet("", "harbour") == ""
    assert snippet("some text", None) == "some text"
    assert (snippet("a word " * 100, "zebra") or "").endswith((" a…", " word…"))
    assert snippet("住んでいる東\n京Tower", "東京") == "住んでいる**東 京**Tower"


def test_a_snippet_takes_other_marks_and_leaves_the_text_as_it_is(functions: Engine) -> None:
    marked = _value(
        functions, "textmill_marked_snippet('a <b> & harbour', 'harbour', 80, '<mark>', '</mark>')"
    )
    assert marked == "a <b> & <mark>harbour</mark>"


def test_a_snippet_for_a_web_page_is_escaped(functions: Engine) -> None:
    html = _value(functions, "textmill_html_snippet(:text, 'harbour', 80)", text='<script> & "harbour"')
    assert html == "&lt;script&gt; &amp; &quot;<mark>harbour</mark>&quot;"


def test_a_snippet_of_a_long_text_is_quick(functions: Engine) -> None:
    started = time.perf_counter()
    long = "word " * 200_000 + "harbour " + "word " * 200_000
    assert "**harbour**" in _value(functions, "textmill_snippet(:long, 'harbour zebra', 80)", long=long)
    assert time.perf_counter() - started < 5
