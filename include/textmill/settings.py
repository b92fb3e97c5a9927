"""Every knob of the core, typed and documented, in one place.

Each setting can be given as an environment variable: `TEXTMILL_` plus the name in capitals, for example
`TEXTMILL_MAX_PIXELS=80000000`. Both environments (Airflow and the OCR runtime) read the same variables.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

Positive = Annotated[int, Field(gt=0)]
PositiveSeconds = Annotated[float, Field(gt=0)]


class Settings(BaseSettings):
    """What a deployment may change. Values are read once per process; unknown names are ignored."""

    model_config = SettingsConfigDict(env_prefix="TEXTMILL_", frozen=True, extra="ignore")

    # --- places -------------------------------------------------------------------------------------
    staging_dir: Path = Field(
        Path(".textmill/staging"), description="Folder for the files between two stages."
    )
    models_dir: Path = Field(Path(".textmill/models"), description="Folder with one folder per OCR model.")
    ocr_python: Path = Field(Path(".venv/ocr/bin/python"), description="Interpreter of the OCR runtime.")
    ocr_pythonpath: str = Field(
        "",
        description="Folders, separated by colons, from which the OCR runtime may import engines of yours.",
    )
    default_source: str = Field("samples", description="Folder that the nightly run ingests.")

    # --- planning -----------------------------------------------------------------------------------
    ocr_slots: Positive = Field(2, description="OCR processes at once; the size of the pool `ocr_gpu`.")
    batch_seconds: PositiveSeconds = Field(
        180.0, description="Estimated OCR seconds per batch. Below a minute, start-up costs dominate."
    )
    max_batches: Positive = Field(
        200, description="Most batches per run. Airflow refuses more than 1,024 mapped tasks."
    )
    seconds_per_page: PositiveSeconds = Field(1.0, description="Assumed OCR seconds per page and slot.")
    bytes_per_pdf_page: Positive = Field(
        60_000, description="Assumed size of a PDF page, to guess a page count without opening the file."
    )

    # --- limits on untrusted input -------------------------------------------------------------------
    max_file_bytes: Positive = Field(2 * 1024**3, description="Largest file that is read.")
    max_pages: Positive = Field(10_000, description="Most pages of one medium.")
    max_pixels: Positive = Field(
        100_000_000, description="Most pixels of an image. An A3 page at 600 dpi has 70 million."
    )
    page_pixel_budget: Positive = Field(
        40_000_000, description="PDF pages that would be larger than this are rasterised at a lower DPI."
    )
    page_timeout_seconds: PositiveSeconds = Field(
        300.0, description="A page that takes longer than this is given up; the OCR process is restarted."
    )
    page_attempts: Positive = Field(
        2, description="How often a page may take the OCR process down before it goes to quarantine."
    )
    stable_seconds: Annotated[float, Field(ge=0)] = Field(
        2.0, description="A file modified less than this ago may still be being written: next run."
    )

    # --- OCR ------------------------------------------------------------------------------------------
    detection_side: Positive = Field(
        1440, description="Pages are scaled down to this long side (pixels) to find lines, not to read them."
    )
    cpu_threads: Positive = Field(1, description="Threads per OCR process.")
    worker_memory_mb: Positive = Field(
        6144, description="Address space an OCR process may use on top of its start-up size, in MiB."
    )

    # --- bookkeeping ----------------------------------------------------------------------------------
    claim_hours: PositiveSeconds = Field(
        12.0, description="After this long, a medium claimed by a run that never ended may be read again."
    )
    retention_days: Positive = Field(
        14, description="How long the staging files of an ended run are kept before a later run removes them."
    )


def load() -> Settings:
    """Read the settings from the environment. Raises pydantic.ValidationError naming the bad variable."""
    return Settings()
