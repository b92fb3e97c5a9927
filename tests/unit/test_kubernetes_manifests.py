"""The manifests for Kubernetes are what its API takes, hardened, and agree with code and each other."""

from __future__ import annotations

import re
from itertools import product
from typing import Any

import kubernetes_validate
import pytest
import yaml
from kubernetes.utils.quantity import parse_quantity
from kubernetes_manifests import (
    FOLDER,
    POD_TEMPLATES,
    VALUES,
    documents,
    kustomized,
    manifests,
    pods,
    redis_pod,
    settings_map,
)
from network_reach import pod_reaches_address, pod_reaches_pod, selects

from textmill.settings import Settings

OLDEST, NEWEST = "1.30", "1.37"
"""What chart 1.22 asks for at least, and the newest whose schemas there are."""

MANIFESTS = [
    pytest.param(document, id=f"{name}-{document['metadata']['name']}") for name, document in manifests()
]
PODS = [
    pytest.param(pod, id=f"{way}: {name}")
    for way, files in VALUES.items()
    for name, pod in pods(files).items()
]
BOTH_WAYS = (*VALUES["a pod per batch"],), (*VALUES["OCR workers"],)
PAGE_SECONDS = Settings.model_fields["drain_seconds"].default
PUBLISHING_SECONDS = 30
"""What the rest of a checkpoint may take to reach the object store, with room."""
AIRFLOW_MIB = 2048
"""What the task beside its reader may take, with what lies in memory-backed volumes."""


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
@pytest.mark.parametrize("manifest", MANIFESTS)
def test_kubernetes_takes_every_manifest(manifest: dict[str, Any], version: str) -> None:
    kubernetes_validate.validate(manifest, version, strict=True)


@pytest.mark.parametrize("pod", PODS)
def test_kubernetes_takes_every_pod_that_the_chart_makes_of_the_values(pod: dict[str, Any]) -> None:
    kubernetes_validate.validate(pod, NEWEST, strict=True)


def test_the_validator_finds_a_misspelt_name() -> None:
    (pod,) = documents("ocr-pod-cpu.yaml")
    pod["spec"]["automountServiceAccountTokn"] = False
    with pytest.raises(kubernetes_validate.ValidationError, match="automountServiceAccountTokn"):
        kubernetes_validate.validate(pod, NEWEST, strict=True)


