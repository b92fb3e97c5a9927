"""How the benchmark of queries reads files and documents, and what it complains about."""

from __future__ import annotations

from pathlib import Path

from bench.query_timing import Query, Step, Timing, queries_of_document, queries_of_folder, statements


def test_a_file_is_split_at_semicolons_outside_of_strings_and_comments() -> None:
    sql = """
        -- What; is this?
        SET @a = 'x;y';
        /* no; end */ SELECT `c;d`, "it's" FROM t WHERE u LIKE '%\\'; --';
    """
    assert list(statements(sql)) == [
        "SET @a = 'x;y'",
        "SELECT `c;d`, \"it's\" FROM t WHERE u LIKE '%\\'; --'",
    ]


def test_queries_are_named_after_their_file(tmp_path: Path) -> None:
    (tmp_path / "b.sql").write_text("SELECT 1", encoding="utf-8")
    (tmp_path / "a.sql").write_text("SET @x = 1; SELECT @x;", encoding="utf-8")
    assert queries_of_folder(tmp_path) == [
        Query("a, 1", "SET @x = 1"),
        Query("a, 2", "SELECT @x"),
        Query("b", "SELECT 1"),
    ]


def test_queries_of_a_document_are_read_as_the_shell_does(tmp_path: Path) -> None:
    document = tmp_path / "views.md"
    document.write_text(
        "```sh\necho \"SELECT \\`change\\`\n      FROM t WHERE a = 'b'\" | RAW=1 make -s sql > x\n```\n",
        encoding="utf-8",
    )
    (query,) = queries_of_document(document)
    assert query == Query("views.md 1", "SELECT `change`\n      FROM t WHERE a = 'b'")


class TestComplaints:
    @staticmethod
    def of(statement: str, seconds: float, *steps: Step) -> list[str]:
        return Timing(Query("q", statement), (seconds,) * 5, 1, steps).complaints

    def test_a_quick_query_that_uses_an_index_is_good(self) -> None:
        assert self.of("SELECT 1", 0.1, Step("p", "range", "ix", 900_000)) == []

    def test_reading_all_of_a_big_table_or_index_is_not(self) -> None:
        assert self.of("SELECT 1", 0.1, Step("p", "ALL", "", 160_000)) == ["reads all of p"]
        assert self.of("SELECT 1", 0.1, Step("p", "index", "ix", 160_000)) == [
            "reads the whole index ix of p"
        ]
        assert self.of("SELECT 1", 0.1, Step("<derived2>", "ALL", "", 160_000)) == []
        assert self.of("SELECT 1", 0.1, Step("r", "ALL", "", 365), Step("p", "index", "ix", 20)) == []

    def test_a_search_may_take_longer_than_other_queries(self) -> None:
        assert self.of("SELECT 1", 0.3) == ["takes 0.30 s, more than 0.2 s"]
        assert self.of("SELECT 1 FROM p WHERE MATCH(text) AGAINST('a')", 0.3) == []
