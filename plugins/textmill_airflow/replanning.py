"""What Airflow needs of a run that is cleared and planned anew."""

from __future__ import annotations

from textmill.records import BatchItem, ReadingProfile
from textmill.staging import RunArea, write_records, write_text


def batches_before(run: RunArea) -> int:
    """Return how many batches an earlier plan of the run made.

    Noted apart from the batches: planning removes these first, and may fail or be killed after it.
    """
    try:
        return int(run.batch_count.read_text(encoding="ascii"))
    except FileNotFoundError:
        return 0


def keep_as_many(run: RunArea, batch_uris: list[str]) -> list[str]:
    """Add batches without items until there are as many as before.

    Airflow (3.3) takes the tasks of a batch that is not there any more away from the run, and does not give
    them back when a later plan has that batch again: it would be planned and never read. A batch without
    items passes all its tasks quickly.
    """
    for batch_no in range(len(batch_uris), batches_before(run)):
        area = run.batch(batch_no)
        write_records(area.items, [], BatchItem)
        write_text(area.profile, ReadingProfile().model_dump_json())
        batch_uris.append(area.uri)
    write_text(run.batch_count, str(len(batch_uris)))
    return batch_uris