@pytest.mark.parametrize("pod", [*PODS, pytest.param(redis_pod(VALUES["a pod per batch"]), id="redis")])
def test_every_container_is_hardened(pod: dict[str, Any]) -> None:
    of_pod = pod["spec"]["securityContext"]
    assert of_pod["runAsNonRoot"] is True
    assert of_pod["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in pod["spec"]["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert "memory" in container["resources"]["limits"]
        assert re.fullmatch(r"[\w.-]+(/[\w.-]+)*:(?!latest$)[\w.-]+", container["image"])


@pytest.mark.parametrize("pod", PODS)
def test_our_image_may_write_where_it_has_to(pod: dict[str, Any]) -> None:
    (container,) = pod["spec"]["containers"]
    volumes = {volume["name"]: volume for volume in pod["spec"]["volumes"]}
    mounted = {
        mount["mountPath"]: volumes[mount["name"]]
        for mount in container["volumeMounts"]
        if not mount.get("readOnly")
    }
    wanted = {"/opt/airflow", "/tmp", "/run/textmill"}
    if pod["metadata"]["labels"]["component"] != "init":
        wanted |= {"/var/lib/textmill/staging"}
    assert wanted <= mounted.keys()
    assert all("emptyDir" in volume for volume in mounted.values())
    assert pod["spec"]["securityContext"]["runAsGroup"] == pod["spec"]["securityContext"]["fsGroup"] == 0


@pytest.mark.parametrize("pod", PODS)
def test_secrets_are_files_that_are_there_and_no_variable_holds_one(pod: dict[str, Any]) -> None:
    (container,) = pod["spec"]["containers"]
    examples = {
        secret["metadata"]["name"]: secret["stringData"] for secret in documents("secrets.example.yaml")
    }
    volumes = {volume["name"]: volume for volume in pod["spec"]["volumes"]}
    mounted = {
        mount["mountPath"]: examples[volumes[mount["name"]]["secret"]["secretName"]]
        for mount in container["volumeMounts"]
        if "secret" in volumes[mount["name"]]
    }
    commands = {
        entry["name"]: entry["value"] for entry in container.get("env", []) if entry["name"].endswith("_CMD")
    }
    for command in commands.values():
        folder, name = re.fullmatch(r"cat (/run/secrets/\w+)/(\w+)", command).groups()  # type: ignore[union-attr]
        assert name in mounted[folder]
    assert all("valueFrom" not in entry for entry in container.get("env", []))
    assert all("secretRef" not in source for source in container["envFrom"])


@pytest.mark.parametrize(
    ("name", "secrets"),
    [
        ("worker-light", {"textmill-broker"}),
        ("worker-ocr", {"textmill-broker"}),
        ("ocr-pod-cpu", set()),
        ("ocr-pod-gpu", set()),
        ("scheduler", {"textmill-metadata", "textmill-airflow-keys", "textmill-broker"}),
        (
            "init",
            {"textmill-metadata", "textmill-airflow-keys", "textmill-warehouse", "textmill-connections"},
        ),
    ],
)
def test_no_pod_sees_more_secrets_than_it_needs(name: str, secrets: set[str]) -> None:
    pod = {**pods(BOTH_WAYS[0]), **pods(BOTH_WAYS[1])}[name]
    volumes = pod["spec"]["volumes"]
    assert {volume["secret"]["secretName"] for volume in volumes if "secret" in volume} == secrets


def test_the_example_holds_no_secret() -> None:
    for secret in documents("secrets.example.yaml"):
        for value in secret["stringData"].values():
            assert "REPLACE" in value
    assert [document for document in kustomized() if document["kind"] == "Secret"] == []


# --- settings --------------------------------------------------------------------------------------------


def _variables(files: tuple[str, ...]) -> set[str]:
    names = {name for config in ("textmill-settings", "textmill-airflow") for name in settings_map(config)}
    for pod in pods(files).values():
        for container in pod["spec"]["containers"]:
            names |= {entry["name"] for entry in container.get("env", [])}
    return names


@pytest.mark.parametrize("files", BOTH_WAYS)
def test_every_textmill_variable_is_a_setting(files: tuple[str, ...]) -> None:
    known = {f"TEXTMILL_{name.upper()}" for name in Settings.model_fields}
    assert {name for name in _variables(files) if name.startswith("TEXTMILL_")} - known == set()


@pytest.mark.parametrize("files", BOTH_WAYS)
def test_every_airflow_variable_is_an_option(files: tuple[str, ...]) -> None:
    from airflow.configuration import conf

    known = {
        f"AIRFLOW__{section}__{option}".upper()
        for section, described in conf.configuration_description.items()
        for option in described["options"]
    }
    by_command = {
        f"AIRFLOW__{section}__{option}_CMD".upper() for section, option in conf.sensitive_config_values
    }
    rest = {name for name in _variables(files) if name.startswith("AIRFLOW")} - known - by_command
    # Sections of this kind are handed on to the broker's client, whose options Airflow does not list.
    assert {
        name for name in rest if not name.startswith("AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__")
    } == set()


def test_the_settings_are_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in settings_map("textmill-settings").items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert settings.staging_store.startswith("s3://")
    assert settings.exports.startswith("s3://")
    (connections,) = (
        yaml.safe_load(secret["stringData"]["connections.json"])
        for secret in documents("secrets.example.yaml")
        if secret["metadata"]["name"] == "textmill-connections"
    )
    assert {settings.staging_connection, settings.exports_connection} <= connections.keys()
    assert settings_map("textmill-airflow")["AIRFLOW__LOGGING__REMOTE_LOG_CONN_ID"] in connections


def test_the_models_are_those_in_the_image(repository: Any) -> None:
    text = (repository / "include" / "textmill" / "engines" / "models.py").read_text(encoding="utf-8")
    detection, recognition = (
        re.search(rf'^{name} = "(.+)"$', text, re.MULTILINE).group(1)  # type: ignore[union-attr]
        for name in ("DETECTION", "RECOGNITION")
    )
    settings = settings_map("textmill-settings")
    assert settings["TEXTMILL_DETECTION_MODEL"] == detection
    assert settings["TEXTMILL_RECOGNITION_MODEL"] == recognition


# --- draining --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", POD_TEMPLATES)
def test_a_pod_that_is_evicted_has_time_for_the_page_at_hand(name: str) -> None:
    (pod,) = documents(name)
    (container,) = pod["spec"]["containers"]
    shell, option, script = container["lifecycle"]["preStop"]["exec"]["command"]
    assert (shell, option) == ("sh", "-c")
    waits = int(re.fullmatch(r'touch "\$TEXTMILL_DRAIN_FILE" && exec sleep (\d+)', script).group(1))  # type: ignore[union-attr]
    assert PAGE_SECONDS + PUBLISHING_SECONDS <= waits < pod["spec"]["terminationGracePeriodSeconds"]


def test_a_worker_that_is_evicted_has_time_for_the_page_at_hand() -> None:
    pod = pods(VALUES["OCR workers"])["worker-ocr"]
    (container,) = pod["spec"]["containers"]
    assert container["lifecycle"]["preStop"]["exec"]["command"][-1] == 'touch "$TEXTMILL_DRAIN_FILE"'
    assert pod["spec"]["terminationGracePeriodSeconds"] >= PAGE_SECONDS + PUBLISHING_SECONDS


def test_a_reader_ends_by_its_own_limit_before_the_pod_is_killed() -> None:
    """A pod that is killed is a try of the whole batch; a reader that ends is a page in quarantine."""
    reader = Settings.model_fields["worker_memory_mb"].default
    assert all(_memory_mib(documents(name)[0]) >= reader + AIRFLOW_MIB for name in POD_TEMPLATES)
    worker = pods(VALUES["OCR workers"])["worker-ocr"]
    arguments = worker["spec"]["containers"][0]["args"]
    at_once = int(arguments[arguments.index("--concurrency") + 1])
    assert _memory_mib(worker) >= at_once * (reader + AIRFLOW_MIB)


def _memory_mib(pod: dict[str, Any]) -> int:
    (container,) = pod["spec"]["containers"]
    return int(parse_quantity(container["resources"]["limits"]["memory"]) / 1024**2)


def test_the_drain_file_lies_where_the_pod_may_write() -> None:
    drain_file = settings_map("textmill-settings")["TEXTMILL_DRAIN_FILE"]
    assert drain_file.rpartition("/")[0] == "/run/textmill"


def test_budgets_select_pods_that_there_are() -> None:
    labels = [pod["metadata"]["labels"] for files in BOTH_WAYS for pod in pods(files).values()]
    for budget in documents("pod-disruption-budgets.yaml"):
        spec = budget["spec"]
        taken_in = [pod for pod in labels if selects(spec["selector"], pod)]
        assert taken_in, budget["metadata"]["name"]
        if any(pod["component"] == "ocr" for pod in taken_in):
            # Of pods without a controller, Kubernetes does not know how many there should be.
            assert isinstance(spec["minAvailable"], int)
            assert "maxUnavailable" not in spec


# --- network ---------------------------------------------------------------------------------------------

NETWORK = {
    **{name: pod["metadata"]["labels"] for files in BOTH_WAYS for name, pod in pods(files).items()},
    "redis": redis_pod(BOTH_WAYS[0])["metadata"]["labels"],
}
POSTGRES, WAREHOUSE, OBJECTS, KUBERNETES = "192.0.2.11", "192.0.2.12", "192.0.2.13", "192.0.2.14"
PORTS = (22, 53, 80, 443, 3306, 5432, 6379, 6443, 8080, 8793, 8794, 9000)
TASKS = {"worker-light", "worker-ocr", "ocr-pod-cpu", "ocr-pod-gpu"}


def test_nobody_talks_to_anybody_unless_it_is_said() -> None:
    assert {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]} in [
        policy["spec"] for policy in documents("network-policies.yaml")
    ]


