"""The values for Airflow's Helm chart say what it understands, and what the code means."""

from __future__ import annotations

import copy
import json
import re
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from kubernetes_manifests import VALUES, documents, pods, settings_map, values

WAYS = [pytest.param(files, id=way) for way, files in VALUES.items()]


@pytest.fixture(scope="module")
def schema(repository: Path) -> Any:
    text = (repository / "tests" / "support" / "chart_values.schema.json").read_text(encoding="utf-8")
    loaded = json.loads(text)
    jsonschema.Draft202012Validator.check_schema(loaded)
    return loaded


@pytest.mark.parametrize("files", WAYS)
def test_the_chart_knows_every_value(files: tuple[str, ...], schema: Any) -> None:
    jsonschema.validate(values(files), schema)


@pytest.mark.parametrize(
    "path",
    [("scheduler", "replica"), ("workers", "celery", "set"), ("redis", "passwordSecret"), ("excutor",)],
)
def test_a_misspelt_value_is_found(path: tuple[str, ...], schema: Any) -> None:
    wrong = copy.deepcopy(values(VALUES["a pod per batch"]))
    place = wrong
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = 1
    with pytest.raises(jsonschema.ValidationError, match=path[-1]):
        jsonschema.validate(wrong, schema)


def test_a_misspelt_value_of_a_set_of_workers_is_found(schema: Any) -> None:
    wrong = copy.deepcopy(values(VALUES["OCR workers"]))
    wrong["workers"]["celery"]["sets"][1]["queues"] = "ocr"
    with pytest.raises(jsonschema.ValidationError, match="queues"):
        jsonschema.validate(wrong, schema)


def test_the_version_of_airflow_is_the_locked_one() -> None:
    assert values(VALUES["a pod per batch"])["airflowVersion"] == version("apache-airflow")


def _environment(pod: dict[str, Any]) -> dict[str, str]:
    """What a container finds: variables of its own go before those of the config maps."""
    (container,) = pod["spec"]["containers"]
    found: dict[str, str] = {}
    for source in container["envFrom"]:
        found |= settings_map(source["configMapRef"]["name"])
    return found | {entry["name"]: entry["value"] for entry in container.get("env", [])}


@pytest.mark.parametrize("files", WAYS)
def test_the_chart_and_every_process_mean_the_same_executors(files: tuple[str, ...]) -> None:
    executors = values(files)["executor"]
    for name, pod in pods(files).items():
        if name != "init":
            assert _environment(pod)["AIRFLOW__CORE__EXECUTOR"] == executors, name
    environment = _environment(pods(files)["dag-processor"])
    assert environment["TEXTMILL_OCR_EXECUTOR"] in ("", *executors.split(","))


def test_each_queue_of_the_code_has_workers() -> None:
    served = {
        worker_set["name"]: worker_set
        for worker_set in values(VALUES["OCR workers"])["workers"]["celery"]["sets"]
    }
    airflow, textmill = settings_map("textmill-airflow"), settings_map("textmill-settings")
    assert served["light"]["queue"] == airflow["AIRFLOW__OPERATORS__DEFAULT_QUEUE"]
    assert served["ocr"]["queue"] == textmill["TEXTMILL_OCR_QUEUE"]
    for worker_set in served.values():
        arguments = worker_set["args"]
        assert arguments[arguments.index("--queues") + 1] == worker_set["queue"]
        assert worker_set["livenessProbe"]["command"][-2:] == ["worker", worker_set["queue"]]


def test_the_light_workers_are_the_same_in_both_files() -> None:
    per_pod, by_workers = (
        values(VALUES[way])["workers"]["celery"]["sets"][0] for way in ("a pod per batch", "OCR workers")
    )
    assert per_pod == by_workers


def test_there_are_readers_for_all_slots() -> None:
    (ocr,) = (s for s in values(VALUES["OCR workers"])["workers"]["celery"]["sets"] if s["name"] == "ocr")
    concurrency = int(ocr["args"][ocr["args"].index("--concurrency") + 1])
    assert ocr["replicas"] * concurrency == int(settings_map("textmill-settings")["TEXTMILL_OCR_SLOTS"])


@pytest.mark.parametrize("files", WAYS)
def test_services_are_started_and_asked_for_their_health_by_names_that_the_image_knows(
    files: tuple[str, ...],
) -> None:
    start = pytest.importorskip("containers.start", reason="the image's programs are not in this checkout")
    for name, pod in pods(files).items():
        (container,) = pod["spec"]["containers"]
        if arguments := container.get("args"):
            if name == "init":
                assert arguments == ["python", "-m", "containers.init"]
                continue
            assert arguments[:3] == ["python", "-m", "containers.start"]
            assert arguments[3] in start.NEEDS
            probe = container.get("livenessProbe", {}).get("exec", {}).get("command")
            if probe:
                assert probe[:4] == ["python", "-m", "containers.health", arguments[3]]


def test_the_built_in_variables_with_secrets_are_all_off() -> None:
    assert set(values(VALUES["a pod per batch"])["enableBuiltInSecretEnvVars"].values()) == {False}


def test_redis_keeps_the_password_under_the_name_that_the_chart_asks_for() -> None:
    secret = values(VALUES["a pod per batch"])["redis"]["passwordSecretName"]
    examples = {
        example["metadata"]["name"]: example["stringData"] for example in documents("secrets.example.yaml")
    }
    assert "password" in examples[secret]


def test_the_generated_secrets_are_those_of_the_example() -> None:
    generator = pytest.importorskip(
        "containers.secrets", reason="the image's programs are not in this checkout"
    )
    names = {
        "metadata": "textmill-metadata",
        "airflow": "textmill-airflow-keys",
        "broker": "textmill-broker",
        "warehouse": "textmill-warehouse",
        "ui": "textmill-ui",
    }
    examples = {
        secret["metadata"]["name"]: secret["stringData"] for secret in documents("secrets.example.yaml")
    }
    with tempfile.TemporaryDirectory() as folder:
        generator.generate(Path(folder))
        for audience, name in names.items():
            made = {
                file.name: file.read_text(encoding="utf-8") for file in (Path(folder) / audience).iterdir()
            }
            assert examples[name].keys() <= made.keys()
            # What is an address has the same form, but for the password in it.
            for key, example in examples[name].items():
                if "://" in example:
                    assert re.sub(r":[^:@/]+@", ":REPLACE@", made[key]) == example
