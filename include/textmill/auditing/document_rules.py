"""Rules on documents: the text that searches go by is that of the pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlalchemy import Connection, text

from textmill.auditing.rule import Audited, Finding, SqlRule

_REBUILD = (
    "Delete the medium's row of the table document. If the medium has pages, then read its file again with "
    "reread = everything: loading puts the document together anew, and leaves the pages as they are."
)

RULES = (
    SqlRule(
        "document_pages",
        _REBUILD,
        """
        SELECT c.media_id AS subject, c.pages AS pages, COALESCE(d.pages, 'no') AS counted
        FROM (SELECT media_id, COUNT(*) AS pages FROM page GROUP BY media_id) AS c
        LEFT JOIN document AS d ON d.media_id = c.media_id
        WHERE d.media_id IS NULL OR d.pages <> c.pages
        UNION ALL
        SELECT d.media_id, 0, d.pages FROM document AS d
        WHERE NOT EXISTS (SELECT 1 FROM page AS p WHERE p.media_id = d.media_id)
        """,
        "Medium {subject} (media_id) has {pages} pages, but its document has {counted}.",
    ),
)

_AT_ONCE = 2000
_MOST_BYTES = 4_000_000
"""Longer texts are compared by their length alone: a server joins no more than its packets hold."""

# By SHA-2, since MySQL 9.7 has no MD5() any more. It knows no escape for a form feed either, and takes only a
# literal as a separator.
_QUERY = text(
    f"""
    SELECT d.media_id AS media_id
    FROM document AS d
    JOIN (
        SELECT p.media_id, SUM(LENGTH(p.text)) + COUNT(*) - 1 AS bytes,
            SHA2(GROUP_CONCAT(p.text ORDER BY p.page_no SEPARATOR '{chr(12)}'), 256) AS digest
        FROM page AS p WHERE p.media_id > :after AND p.media_id <= :upto GROUP BY p.media_id
    ) AS t ON t.media_id = d.media_id
    WHERE LENGTH(d.text) <> t.bytes OR (t.bytes <= :most AND SHA2(d.text, 256) <> t.digest)
    """  # noqa: S608  # nothing in it comes from outside
)


class DocumentText:
    """The text of a document is that of its pages, with form feeds between them.

    Asked for a range of media at a time: the server holds the texts of one medium, and no statement is long.
    """

    remedies: Mapping[str, str] = {"document_text": _REBUILD}

    def look(self, audited: Audited) -> Iterator[Finding]:
        """Yield documents that say something else than their pages."""
        with audited.warehouse.connect() as connection:
            before = connection.execute(text("SELECT @@SESSION.group_concat_max_len")).scalar_one()
            connection.execute(text(f"SET SESSION group_concat_max_len = {_MOST_BYTES + 1}"))
            try:
                for media_id in _differing(connection):
                    yield Finding(
                        "document_text",
                        str(media_id),
                        f"The document of medium {media_id} (media_id) does not have the text of its pages.",
                    )
            finally:
                connection.execute(text(f"SET SESSION group_concat_max_len = {int(before)}"))


def _differing(connection: Connection) -> Iterator[int]:
    last = connection.execute(text("SELECT COALESCE(MAX(media_id), 0) FROM document")).scalar_one()
    connection.commit()
    for after in range(0, last, _AT_ONCE):
        upto = after + _AT_ONCE
        yield from (
            connection.execute(_QUERY, {"after": after, "upto": upto, "most": _MOST_BYTES}).scalars().all()
        )
        connection.commit()