def test_pods_reach_each_other_exactly_where_they_have_to() -> None:
    policies = documents("network-policies.yaml")
    reached = {
        (source, target, port)
        for source, target, port in product(NETWORK, NETWORK, PORTS)
        if pod_reaches_pod(policies, NETWORK[source], NETWORK[target], port)
    }
    assert reached == {(task, "api-server", 8080) for task in TASKS} | {
        (name, "redis", 6379) for name in ("scheduler", "worker-light", "worker-ocr")
    }


@pytest.mark.parametrize(
    ("address", "ports", "who"),
    [
        (POSTGRES, {5432}, {"api-server", "scheduler", "dag-processor", "triggerer", "init"}),
        (WAREHOUSE, {3306}, {*TASKS, "init"}),
        (OBJECTS, {443, 9000}, {*TASKS, "api-server", "triggerer"}),
        (KUBERNETES, {443, 6443}, {"api-server", "scheduler"}),
    ],
)
def test_servers_are_reached_by_who_needs_them(address: str, ports: set[int], who: set[str]) -> None:
    # The workers that fetch reach all public addresses; those of the documentation network are among them.
    policies = [
        policy
        for policy in documents("network-policies.yaml")
        if policy["metadata"]["name"] != "textmill-fetch-to-internet"
    ]
    reached = {
        (name, port)
        for name, port in product(NETWORK, PORTS)
        if pod_reaches_address(policies, NETWORK[name], address, port)
    }
    assert reached == set(product(who, ports))


