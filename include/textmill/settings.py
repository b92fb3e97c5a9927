"""Every knob of the core, typed and documented, in one place.

Each setting can be given as an environment variable: `TEXTMILL_` plus the name in capitals, for example
`TEXTMILL_MAX_PIXELS=80000000`. Both environments (Airflow and the OCR runtime) read the same variables.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from textmill.errors import SettingsError

Positive = Annotated[int, Field(gt=0)]
PositiveSeconds = Annotated[float, Field(gt=0)]
PositiveNumber = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Days = Annotated[int, Field(ge=0)]
"""0 means for ever."""


class Settings(BaseSettings):
    """What a deployment may change. Values are read once per process; unknown names are ignored."""

    model_config = SettingsConfigDict(env_prefix="TEXTMILL_", frozen=True, extra="ignore")

    # --- places -------------------------------------------------------------------------------------
    staging_dir: Path = Field(
        Path(".textmill/staging"), description="Folder for the files between two stages."
    )
    staging_store: str = Field(
        "",
        description="Object store (`s3://bucket/prefix`) for the files between two stages, where machines "
        "share no disk; empty: `staging_dir`. With a store, `staging_dir` only holds what a task works on.",
    )
    staging_connection: str = Field(
        "", description="Airflow connection by which `staging_store` is opened; empty: what the machine has."
    )
    models_dir: Path = Field(Path(".textmill/models"), description="Folder with one folder per OCR model.")
    ocr_python: Path = Field(Path(".venv/ocr/bin/python"), description="Interpreter of the OCR runtime.")
    ocr_pythonpath: str = Field(
        "",
        description="Folders, separated by colons, from which the OCR runtime may import engines of yours.",
    )
    own_engines: str = Field(
        "",
        description="Engines of yours that runs may ask for, too, as `module:factory`, separated by commas.",
    )
    default_source: str = Field(
        "samples", description="Folder that the nightly run ingests while there is no catalogue of sources."
    )
    sources_file: Path = Field(
        Path("sources.yaml"), description="Catalogue of sources; without this file, `default_source` is all."
    )
    inbox: str = Field(
        "", description="Folder in which new files start a run at once; empty for none. See docs/events.md."
    )

    # --- planning -----------------------------------------------------------------------------------
    ocr_slots: Positive = Field(2, description="OCR processes at once; the size of the pool `ocr_gpu`.")
    batch_seconds: PositiveSeconds = Field(
        180.0, description="Estimated OCR seconds per batch. Below a minute, start-up costs dominate."
    )
    max_batches: Positive = Field(
        200, description="Most batches per run. Airflow refuses more than 1,024 mapped tasks."
    )
    seconds_per_page: PositiveSeconds = Field(
        1.5, description="Assumed OCR seconds per page and slot, until earlier runs tell."
    )
    part_seconds: PositiveSeconds = Field(
        900.0, description="A medium estimated to take longer than this is read in parts."
    )
    bytes_per_pdf_page: Positive = Field(
        60_000, description="Assumed size of a PDF page, to guess a page count without opening the file."
    )

    # --- fetching -----------------------------------------------------------------------------------
    requests_at_once: Positive = Field(32, description="Downloads at once in one batch.")
    requests_per_host: Positive = Field(8, description="Requests at once to one host in one batch.")
    connect_seconds: PositiveSeconds = Field(10.0, description="Longest wait for a connection to a host.")
    read_seconds: PositiveSeconds = Field(30.0, description="Longest silence of a server while it answers.")
    download_seconds: PositiveSeconds = Field(1800.0, description="Longest time for one URL, with all tries.")
    download_attempts: Positive = Field(5, description="Tries of a URL that fails in a way that may pass.")
    retry_after_seconds: PositiveSeconds = Field(
        120.0,
        description="Longest wait that a server may ask for (`Retry-After`); more is left for later.",
    )
    most_redirects: Annotated[int, Field(ge=0)] = Field(10, description="Redirects that are followed.")
    max_manifest_bytes: Positive = Field(2 * 1024**3, description="Largest manifest that is read.")
    max_malformed_lines: Positive = Field(
        1000, description="A manifest with more malformed lines than this is refused as a whole."
    )
    retry_hours: PositiveSeconds = Field(
        20.0,
        description="What failed twice waits this long, then twice as long after each further failure.",
    )
    retry_most_days: PositiveSeconds = Field(30.0, description="Longest wait between two tries.")

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

    max_text_bytes: Positive = Field(
        64 * 1024**2,
        description="Largest text, RTF or HTML file that is read. The database's `max_allowed_packet` must "
        "be more than twice as much.",
    )
    max_video_seconds: PositiveSeconds = Field(6 * 3600.0, description="Longest video that is read.")
    archive_max_depth: Positive = Field(
        2, description="How deep archives in archives are opened: 1 opens those that lie in an archive."
    )
    archive_max_entries: Positive = Field(
        10_000, description="Most members of one archive, with those of all archives in it."
    )
    archive_max_ratio: PositiveNumber = Field(
        200.0,
        description="Most bytes that a byte of an archive may unpack to, beyond 16 MiB: more is a bomb.",
    )
    archive_max_bytes: Positive = Field(
        8 * 1024**3, description="Most bytes to which one archive, with all archives in it, may unpack."
    )

    # --- documents ------------------------------------------------------------------------------------
    pdf_passwords_file: Path | None = Field(
        None,
        description="File with one candidate password a line, tried on documents that need one. "
        "Keep it readable for the account of Airflow only.",
    )

    # --- OCR ------------------------------------------------------------------------------------------
    device: str = Field("auto", description="Where models run: `auto`, `cpu`, `gpu` or one GPU (`gpu:1`).")
    gpu_memory_mb: Positive = Field(
        2048, description="Free memory that a GPU must have to be chosen by `auto`, in MiB."
    )
    large_model_memory_mb: Positive = Field(
        8192, description="Free memory of a GPU from which on the large models are chosen, in MiB."
    )
    detection_model: str = Field(
        "auto", description="Name of PaddleOCR's model that finds lines; `auto` goes by the device."
    )
    recognition_model: str = Field(
        "auto", description="Name of PaddleOCR's model that reads lines; `auto` goes by the device."
    )
    tesseract_psm: Annotated[int, Field(ge=0, le=13)] = Field(
        3, description="Tesseract's page segmentation mode."
    )
    tesseract_oem: Annotated[int, Field(ge=0, le=3)] = Field(1, description="Tesseract's engine mode.")
    trocr_model: str = Field(
        "microsoft/trocr-base-printed",
        description="Folder of a TrOCR model, or its name on the hub (needs `make setup-trocr`).",
    )
    trocr_beams: Annotated[int, Field(ge=1, le=10)] = Field(
        1, description="Readings of a line that TrOCR follows at once. 1 is fastest and mostly as good."
    )
    second_opinion_below: Annotated[float, Field(ge=0, le=1)] = Field(
        0.8, description="Lines less certain than this are read again by another engine or at another scale."
    )
    detection_side: Positive = Field(
        1100,
        description="To find lines, not to read them, pages are scaled to the area of an A4 page with this "
        "long side, in pixels; pages of tiny print to more.",
    )
    cpu_threads: Positive = Field(1, description="Threads per OCR process.")
    cpu_runtime: str = Field(
        "auto",
        description="What computes the networks on a CPU: `openvino`, `onnxruntime`, or `auto` for what was "
        "measured to be best (`make tune`).",
    )
    cpu_precision: str = Field(
        "auto",
        description="In what numbers: `fp32`, `bf16`, `int8`, or `auto` for the fastest that reads as well. "
        "Another choice is another fingerprint.",
    )
    tuning_file: Path | None = Field(
        None, description="Where the measurement of this machine is kept; else in the models folder."
    )
    worker_memory_mb: Positive = Field(
        6144, description="Address space an OCR process may use on top of its start-up size, in MiB."
    )

    # --- several machines -----------------------------------------------------------------------------
    ocr_queue: str = Field("ocr", description="Queue of the executor in which OCR tasks wait for a worker.")
    ocr_executor: str = Field(
        "",
        description="Executor of OCR tasks where Airflow has several, for example `KubernetesExecutor`; "
        "empty: the first one.",
    )
    ocr_pod_template: Path | None = Field(
        None, description="Template of the pods in which Airflow's KubernetesExecutor runs OCR tasks."
    )
    checkpoint_seconds: PositiveSeconds = Field(
        5.0,
        description="With `staging_store`, the longest time for which a finished page is known only to the "
        "machine that read it, and a download to that which made it.",
    )
    drain_file: Path | None = Field(
        None,
        description="While this file is there, OCR tasks of this machine end after the page at hand and go "
        "on elsewhere. Workers that are told to stop make it.",
    )
    drain_seconds: PositiveSeconds = Field(
        90.0,
        description="How long an OCR task of such a machine waits for the page at hand; then the page is "
        "left, and read again elsewhere. Whoever stops workers has to give them 30 s more than this.",
    )

    # --- quality gate ---------------------------------------------------------------------------------
    # Each check that measures compares a figure from 0 (good) to 1 with two settings: above the first, the
    # page is loaded and flagged, above the second it is quarantined. 1 switches a check off. How the defaults
    # were found: docs/quality-accuracy.md.
    quality_blank_ink: Share = Field(
        0.002, description="Pages with no more ink than this may be blank; others must have text."
    )
    quality_longest_text: Positive = Field(1_000_000, description="Most characters that a page may have.")
    quality_low_confidence_warning: Share = Field(
        0.6, description="Flag a page above this share of text that is, by its confidence, likely wrong."
    )
    quality_low_confidence_quarantine: Share = Field(0.85, description="Quarantine it above this.")
    quality_symbol_soup_warning: Share = Field(
        0.2, description="Flag a page above this share of characters outside of words and numbers."
    )
    quality_symbol_soup_quarantine: Share = Field(
        0.5,
        description="Quarantine it above this.",
    )
    quality_improbable_text_warning: Share = Field(
        0.25, description="Flag a page above this share of the letters that form no words."
    )
    quality_improbable_text_quarantine: Share = Field(0.65, description="Quarantine it above this.")
    quality_turned_page_warning: Share = Field(
        0.6,
        description="Flag a page above this certainty that it was read sideways or upside down.",
    )
    quality_turned_page_quarantine: Share = Field(
        0.8,
        description="Quarantine it above this.",
    )
    quality_wrong_script_warning: Share = Field(
        0.3,
        description="Flag a page above this share of letters in scripts that were not asked for.",
    )
    quality_wrong_script_quarantine: Share = Field(
        1.0,
        description="Quarantine it above this.",
    )
    quality_text_off_page_warning: Share = Field(
        0.05, description="Flag a page above this share of the text outlined outside of the page."
    )
    quality_text_off_page_quarantine: Share = Field(0.5, description="Quarantine it above this.")
    quality_text_cut_off_warning: Share = Field(
        0.1, description="Flag a page above this share of the lines that run into the left or right edge."
    )
    quality_text_cut_off_quarantine: Share = Field(
        1.0,
        description="Quarantine it above this.",
    )
    quality_repeated_text_warning: Share = Field(
        0.3, description="Flag a page above this share of the other pages of the medium with the same text."
    )
    quality_repeated_text_quarantine: Share = Field(
        0.8,
        description="Quarantine it above this.",
    )
    quality_mojibake_warning: Share = Field(
        0.01, description="Flag a page above this share of the words decoded with the wrong encoding."
    )
    quality_mojibake_quarantine: Share = Field(
        0.1,
        description="Quarantine it above this.",
    )
    quality_batch_share: Share = Field(
        0.5, description="A batch fails when a larger share of its pages is quarantined by the gate."
    )
    quality_batch_pages: Positive = Field(
        20, description="Batches with fewer pages than this do not fail for that."
    )
    quality_batch_good_pages: Literal["load", "hold"] = Field(
        "load",
        description="What becomes of the good pages of a batch that fails: `load` them, or `hold` them until "
        "the batch is cleared.",
    )
    data_docs: str = Field(
        "",
        description="Folder or object store (`s3://…`) for the reports of the quality gate; empty: "
        "`data_docs` in the staging area.",
    )
    data_docs_connection: str = Field(
        "",
        description="Airflow connection with the credentials for `data_docs` in an object store; empty: what "
        "the machine has, and for the staging area `staging_connection`.",
    )

    # --- exports --------------------------------------------------------------------------------------
    exports: str = Field(
        ".textmill/exports",
        description="Folder or object store (`s3://…`) for exports by the day. See docs/exports.md.",
    )
    exports_connection: str = Field(
        "", description="Airflow connection by which that object store is written; empty for none."
    )
    export_after_runs: bool = Field(
        False, description="Export the days that changed whenever a run of `media_ingest` has loaded text."
    )

    # --- bookkeeping ----------------------------------------------------------------------------------
    claim_hours: PositiveSeconds = Field(
        12.0, description="After this long, a medium claimed by a run that never ended may be read again."
    )
    retention_days: Days = Field(
        14, description="Days for which the staging files of a run that ended are kept; 0: for ever."
    )
    retention_content_days: Days = Field(
        7, description="Days for which a fetched copy is kept that nothing needs any more; 0: for ever."
    )
    retention_run_days: Days = Field(
        365, description="Days for which the books of a run are kept that nothing refers to; 0: for ever."
    )
    retention_quarantine_days: Days = Field(
        180, description="Days for which closed entries of the quarantine are kept; 0: for ever."
    )
    retention_data_docs_days: Days = Field(
        90, description="Days for which the quality gate's reports of a run are kept; 0: for ever."
    )
    retention_audit_days: Days = Field(
        90, description="Days for which the findings of an audit are kept, but for the latest; 0: for ever."
    )
    retention_torn_days: Days = Field(
        1, description="Days after which half a file that nobody writes to is removed; 0: never."
    )

    def pdf_passwords(self) -> tuple[str, ...]:
        """Read the candidate passwords. Never log what this returns.

        Raises:
            SettingsError: the file cannot be read.
        """
        if self.pdf_passwords_file is None:
            return ()
        try:
            lines = self.pdf_passwords_file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(
                f"The passwords in {self.pdf_passwords_file} (TEXTMILL_PDF_PASSWORDS_FILE) cannot be read: "
                f"{error.strerror if isinstance(error, OSError) else 'it is not UTF-8'}."
            ) from None
        return tuple(line for line in lines if line)


def load() -> Settings:
    """Read the settings from the environment. Raises pydantic.ValidationError naming the bad variable."""
    return Settings()
