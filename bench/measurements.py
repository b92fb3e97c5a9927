"""What the throughput benchmark measures, as plain records that go into JSON and tables."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Reading:
    """Pages read outside the pipeline, in one or more processes.

    Attributes:
        load_seconds: from the start of the first process until every engine was ready.
        read_seconds: from then until the last page was read.
        opening_seconds: of all processes together, spent on opening media and drawing pages.
        engine_seconds: of all processes together, spent inside the engine.
        peak_memory_mb: the most memory each process held, in MiB.
        versions: of the packages that did it.
    """

    processes: int
    pages: int
    load_seconds: float
    read_seconds: float
    opening_seconds: float
    engine_seconds: float
    peak_memory_mb: list[int]
    versions: dict[str, str]

    @property
    def pages_per_second(self) -> float:
        """Without loading."""
        return self.pages / self.read_seconds

    @property
    def pages_per_second_with_loading(self) -> float:
        """From the start of the first process on."""
        return self.pages / (self.load_seconds + self.read_seconds)


@dataclass(frozen=True)
class MediumTime:
    """How long all pages of one medium took, its opening included."""

    file: str
    pages: int
    seconds: float


@dataclass(frozen=True)
class BatchTimes:
    """Seconds from the start of the DAG run until something happened to a batch.

    Attributes:
        page_seconds: sum of what the single pages took in the OCR process, without loading the engine.
    """

    batch_no: int
    pages: int
    ocr_started: float
    ocr_finished: float
    loaded: float
    page_seconds: float


@dataclass(frozen=True)
class TaskTimes:
    """One task instance: seconds from the start of the DAG run until something happened to it.

    Attributes:
        scheduled: what it depends on was done, and the scheduler had noticed.
        queued: a slot of its pool was free.
    """

    task: str
    map_index: int
    attempts: int
    scheduled: float
    queued: float
    started: float
    ended: float

    @property
    def seconds(self) -> float:
        """How long it ran."""
        return self.ended - self.started

    @property
    def start_seconds(self) -> float:
        """From having a slot until running."""
        return self.started - self.queued


@dataclass(frozen=True)
class WholeRun:
    """A run of the DAG in a real Airflow with its databases.

    Attributes:
        seconds: from the first task's beginning to the books being closed, by the warehouse (`v_run`).
        airflow_seconds: from start to end of the DAG run, by Airflow; includes waiting for the scheduler.
        books_opened: seconds from the start of the DAG run until `seconds` begins to count.
        peak_memory_mb: the most memory each OCR process held, in MiB.
        cpu_seconds: processor time of each service, of the tasks and of the OCR processes.
    """

    slots: int
    pages: int
    media: int
    seconds: float
    airflow_seconds: float
    books_opened: float
    batches: list[BatchTimes]
    tasks: list[TaskTimes]
    peak_memory_mb: list[int]
    cpu_seconds: dict[str, float]
    versions: dict[str, str]

    @property
    def pages_per_second(self) -> float:
        """By the warehouse's clock."""
        return self.pages / self.seconds

    @property
    def airflow_pages_per_second(self) -> float:
        """By Airflow's clock."""
        return self.pages / self.airflow_seconds

    @property
    def ocr_began(self) -> float:
        """Seconds until the first batch began to be read."""
        return min(batch.ocr_started for batch in self.batches)

    @property
    def ocr_ended(self) -> float:
        """Seconds until the last batch was read."""
        return max(batch.ocr_finished for batch in self.batches)

    @property
    def page_seconds(self) -> float:
        """Seconds that all OCR processes together spent on single pages."""
        return sum(batch.page_seconds for batch in self.batches)

    @property
    def loaded(self) -> float:
        """Seconds until the last batch was in the warehouse."""
        return max(batch.loaded for batch in self.batches)


@dataclass(frozen=True)
class Machine:
    """Where it was measured.

    Attributes:
        cores: that this process may use.
    """

    cpu: str
    cores: int
    memory_gb: float
    system: str


@dataclass(frozen=True)
class Throughput:
    """One run of the benchmark.

    Attributes:
        bare: measurements of the bare engine before and after the whole run. The fastest one counts:
            whatever else goes on in a machine can only slow it, and would flatter the whole run.
        stock_media: what stock PaddleOCR took for each distinct medium.
        copies: how often each distinct medium is in the corpus, in the order of `stock_media`.
        others_busy: percent of the machine that other processes used just before each measurement.
    """

    date: str
    machine: Machine
    media: int
    pages: int
    whole: WholeRun
    bare: list[Reading]
    stock: Reading
    stock_media: list[MediumTime]
    copies: list[int]
    others_busy: dict[str, float]

    @property
    def bare_pages_per_second(self) -> float:
        """The fastest measurement, without loading."""
        return max(reading.pages_per_second for reading in self.bare)

    @property
    def bare_pages_per_second_with_loading(self) -> float:
        """The fastest measurement, with loading."""
        return max(reading.pages_per_second_with_loading for reading in self.bare)

    @property
    def stock_seconds(self) -> float:
        """What stock PaddleOCR would take for the whole corpus: each copy as long as its original."""
        times = zip(self.stock_media, self.copies, strict=True)
        return sum(medium.seconds * copies for medium, copies in times)

    @property
    def stock_pages_per_second(self) -> float:
        """Without loading, over the pages of the whole corpus."""
        return self.pages / self.stock_seconds

    @property
    def whole_to_bare(self) -> float:
        """The headline: how much of the bare engine's speed the whole pipeline keeps."""
        return self.whole.pages_per_second / self.bare_pages_per_second

    @property
    def airflow_to_bare(self) -> float:
        """The same by Airflow's clock."""
        return self.whole.airflow_pages_per_second / self.bare_pages_per_second

    @property
    def whole_to_bare_with_loading(self) -> float:
        """The same, when the bare engine has to load its models too."""
        return self.whole.pages_per_second / self.bare_pages_per_second_with_loading

    @property
    def whole_to_stock(self) -> float:
        """How many times faster the whole pipeline is than PaddleOCR as it comes."""
        return self.whole.pages_per_second / self.stock_pages_per_second
