"""The few calls of Airflow's REST API that an ingest needs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from stack.airflow_configuration import ADMIN
from stack.errors import StackError

_TRIES = 5


@dataclass(frozen=True)
class FailedTask:
    """A task instance that made a run fail."""

    task_id: str
    map_index: int
    state: str

    @property
    def label(self) -> str:
        """The task as people name it, with its number when it is one of many."""
        return self.task_id if self.map_index < 0 else f"{self.task_id} [{self.map_index}]"


@dataclass(frozen=True)
class Health:
    """What Airflow says about its own parts; a part that never ran has no status."""

    metadatabase: str | None
    scheduler: str | None
    dag_processor: str | None
    triggerer: str | None

    @property
    def is_healthy(self) -> bool:
        """Whether every part that each stack has is well; a triggerer is there only to watch an inbox."""
        return {self.metadatabase, self.scheduler, self.dag_processor} == {"healthy"}


def health(ui_url: str) -> Health | None:
    """Ask for Airflow's health, which needs no login; None while nobody answers."""
    try:
        answer = httpx.get(f"{ui_url}/api/v2/monitor/health", timeout=5, trust_env=False)
        parts = answer.raise_for_status().json()
    except (httpx.HTTPError, ValueError):
        return None
    names = ("metadatabase", "scheduler", "dag_processor", "triggerer")
    return Health(*((parts.get(name) or {}).get("status") for name in names))


def opens_to_tasks(ui_url: str) -> bool:
    """Whether Airflow answers tasks; it builds that part when it is asked first, which takes seconds."""
    try:
        return httpx.get(f"{ui_url}/execution/health", timeout=60, trust_env=False).is_success
    except httpx.HTTPError:
        return False


class AirflowApi:
    """A logged-in client. Calls are repeated when the server is briefly away, as a restart is."""

    def __init__(self, ui_url: str, password: str) -> None:
        self._password = password
        # Proxies of the environment are for the way out, not for the loopback address.
        self._client = httpx.Client(base_url=ui_url, timeout=30, trust_env=False)
        self._token = ""

    def dag_is_paused(self, dag_id: str) -> bool | None:
        """Whether a DAG is paused; None when Airflow does not know it (yet)."""
        answer = self._call("GET", f"/api/v2/dags/{dag_id}", missing_is_fine=True)
        return None if answer is None else bool(answer["is_paused"])

    def unpause(self, dag_id: str) -> None:
        """Let the runs of a DAG begin."""
        self._call(
            "PATCH",
            f"/api/v2/dags/{dag_id}",
            body={"is_paused": False},
            parameters={"update_mask": "is_paused"},
        )

    def import_errors(self) -> list[str]:
        """What keeps DAG files from being read: file name and the last line of the error."""
        answer = self._call("GET", "/api/v2/importErrors") or {}
        return [
            f"{item['filename']}: {(item['stack_trace'] or '').strip().splitlines()[-1:]}"
            for item in answer.get("import_errors", [])
        ]

    def trigger(self, dag_id: str, conf: Mapping[str, Any]) -> str:
        """Start a run and return its id."""
        body = {"logical_date": None, "conf": dict(conf)}
        answer = self._call("POST", f"/api/v2/dags/{dag_id}/dagRuns", body=body, tries=1)
        assert answer is not None
        return str(answer["dag_run_id"])

    def run_state(self, dag_id: str, run_id: str) -> str:
        """queued, running, success or failed."""
        answer = self._call("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")
        assert answer is not None
        return str(answer["state"])

    def failed_tasks(self, dag_id: str, run_id: str) -> list[FailedTask]:
        """The tasks that failed, without those that only could not begin because of them."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances"
        answer = self._call("GET", path, parameters={"state": "failed", "limit": "100"}) or {}
        return [
            FailedTask(item["task_id"], int(item["map_index"]), item["state"])
            for item in answer["task_instances"]
        ]

    def _call(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        parameters: Mapping[str, str] | None = None,
        missing_is_fine: bool = False,
        tries: int = _TRIES,
    ) -> dict[str, Any] | None:
        for attempt in range(1, tries + 1):
            try:
                answer = self._request(method, path, body, parameters)
            except httpx.HTTPError as error:
                if attempt == tries:
                    raise StackError(
                        f"Airflow does not answer ({error}): see `make status` and `make logs`."
                    ) from None
            else:
                if answer.status_code == 404 and missing_is_fine:
                    return None
                if answer.is_success:
                    result: dict[str, Any] = answer.json()
                    return result
                if answer.status_code < 500 or attempt == tries:
                    raise StackError(
                        f"Airflow refused {method} {path}: {answer.status_code} {answer.text[:500]}"
                    )
            time.sleep(min(8, 2 ** (attempt - 1)))
        raise AssertionError("the last attempt returns or raises")

    def _request(
        self, method: str, path: str, body: Mapping[str, Any] | None, parameters: Mapping[str, str] | None
    ) -> httpx.Response:
        for _ in range(2):
            if not self._token:
                self._token = self._log_in()
            headers = {"Authorization": f"Bearer {self._token}"}
            answer = self._client.request(method, path, json=body, params=parameters, headers=headers)
            if answer.status_code != 401:
                break
            # The token is a day old, or the server has new keys.
            self._token = ""
        return answer

    def _log_in(self) -> str:
        answer = self._client.post("/auth/token", json={"username": ADMIN, "password": self._password})
        if answer.status_code == 401:
            raise StackError("Airflow does not accept its generated password: `make stop`, then start again.")
        return str(answer.raise_for_status().json()["access_token"])
