"""Airflow's KubernetesExecutor makes pods of the templates, and finds out by the DAG which."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
from airflow.providers.cncf.kubernetes.executors.kubernetes_executor_utils import get_base_pod_from_template
from airflow.providers.cncf.kubernetes.kube_config import KubeConfig
from airflow.providers.cncf.kubernetes.pod_generator import PodGenerator
from kubernetes.client import ApiClient
from kubernetes_manifests import FOLDER, POD_TEMPLATES, VALUES, documents, pods, settings_map

COMMAND = ["python", "-m", "airflow.sdk.execution_time.execute_workload", "--json-string", "{}"]


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables of a scheduler in the cluster, with the chart's choice of an image in its airflow.cfg."""
    for name, value in (settings_map("textmill-airflow") | settings_map("textmill-settings")).items():
        monkeypatch.setenv(name, value)


def _pod(template: str) -> Any:
    """The pod for a batch, as the executor's scheduler builds it."""
    kube_config = KubeConfig()
    return PodGenerator.construct_pod(
        namespace=kube_config.executor_namespace,
        scheduler_job_id="7",
        pod_id="media-ingest-batch-ocr-abc",
        dag_id="media_ingest",
        task_id="batch.ocr",
        kube_image=kube_config.kube_image,
        try_number=1,
        map_index=3,
        date=None,
        run_id="manual__2026-11-24",
        args=COMMAND,
        pod_override_object=PodGenerator.from_obj({"pod_template_file": template}),
        base_worker_pod=get_base_pod_from_template(str(FOLDER / template), kube_config),
        with_mutation_hook=True,
    )


@pytest.mark.usefixtures("deployed")
@pytest.mark.parametrize("name", POD_TEMPLATES)
def test_the_executor_makes_a_pod_of_each_template_and_keeps_what_it_says(name: str) -> None:
    (template,) = documents(name)
    made = ApiClient().sanitize_for_serialization(_pod(name))
    kubernetes_validate.validate(made, "1.37", strict=True)
    (container,), (wanted,) = made["spec"]["containers"], template["spec"]["containers"]
    assert container["args"] == COMMAND
    assert "command" not in container, "the entry point of the image is to run"
    for part in ("image", "envFrom", "lifecycle", "resources", "securityContext", "volumeMounts"):
        assert container[part] == wanted[part], part
    for part in (
        "securityContext",
        "terminationGracePeriodSeconds",
        "restartPolicy",
        "automountServiceAccountToken",
    ):
        assert made["spec"][part] == template["spec"][part], part
    assert made["metadata"]["namespace"] == "textmill"
    # Budgets and policies select by these; Airflow finds its pods by labels of its own.
    assert template["metadata"]["labels"].items() <= made["metadata"]["labels"].items()


def test_a_pod_without_a_gpu_asks_for_none() -> None:
    (without,), (with_one,) = documents("ocr-pod-cpu.yaml"), documents("ocr-pod-gpu.yaml")
    gpus = [
        pod["spec"]["containers"][0]["resources"]["limits"].get("nvidia.com/gpu")
        for pod in (without, with_one)
    ]
    assert gpus == [None, "1"]
    assert {toleration["key"] for toleration in with_one["spec"]["tolerations"]} == {"nvidia.com/gpu"}


_PROGRAM = """
import json
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(FILE)
task = bag.dags["media_ingest"].get_task("batch.ocr") if "media_ingest" in bag.dags else None
print(json.dumps({
    "errors": {path: error.splitlines()[-1] for path, error in bag.import_errors.items()},
    "executor": task and task.executor, "queue": task and task.queue, "pool": task and task.pool,
    "executor_config": task and task.executor_config,
}))
"""


@pytest.mark.parametrize("way", ["a pod per batch", "OCR workers"])
def test_the_dag_sends_batches_where_the_values_say(way: str, repository: Path, tmp_path: Path) -> None:
    """Parsed as in the cluster: the executors must be known to whoever parses it, and that is every pod."""
    (container,) = pods(VALUES[way])["dag-processor"]["spec"]["containers"]
    environment = {
        **os.environ,
        **settings_map("textmill-airflow"),
        **settings_map("textmill-settings"),
        **{e["name"]: e["value"] for e in container["env"] if not e["name"].endswith("_CMD")},
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__LOGGING__REMOTE_LOGGING": "False",
        "PYTHONPATH": f"{repository / 'include'}:{repository / 'plugins'}",
    }
    program = _PROGRAM.replace("FILE", repr(str(repository / "dags" / "media_ingest.py")))
    answer = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    seen = json.loads(answer.stdout.splitlines()[-1])
    assert seen["errors"] == {}
    assert seen["queue"] == "ocr"
    assert seen["pool"] == "ocr_gpu"
    if way == "a pod per batch":
        assert seen["executor"] == "KubernetesExecutor"
        assert seen["executor_config"] == {"pod_template_file": "/etc/textmill-pods/ocr-pod-cpu.yaml"}
    else:
        assert seen["executor"] is None
