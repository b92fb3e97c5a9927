"""What `deploy/kubernetes` makes of a cluster: manifests, the chart's values, and the pods that follow."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parents[2] / "deploy" / "kubernetes"
RELEASE = "textmill"
POD_TEMPLATES = ("ocr-pod-cpu.yaml", "ocr-pod-gpu.yaml")
VALUES: dict[str, tuple[str, ...]] = {
    "a pod per batch": ("values.yaml",),
    "OCR workers": ("values.yaml", "values-ocr-workers.yaml"),
    "PostgreSQL of the chart": ("values.yaml", "values-own-postgres.yaml"),
}
"""Sets of files that are given to Helm together."""

_SERVERS = {
    "apiServer": "api-server",
    "scheduler": "scheduler",
    "dagProcessor": "dag-processor",
    "triggerer": "triggerer",
}
"""Sections of the values, and the chart's label `component` of what it makes of each."""


def documents(name: str) -> list[dict[str, Any]]:
    """Return the documents of a file."""
    return [
        document for document in yaml.safe_load_all((FOLDER / name).read_text(encoding="utf-8")) if document
    ]


@cache
def _values(files: tuple[str, ...]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for name in files:
        (document,) = documents(name)
        merged = _merged(merged, document)
    return merged


def values(files: tuple[str, ...]) -> dict[str, Any]:
    """Return the values that Helm makes of several files: objects are merged, lists are replaced."""
    return _values(files)


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for name, value in over.items():
        mine = result.get(name)
        result[name] = _merged(mine, value) if isinstance(mine, dict) and isinstance(value, dict) else value
    return result


def kustomized() -> list[dict[str, Any]]:
    """Return the objects that `kubectl apply -k` sends, but for what it makes of files."""
    (kustomization,) = documents("kustomization.yaml")
    return [document for name in kustomization["resources"] for document in documents(name)]


def manifests() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every object of every file that is sent to Kubernetes, with the file's name."""
    for path in sorted(FOLDER.glob("*.yaml")):
        if not path.name.startswith(("values", "kustomization")):
            for document in documents(path.name):
                yield path.name, document


def pods(files: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """Return every pod that runs our image, by a name. The chart's are put together as it does."""
    chart = values(files)
    made = {
        component: _chart_pod(chart, chart[section], component, {}) for section, component in _SERVERS.items()
    }
    for worker_set in chart["workers"]["celery"]["sets"]:
        name = worker_set["name"]
        made[f"worker-{name}"] = _chart_pod(chart, worker_set, "worker", {"worker-set": name})
    if chart["executor"] != "CeleryExecutor":
        for name in POD_TEMPLATES:
            (made[name.removesuffix(".yaml")],) = documents(name)
    (job,) = documents("init-job.yaml")
    template = job["spec"]["template"]
    made["init"] = {
        "apiVersion": "v1",
        "kind": "Pod",
        **template,
        "metadata": {**template["metadata"], "name": "init"},
    }
    return made


def redis_pod(files: tuple[str, ...]) -> dict[str, Any]:
    """Return the chart's Redis, which runs another image and takes none of the common settings."""
    chart = values(files)
    image = chart["images"]["redis"]
    redis = chart["redis"]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "redis", "labels": _labels("redis")},
        "spec": {
            "securityContext": redis["securityContexts"]["pod"],
            "containers": [
                {
                    "name": "redis",
                    "image": f"{image['repository']}:{image['tag']}",
                    "securityContext": redis["securityContexts"]["container"],
                    "resources": redis["resources"],
                }
            ],
        },
    }


def _labels(component: str) -> dict[str, str]:
    return {"tier": "airflow", "component": component, "release": RELEASE}


def _chart_pod(
    chart: dict[str, Any], section: dict[str, Any], component: str, labels: dict[str, str]
) -> dict[str, Any]:
    image = chart["images"]["airflow"]
    container = {
        "name": component,
        "image": f"{image['repository']}:{image['tag']}",
        "imagePullPolicy": image["pullPolicy"],
        "args": section["args"],
        "envFrom": yaml.safe_load(chart["extraEnvFrom"]),
        "env": yaml.safe_load(chart.get("extraEnv", "[]")) + section["env"],
        "resources": section["resources"],
        "securityContext": chart["securityContexts"]["containers"],
        "volumeMounts": [
            *chart["volumeMounts"],
            *section["extraVolumeMounts"],
            {"name": "logs", "mountPath": "/opt/airflow/logs"},
            {
                "name": "config",
                "mountPath": "/opt/airflow/airflow.cfg",
                "subPath": "airflow.cfg",
                "readOnly": True,
            },
        ],
    }
    for kind in ("livenessProbe", "startupProbe"):
        probe = dict(section.get(kind, {}))
        if command := probe.pop("command", None):
            probe.pop("enabled", None)
            container[kind] = {**probe, "exec": {"command": command}}
    if hooks := section.get("containerLifecycleHooks"):
        container["lifecycle"] = hooks
    spec = {
        "containers": [container],
        "securityContext": chart["securityContexts"]["pod"],
        "enableServiceLinks": chart["enableServiceLinks"],
        "tolerations": section.get("tolerations", []),
        "volumes": [
            *chart["volumes"],
            *section["extraVolumes"],
            {"name": "logs", "emptyDir": {}},
            {"name": "config", "configMap": {"name": f"{RELEASE}-config"}},
        ],
    }
    if "terminationGracePeriodSeconds" in section:
        spec["terminationGracePeriodSeconds"] = section["terminationGracePeriodSeconds"]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": component, "labels": {**_labels(component), **labels}},
        "spec": spec,
    }


def settings_map(name: str) -> dict[str, str]:
    """Return the data of one of the two config maps in `settings.yaml`."""
    return next(
        document["data"] for document in documents("settings.yaml") if document["metadata"]["name"] == name
    )
