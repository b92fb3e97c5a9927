"""A compose project of a test's own: everything in it is started, looked at and removed by its label."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from container_engine import ContainerEngine, EngineFailed, run_to_end

_LABEL = "com.docker.compose.project"
_SERVICE = "com.docker.compose.service"
_COMPOSE_SECONDS = 300.0
_LOOK_SECONDS = 1.0


class Project:
    """The services of some compose files under a name of their own.

    Args:
        folder: where the compose files lie, with the `.env` beside them.
        files: names of compose files, the main one first, then those that change it.
        settings: what stands in `.env`; written here.
    """

    def __init__(
        self,
        engine: ContainerEngine,
        name: str,
        folder: Path,
        files: Sequence[str],
        settings: Mapping[str, str],
    ) -> None:
        self.engine = engine
        self.name = name
        self.folder = folder
        self.settings = dict(settings)
        (folder / ".env").write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
        self._command = [*engine.compose, "-p", name, *(word for file in files for word in ("-f", file))]

    def compose(self, *arguments: str, seconds: float = _COMPOSE_SECONDS) -> str:
        """Run a command of compose on this project."""
        # What a shell exports goes before the file.
        command = [*self._command, *arguments]
        return run_to_end(command, seconds=seconds, environment=self.settings, folder=self.folder)

    def up(self, *arguments: str) -> None:
        """Create and start what is not there."""
        self.compose("up", "-d", *arguments)

    def create(self, *arguments: str) -> None:
        """Create all containers and start none."""
        self.compose("up", "--no-start", "--no-deps", *arguments)

    def remove(self) -> None:
        """Remove containers, volumes and networks of this project, and nothing else."""
        containers = self.engine.ids(f"{_LABEL}={self.name}")
        running = [ident for ident in containers if self.state(ident)["Status"] == "running"]
        if running:
            self.engine.run("kill", *running)  # They may take minutes to end by themselves.
        if containers:
            self.engine.run("rm", "-f", "-v", *containers, seconds=_COMPOSE_SECONDS)
        self.compose("down", "-v")
        for kind in ("volume", "network"):
            for found in self.engine.run(kind, "ls", "-q", "--filter", f"label={_LABEL}={self.name}").split():
                self.engine.run(kind, "rm", found)

    def services(self) -> dict[str, list[str]]:
        """Containers by service, in whatever state; those of a scaled service by their names."""
        found: dict[str, list[tuple[str, str]]] = {}
        for ident in self.engine.ids(f"{_LABEL}={self.name}"):
            seen = self.engine.inspect(ident)
            service = seen["Config"]["Labels"].get(_SERVICE)
            if service:
                found.setdefault(service, []).append((seen["Name"], ident))
        return {service: [ident for _, ident in sorted(pairs)] for service, pairs in sorted(found.items())}

    def container(self, service: str, index: int = 0) -> str:
        """The container of a service."""
        return self.services()[service][index]

    def start(self, container: str) -> None:
        """Start a container that was created or has ended."""
        self.engine.run("start", container)

    def kill(self, container: str) -> None:
        """End a container as a machine does that loses its power."""
        self.engine.run("kill", "--signal", "KILL", container)

    def stop(self, container: str, seconds: int) -> float:
        """Send SIGTERM and wait, at most this long, for the end; returns the seconds that it took."""
        began = time.monotonic()
        self.engine.run("stop", "-t", str(seconds), container, seconds=seconds + 60)
        return time.monotonic() - began

    def exec(self, container: str, *command: str, stdin: str | None = None) -> str:
        """Run a program in a container and return what it printed."""
        interactive = ["-i"] if stdin is not None else []
        return self.engine.run("exec", *interactive, container, *command, stdin=stdin)

    def state(self, container: str) -> dict[str, Any]:
        """The engine's `State` of a container."""
        state: dict[str, Any] = self.engine.inspect(container)["State"]
        return state

    def unhealthy(self, *, but: Sequence[str] = ()) -> dict[str, str]:
        """Containers that are not as they should be by their names, each with what is wrong.

        A service is well when its own health check says so; one without, when it runs, and one that is to
        be done once, when it has ended well. Health checks are run here, since not every engine times them.

        Args:
            but: containers that are not looked at.
        """
        names = {
            self.engine.inspect(container)["Name"].lstrip("/"): container
            for containers in self.services().values()
            for container in containers
            if container not in but
        }
        return {name: problem for name in names if (problem := self._problem(name))}

    def _problem(self, container: str) -> str:
        seen = self.engine.inspect(container)
        state = seen["State"]
        if state["Status"] == "exited" and state["ExitCode"] == 0 and not _is_kept_running(seen):
            return ""
        if state["Status"] != "running":
            return f"is {state['Status']} (exit code {state['ExitCode']})"
        check = seen["Config"].get("Healthcheck")
        if not check or not check.get("Test") or check["Test"][0] == "NONE":
            return "" if _is_kept_running(seen) else "has not ended yet"
        return self._health(container, check["Test"])

    def _health(self, container: str, test: Sequence[str]) -> str:
        command = list(test[1:]) if test[0] == "CMD" else ["/bin/sh", "-c", test[-1]]
        try:
            self.exec(container, *command)
        except EngineFailed as error:
            return f"its health check says: {str(error)[-300:]}"
        return ""

    def wait_until_healthy(self, seconds: float, *, but: Sequence[str] = ()) -> float:
        """Wait until every service is well; returns how long that took.

        Raises:
            TimeoutError: it takes longer; the message says what is wrong with which service.
        """
        began = time.monotonic()
        # Whoever is well is not asked again and again: each question starts a program.
        left = self.unhealthy(but=but)
        while left or (left := self.unhealthy(but=but)):
            if time.monotonic() - began > seconds:
                said = "\n".join(f"  {container}: {problem}" for container, problem in left.items())
                raise TimeoutError(f"The project {self.name} is not healthy after {seconds:.0f} s:\n{said}")
            time.sleep(_LOOK_SECONDS)
            left = {name: problem for name in left if (problem := self._problem(name))}
        return time.monotonic() - began

    def memory_watch(self) -> MemoryWatch:
        """What tells the memory of the services that run now."""
        running = {
            container: service
            for service, containers in self.services().items()
            for container in containers
            if self.state(container)["Status"] == "running"
        }
        return MemoryWatch(self.engine, running)

    def save_logs(self, folder: Path) -> None:
        """Write what every container said into a file each."""
        folder.mkdir(parents=True, exist_ok=True)
        for service, containers in self.services().items():
            for number, container in enumerate(containers, start=1):
                with (folder / f"{service}-{number}.log").open("w") as file:
                    command = [self.engine.program, "logs", container]
                    subprocess.run(command, stdout=file, stderr=subprocess.STDOUT, timeout=60, check=False)


