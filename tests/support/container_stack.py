"""Textmill's own compose file, started under a name of a test's own and looked at as its users do."""

from __future__ import annotations

import re
import shutil
import socket
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from container_engine import ContainerEngine
from container_project import Project, wait_for
from sqlalchemy import URL, Engine

from stack.airflow_api import AirflowApi
from stack.paths import REPOSITORY
from textmill.warehouse.connection import warehouse_engine

COMPOSE_FILE = "docker-compose.yaml"
FIRST_PORT = 18500
HEALTHY_SECONDS = 420.0

API_SERVER, WAREHOUSE, INIT = "api-server", "warehouse", "init"
WORKER, OCR_WORKER = "worker", "ocr-worker"
LOGS = "/opt/airflow/logs"
MEDIA = "/media"

_PAGE_LINE = re.compile(r"file://(\S+) page (\d+) of (?:\d+|\?): \d+ characters")


class ContainerStack(Project):
    """The whole stack, with a way in for tests: Airflow's REST API, and the loader's of the warehouse."""

    def api(self) -> AirflowApi:
        """A client of Airflow's REST API."""
        password = self.exec(self.container(API_SERVER), "cat", "/run/secrets/ui/admin_password")
        return AirflowApi(f"http://127.0.0.1:{self.settings['TEXTMILL_UI_PORT']}", password.strip())

    @contextmanager
    def warehouse(self) -> Iterator[Engine]:
        """The warehouse, by the port that is there for analysts."""
        password = self.exec(self.container(WAREHOUSE), "cat", "/run/secrets/warehouse/loader_password")
        url = URL.create(
            "mysql+mysqldb",
            username="textmill",
            password=password.strip(),
            host="127.0.0.1",
            port=int(self.settings["WAREHOUSE_PORT"]),
            database="textmill",
            query={"charset": "utf8mb4"},
        )
        with warehouse_engine(url) as engine:
            yield engine

    def run_init(self) -> None:
        """Let everything be set up once more, and wait for the end of it."""
        container = self.container(INIT)
        began = self.state(container)["StartedAt"]
        self.start(container)

        def has_ended() -> bool:
            state = self.state(container)
            return state["StartedAt"] != began and state["Status"] == "exited"

        wait_for(has_ended, HEALTHY_SECONDS, "init ends")
        assert self.state(container)["ExitCode"] == 0

    def hostnames(self, service: str) -> dict[str, str]:
        """Containers of a service by the host names that they gave themselves."""
        return {self.engine.inspect(ident)["Config"]["Hostname"]: ident for ident in self.services()[service]}

    def pages_in_logs(self, container: str, folder: Path) -> Counter[tuple[str, int]]:
        """How often each page was read, by the logs of tasks that a container has; it may have been killed.

        Args:
            folder: an empty one, to copy the logs to.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.engine.run("cp", f"{container}:{LOGS}", str(folder))
        read: Counter[tuple[str, int]] = Counter()
        for log in folder.rglob("*.log"):
            lines = _PAGE_LINE.findall(log.read_text(errors="replace"))
            read.update((Path(path).name, int(page)) for path, page in lines)
        return read


@contextmanager
def container_stack(
    engine: ContainerEngine,
    name: str,
    folder: Path,
    settings: Mapping[str, str],
    *changes: Path,
) -> Iterator[ContainerStack]:
    """A stack of which nothing is started yet, in an empty folder with the repository's compose file.

    All of it is removed at the end, and at the beginning what a killed test left under this name.

    Args:
        changes: further compose files, which change the repository's own.
    """
    shutil.copy2(REPOSITORY / COMPOSE_FILE, folder)
    (folder / "deploy" / "config").mkdir(parents=True)
    for file in changes:
        shutil.copy2(file, folder)
    ports = {name: str(port) for name, port in zip(_PORTS, _free_ports(FIRST_PORT), strict=False)}
    files = [COMPOSE_FILE, *(file.name for file in changes)]
    stack = ContainerStack(engine, name, folder, files, {**settings, **ports})
    stack.remove()
    try:
        yield stack
    finally:
        stack.remove()


_PORTS = ("TEXTMILL_UI_PORT", "WAREHOUSE_PORT", "TEST_S3_PORT")


def _free_ports(first: int) -> Iterator[int]:
    for port in range(first, first + 90):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        yield port
