"""What Airflow needs of a run that is cleared and planned anew."""

from __future__ import annotations

from textmill.records import BatchItem, ReadingProfile
from textmill.staging import RunArea, write_records, write_text


def batches_before(run: RunArea) -> int:
    """Return how many batches an earlier plan of the run made; to be asked before it is planned anew."""
    return sum(1 for _ in run.batches.glob("*/"))


def keep_as_many(run: RunArea, batch_uris: list[str], before: int) -> list[str]:
    """Add batches without items until there are as many as `before`.

    Airflow (3.3) takes the tasks of a batch that is not there any more away from the run, and does not give
    them back when a later plan has that batch again: it would be planned and never read. A batch without
    items passes all its tasks quickly.
    """
    for batch_no in range(len(batch_uris), before):
        area = run.batch(batch_no)
        write_records(area.items, [], BatchItem)
        write_text(area.profile, ReadingProfile().model_dump_json())
        batch_uris.append(area.uri)
    return batch_uris