class MemoryWatch:
    """Asks the engine now and then how much memory services use.

    Args:
        services: names of services by their containers.
    """

    def __init__(self, engine: ContainerEngine, services: Mapping[str, str]) -> None:
        self._engine = engine
        self._services = dict(services)
        self.most: dict[str, float] = {}
        """The most that was seen of each service, in MiB."""

    def look(self) -> dict[str, float]:
        """Memory in use by service, in MiB; the sum of its containers."""
        used: dict[str, float] = {}
        for short, memory in self._engine.memory_mb(list(self._services)).items():
            container = next(container for container in self._services if container.startswith(short))
            service = self._services[container]
            used[service] = used.get(service, 0.0) + memory
        self.most = {service: max(memory, self.most.get(service, 0.0)) for service, memory in used.items()}
        return used


def _is_kept_running(seen: Mapping[str, Any]) -> bool:
    """Whether the engine starts a container again when it ends well; what is done once is not."""
    return seen["HostConfig"]["RestartPolicy"]["Name"] in ("always", "unless-stopped")


def wait_for(condition: Callable[[], Any], seconds: float, what: str) -> Any:
    """Ask again and again until there is an answer; returns it.

    Raises:
        TimeoutError: there is none in time.
    """
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds:.0f} seconds.")
        time.sleep(_LOOK_SECONDS / 2)
    return answer
