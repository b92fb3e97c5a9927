"""The pools in which tasks wait for a place: one table for every way of deploying.

Airflow keeps pools in its metadata, the DAG files name them. What bounds OCR processes and what bounds
writers must not depend on whether Airflow runs on one machine or on twenty.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Pool:
    """How many tasks may be in a pool at once, and what its places stand for."""

    slots: int
    description: str


def pools(*, ocr_slots: int, others: int) -> dict[str, Pool]:
    """Return every pool by its name; each task of ours runs in one of them.

    Args:
        ocr_slots: OCR processes at once, on all machines together.
        others: tasks at once that have no pool of their own.
    """
    return {
        "default_pool": Pool(others, "Everything without a pool of its own"),
        # More than are read at once would only keep the first ones from being read.
        "fetch": Pool(min(4, max(2, ocr_slots)), "Downloads and hashing"),
        "ocr_gpu": Pool(ocr_slots, "OCR processes: one a GPU, without GPUs one a core"),
        "mysql": Pool(2, "Loads into the warehouse"),
        "export": Pool(1, "Exports out of the warehouse"),
    }