@pytest.mark.parametrize(
    ("address", "who"),
    [
        ("1.1.1.1", {"worker-light"}),
        ("2606:4700::1111", {"worker-light"}),
        *(
            (private, set())
            for private in ("10.1.2.3", "172.20.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.9")
        ),
        *((private, set()) for private in ("127.0.0.1", "fd00::1", "fe80::1", "::1", "::ffff:10.0.0.1")),
    ],
)
def test_only_who_fetches_reaches_the_internet_and_nobody_private_networks(
    address: str, who: set[str]
) -> None:
    policies = documents("network-policies.yaml")
    assert {name for name in NETWORK if pod_reaches_address(policies, NETWORK[name], address, 443)} == who


@pytest.mark.parametrize("name", ["network-policies.yaml", "network-policy-own-postgres.yaml"])
def test_every_policy_speaks_for_pods_that_there_are(name: str) -> None:
    of_the_database = {"app.kubernetes.io/name": "postgresql", "app.kubernetes.io/instance": "textmill"}
    known = [*NETWORK.values(), of_the_database]
    for policy in documents(name):
        spec = policy["spec"]
        rules = [*spec.get("ingress", []), *spec.get("egress", [])]
        peers = [peer for rule in rules for peer in rule.get("from", rule.get("to", []))]
        inside = [
            peer["podSelector"] for peer in peers if "podSelector" in peer and "namespaceSelector" not in peer
        ]
        for selector in [spec["podSelector"], *inside]:
            assert any(selects(selector, labels) for labels in known), policy["metadata"]["name"]


# --- files -----------------------------------------------------------------------------------------------


def test_the_kustomization_names_files_that_there_are() -> None:
    (kustomization,) = documents("kustomization.yaml")
    (generated,) = kustomization["configMapGenerator"]
    assert sorted(generated["files"]) == sorted(POD_TEMPLATES)
    for name in [*kustomization["resources"], *generated["files"]]:
        assert (FOLDER / name).exists()
    namespaced = {document["metadata"].get("namespace") for document in kustomized()}
    assert namespaced == {None}
    assert [d["metadata"]["name"] for d in kustomized() if d["kind"] == "Namespace"] == [
        kustomization["namespace"]
    ]


def test_the_scheduler_reads_the_template_that_the_settings_name() -> None:
    settings = settings_map("textmill-settings")
    scheduler = pods(VALUES["a pod per batch"])["scheduler"]
    (mount,) = (
        mount
        for mount in scheduler["spec"]["containers"][0]["volumeMounts"]
        if mount["name"] == "pod-templates"
    )
    folder, _, name = settings["TEXTMILL_OCR_POD_TEMPLATE"].rpartition("/")
    assert folder == mount["mountPath"]
    assert name in POD_TEMPLATES
    (kustomization,) = documents("kustomization.yaml")
    (volume,) = (volume for volume in scheduler["spec"]["volumes"] if volume["name"] == "pod-templates")
    assert volume["configMap"]["name"] == kustomization["configMapGenerator"][0]["name"]


def test_all_run_one_image() -> None:
    images = {
        name: container["image"]
        for name, pod in pods(VALUES["a pod per batch"]).items()
        for container in pod["spec"]["containers"]
    }
    of_gpu = images.pop("ocr-pod-gpu")
    (image,) = set(images.values())
    assert of_gpu == f"{image}-gpu"
