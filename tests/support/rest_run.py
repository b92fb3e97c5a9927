"""Runs of `media_ingest` as a client sees them that has an address and a password, and nothing else."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from container_project import wait_for

from stack.airflow_api import AirflowApi
from stack.errors import StackError

DAG = "media_ingest"
_DAG_SECONDS = 180.0


@dataclass(frozen=True)
class TaskInstance:
    """A task of a run, at its last attempt."""

    task_id: str
    map_index: int
    state: str | None
    queue: str | None
    hostname: str
    try_number: int


class RestRun:
    """One run of the DAG."""

    def __init__(self, api: AirflowApi, **conf: Any) -> None:
        self._api = api
        wait_for(self._is_known, _DAG_SECONDS, f"Airflow knows the DAG {DAG}")
        if api.dag_is_paused(DAG):
            api.unpause(DAG)
        self.run_id = api.trigger(DAG, conf)
        self._path = f"/api/v2/dags/{DAG}/dagRuns/{quote(self.run_id, safe='')}"

    def wait(self, seconds: float) -> str:
        """Wait for the end and return the state; a server that is being restarted is waited for.

        Raises:
            TimeoutError: the run goes on for longer.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                state = self._api.run_state(DAG, self.run_id)
            except StackError:
                state = "unknown"
            if state in ("success", "failed"):
                return state
            time.sleep(1)
        tasks = [f"  {task}" for task in self.tasks() if task.state != "success"]
        raise TimeoutError("\n".join([f"The run goes on after {seconds:.0f} s:", *tasks]))

    def tasks(self, task_id: str | None = None) -> list[TaskInstance]:
        """Its task instances, or those of one task."""
        answer = self._api._call("GET", f"{self._path}/taskInstances", parameters={"limit": "1000"})
        assert answer is not None
        return [
            TaskInstance(
                item["task_id"],
                int(item["map_index"]),
                item["state"],
                item["queue"],
                item["hostname"] or "",
                int(item["try_number"]),
            )
            for item in answer["task_instances"]
            if task_id in (None, item["task_id"])
        ]

    def tries(self, task_id: str) -> int:
        """How often a task was begun, its mapped instances taken together."""
        return sum(task.try_number for task in self.tasks(task_id))

    def log(self, task: TaskInstance, attempt: int) -> str:
        """What an attempt of a task logged, as the UI shows it."""
        path = f"{self._path}/taskInstances/{task.task_id}/logs/{attempt}"
        parameters = {"map_index": str(task.map_index), "full_content": "true"}
        answer = self._api._call("GET", path, parameters=parameters) or {}
        lines = answer.get("content", [])
        return "\n".join(line if isinstance(line, str) else str(line.get("event", "")) for line in lines)

    def _is_known(self) -> bool:
        try:
            return self._api.dag_is_paused(DAG) is not None
        except StackError:
            return False

    def has_ended(self) -> bool:
        """Whether it is through; false while nobody answers."""
        try:
            return self._api.run_state(DAG, self.run_id) in ("success", "failed")
        except StackError:
            return False

    def states(self, task_id: str) -> set[str | None]:
        """The states of the mapped instances of a task."""
        return {task.state for task in self.tasks(task_id)}
