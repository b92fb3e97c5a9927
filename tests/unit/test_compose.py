"""docker-compose.yaml, .env.example and Dockerfile say what the code knows, and forget nothing."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from stack import mariadb
from stack.accounts import ServerAccount
from stack.airflow_configuration import AirflowSettings, _sections
from stack.paths import Paths
from stack.ports import Ports
from stack.secrets_store import Secrets
from textmill.settings import Settings

REPOSITORY = Path(__file__).parents[2]
COMPOSE_TEXT = (REPOSITORY / "docker-compose.yaml").read_text()
COMPOSE = yaml.safe_load(COMPOSE_TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ENV_EXAMPLE = (REPOSITORY / ".env.example").read_text()
DOCKERFILE = (REPOSITORY / "Dockerfile").read_text()

OTHERS = {"postgres", "redis", "warehouse"}
OURS = set(SERVICES) - OTHERS
ONE_SHOTS = {"secrets", "init"}
SETTINGS = {f"TEXTMILL_{name.upper()}" for name in Settings.model_fields}

INTERPOLATED = re.compile(r"(?<!\$)\$\{([A-Z_]+):-((?:[^{}]|\$\{[^}]*\})*)\}")
EXPLAINED = dict(re.findall(r"^#?([A-Z_]+)=(.*)$", ENV_EXAMPLE, re.MULTILINE))


def variables() -> dict[str, str]:
    """Every ${VARIABLE} of the compose file with its default, also those within the default of another."""
    found: dict[str, str] = {}
    texts = [re.sub(r"^\s*#.*$", "", COMPOSE_TEXT, flags=re.MULTILINE)]
    while texts:
        for name, default in INTERPOLATED.findall(texts.pop()):
            assert found.setdefault(name, default) == default, f"{name} has two defaults"
            texts.append(default)
    return found


def of_other_machines() -> set[str]:
    """The variables that the files for several machines ask for, which have no default."""
    texts = [file.read_text() for file in sorted((REPOSITORY / "deploy").glob("compose.*.yaml"))]
    return {name for text in texts for name in re.findall(r"\$\{([A-Z_]+):\?", text)}


def resolved(text: str) -> str:
    """With all defaults, as compose fills them in where there is no .env."""
    while (filled := INTERPOLATED.sub(lambda match: match[2], text)) != text:
        text = filled
    return text


def environment(service: str) -> dict[str, str]:
    return {name: resolved(str(value)) for name, value in SERVICES[service].get("environment", {}).items()}


def dockerfile_environment() -> dict[str, str]:
    return dict(re.findall(r"\b((?:TEXTMILL|AIRFLOW)_[A-Z_]+)=(\S+)", DOCKERFILE.split("AS final")[1]))


@cache
def airflow_options() -> dict[tuple[str, str], bool]:
    """Every option of Airflow and of its provider for Celery, and whether a command may give it."""
    import airflow
    from airflow.providers.celery.get_provider_info import get_provider_info

    core = yaml.safe_load((Path(airflow.__file__).parent / "config_templates" / "config.yml").read_text())
    return {
        (section, option): bool(described.get("sensitive"))
        for known in (core, get_provider_info()["config"])
        for section, content in known.items()
        for option, described in content["options"].items()
    }


def known_to_airflow(name: str) -> bool:
    section, _, option = name.removeprefix("AIRFLOW__").lower().partition("__")
    options = airflow_options()
    return (section, option) in options or (
        option.endswith("_cmd") and options.get((section, option.removesuffix("_cmd")), False)
    )


# --- names ----------------------------------------------------------------------------------------------


def test_every_setting_in_an_environment_is_one_that_the_code_knows() -> None:
    given = {name for service in SERVICES for name in environment(service)} | set(dockerfile_environment())
    settings = {name for name in given if name.startswith("TEXTMILL_")}
    assert settings
    assert settings <= SETTINGS


def test_every_option_of_airflow_exists_and_only_secrets_come_from_commands() -> None:
    given = {name for service in SERVICES for name in environment(service)} | set(dockerfile_environment())
    options = {name for name in given | set(EXPLAINED) if name.startswith("AIRFLOW__")}
    assert len(options) > 30
    assert {name for name in options if not known_to_airflow(name)} == set()


def test_every_variable_of_the_compose_file_is_explained_with_its_default_and_no_other() -> None:
    used = variables()
    names = {name for name in EXPLAINED if not name.startswith("AIRFLOW__")}
    assert set(used) <= names
    assert names - set(used) - SETTINGS == {"COMPOSE_PROFILES", "COMPOSE_FILE"} | of_other_machines()
    assert {name: EXPLAINED[name] for name in used} == {name: resolved(value) for name, value in used.items()}


def test_settings_that_the_example_explains_have_the_default_of_the_code() -> None:
    for name in set(EXPLAINED) & SETTINGS & set(variables()):
        field = Settings.model_fields[name.removeprefix("TEXTMILL_").lower()]
        assert EXPLAINED[name] == str(field.default), name


def test_services_are_given_all_settings_of_the_env_file_and_need_none() -> None:
    for service in OURS:
        assert SERVICES[service]["env_file"] == [{"path": ".env", "required": False}], service


# --- what must mean the same on one machine and on twenty -----------------------------------------------


def local_sections() -> dict[str, dict[str, str]]:
    settings = AirflowSettings(Paths(REPOSITORY, Path("/state")), Ports(1, 2, 3), 2)
    return _sections(settings, Secrets(*["x"] * 9))


@pytest.mark.parametrize(
    ("section", "option"),
    [
        ("scheduler", "task_instance_heartbeat_timeout"),
        ("dag_processor", "parsing_processes"),
        ("dag_processor", "min_file_process_interval"),
        ("dag_processor", "refresh_interval"),
        ("api", "expose_config"),
        ("api", "instance_name"),
        ("core", "load_examples"),
        ("core", "simple_auth_manager_users"),
        ("logging", "colored_console_log"),
    ],
)
def test_airflow_is_set_as_in_the_local_stack(section: str, option: str) -> None:
    name = f"AIRFLOW__{section}__{option}".upper()
    in_containers = environment("api-server") | dockerfile_environment()
    assert in_containers[name] == local_sections()[section][option]


def test_the_warehouse_is_set_as_in_the_local_stack() -> None:
    local = mariadb.command(Path("/home"), ServerAccount(), 1)
    of_this_machine = (
        "--no-defaults",
        "--datadir",
        "--tmpdir",
        "--port",
        "--bind-address",
        "--socket",
        "--max-connections",
        "--table-open-cache",
        "--innodb-buffer-pool-size",
    )
    wanted = {option for option in local[1:] if not option.startswith(of_this_machine)}
    given = set(SERVICES["warehouse"]["command"])
    assert len(wanted) > 7
    assert wanted <= given
    assert given - wanted == {
        "mysqld",
        "--max-connections=${WAREHOUSE_CONNECTIONS:-200}",
        "--innodb-buffer-pool-size=${WAREHOUSE_BUFFER_POOL:-512M}",
        # MariaDB has no binary log unless told so, MySQL has.
        "--log-bin-trust-function-creators=ON",
    }


def test_workers_take_one_task_per_place_from_the_queues_that_the_dags_name() -> None:
    for service, queue in (("worker", "default"), ("ocr-worker", "ocr"), ("ocr-worker-gpu", "ocr")):
        given = environment(service)
        assert [resolved(word) for word in SERVICES[service]["command"]][-2:] == ["--queues", queue]
        assert [resolved(word) for word in SERVICES[service]["healthcheck"]["test"]][-1] == queue
        assert given["AIRFLOW__CELERY__WORKER_PREFETCH_MULTIPLIER"] == "1"
        assert given["AIRFLOW__CELERY__TASK_ACKS_LATE"] == "True"
    assert environment("worker")["AIRFLOW__OPERATORS__DEFAULT_QUEUE"] == "default"
    assert Settings.model_fields["ocr_queue"].default == "ocr"


def test_an_ocr_worker_that_is_told_to_stop_ends_after_the_page_at_hand_and_has_the_time_for_it() -> None:
    celery = json.loads(environment("ocr-worker")["AIRFLOW__CELERY__EXTRA_CELERY_CONFIG"])
    for module in celery["imports"]:
        assert (REPOSITORY / "plugins" / f"{module.replace('.', '/')}.py").is_file()
    drain_file = Path(environment("ocr-worker")["TEXTMILL_DRAIN_FILE"])
    assert any(entry.startswith(f"{drain_file.parent}:") for entry in SERVICES["ocr-worker"]["tmpfs"])
    grace = resolved(SERVICES["ocr-worker"]["stop_grace_period"])
    assert float(grace.removesuffix("s")) >= Settings.model_fields["drain_seconds"].default + 30


def test_settings_of_which_the_compose_file_makes_something_are_given_to_all_parts_of_airflow() -> None:
    """The shell goes before .env for compose, and is not in .env: workers would wait at another queue."""
    named = set(variables()) & SETTINGS
    assert named == {"TEXTMILL_OCR_QUEUE", "TEXTMILL_OCR_SLOTS"}
    for service in OURS - {"secrets"}:
        given = SERVICES[service]["environment"]
        assert {name: given.get(name) for name in named} == {
            name: f"${{{name}:-{Settings.model_fields[name.removeprefix('TEXTMILL_').lower()].default}}}"
            for name in named
        }


def test_media_are_what_is_read_and_nobody_may_write_to_them() -> None:
    with_media = {
        service: volume
        for service, content in SERVICES.items()
        for volume in content["volumes"]
        if "/media" in volume
    }
    assert set(with_media) == {"worker", "triggerer"}
    assert all(volume.endswith(":/media:ro") for volume in with_media.values())
    assert environment("worker")["TEXTMILL_DEFAULT_SOURCE"] == "/media"


# --- hardening ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("service", sorted(OURS))
def test_our_containers_may_do_nothing_that_they_need_not(service: str) -> None:
    content = SERVICES[service]
    assert content["read_only"] is True
    assert content["cap_drop"] == ["ALL"]
    assert "cap_add" not in content
    assert not content.get("privileged")
    assert content["security_opt"] == ["no-new-privileges"]
    account, group = resolved(content["user"]).split(":")
    assert group == "0"
    # A fresh volume belongs to root: who writes to it is root, has no network, and ends.
    assert account == ("0" if service == "secrets" else "50000")
    assert content.get("network_mode") == ("none" if service == "secrets" else None)


def test_the_broker_is_an_account_of_its_own_from_its_start_and_may_become_no_other() -> None:
    content = SERVICES["redis"]
    assert resolved(content["user"]) == "999:0"
    assert content["read_only"] is True
    assert content["cap_drop"] == ["ALL"]
    assert "cap_add" not in content
    assert content["security_opt"] == ["no-new-privileges"]


@pytest.mark.parametrize("service", sorted(OTHERS - {"redis"}))
def test_databases_may_become_another_account_and_no_more(service: str) -> None:
    content = SERVICES[service]
    assert content["cap_drop"] == ["ALL"]
    assert set(content["cap_add"]) == {"CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"}
    assert content["security_opt"] == ["no-new-privileges"]


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_every_service_is_bounded_and_comes_back(service: str) -> None:
    content = SERVICES[service]
    assert set(content["deploy"]["resources"]["limits"]) == {"cpus", "memory"}
    assert content["restart"] == ("on-failure" if service in ONE_SHOTS else "unless-stopped")
    assert ("healthcheck" in content) == (service not in ONE_SHOTS)
    assert ("stop_grace_period" in content) == (service not in ONE_SHOTS)
    # Each waits by itself: nothing may hang on an order in which somebody starts services.
    assert "depends_on" not in content


# --- secrets --------------------------------------------------------------------------------------------

AUDIENCES = {
    "metadata": {"init", "api-server", "scheduler", "dag-processor", "triggerer", "postgres"},
    "broker": {"scheduler", "worker", "ocr-worker", "ocr-worker-gpu", "redis"},
    "warehouse": {"init", "warehouse"},
    "airflow": {"init", "api-server", "scheduler", "dag-processor", "triggerer"},
    "ui": {"api-server"},
}


@pytest.mark.parametrize("audience", sorted(AUDIENCES))
def test_secrets_are_seen_by_those_who_need_them(audience: str) -> None:
    mounted = {
        service
        for service, content in SERVICES.items()
        if any(f":/run/secrets/{audience}" in volume for volume in content["volumes"])
    }
    assert mounted == {*AUDIENCES[audience], "secrets"}
    for service in AUDIENCES[audience]:
        volumes = [volume for volume in SERVICES[service]["volumes"] if f"/{audience}" in volume]
        assert resolved(volumes[0]) == f"secrets-{audience}:/run/secrets/{audience}:ro"


def test_all_audiences_are_those_for_whom_secrets_are_generated() -> None:
    from containers.secrets import GENERATED

    assert set(GENERATED) == set(AUDIENCES)


def test_no_environment_holds_a_secret() -> None:
    secret = re.compile(r"PASSWORD|SECRET|FERNET|BROKER_URL|RESULT_BACKEND|SQL_ALCHEMY_CONN|TOKEN")
    for service in SERVICES:
        for name, value in environment(service).items():
            if secret.search(name):
                assert name.endswith(("_CMD", "_FILE")), f"{service}: {name}"
                assert value.startswith(("cat /run/secrets/", "/run/secrets/", "/opt/airflow/")), name
            assert "://" not in value or "@" not in value, f"{service}: {name}"


def test_commands_read_files_that_are_generated() -> None:
    from containers.secrets import GENERATED

    forms = {"metadata/url", "broker/url", "broker/results", "broker/redis.conf", "warehouse/client.cnf"}
    generated = {f"{audience}/{name}" for audience, names in GENERATED.items() for name in names} | forms
    named = set(re.findall(r"/run/secrets/([a-z]+/[a-z_.]+)", COMPOSE_TEXT))
    assert named
    assert named <= generated


# --- images and form ------------------------------------------------------------------------------------


def test_images_are_the_official_ones_unless_told_otherwise() -> None:
    images = {service: resolved(SERVICES[service]["image"]) for service in SERVICES}
    assert {images[service] for service in OTHERS} == {"postgres:17", "redis:7", "mysql:8.4"}
    assert {images[service] for service in OURS - {"ocr-worker-gpu"}} == {"localhost/textmill:latest"}
    assert images["ocr-worker-gpu"] == "localhost/textmill:gpu"
    for service in SERVICES:
        assert re.match(r"\$\{[A-Z_]+_IMAGE:-", SERVICES[service]["image"]), service


def test_a_gpu_is_reserved_in_a_profile_of_its_own() -> None:
    gpu = SERVICES["ocr-worker-gpu"]
    assert gpu["profiles"] == ["gpu"]
    (device,) = gpu["deploy"]["resources"]["reservations"]["devices"]
    assert device == {"driver": "nvidia", "count": 1, "capabilities": ["gpu"]}
    assert gpu["build"]["args"]["GPU"] == "1"
    assert all("profiles" not in SERVICES[service] for service in set(SERVICES) - {"ocr-worker-gpu"})


def test_every_volume_and_network_that_is_used_is_declared_and_the_other_way_round() -> None:
    used = {
        resolved(volume).partition(":")[0] for content in SERVICES.values() for volume in content["volumes"]
    }
    assert {name for name in used if "/" not in name} == set(COMPOSE["volumes"])
    networks = {name for content in SERVICES.values() for name in content.get("networks", ())}
    assert networks == set(COMPOSE["networks"])


def test_the_file_follows_the_compose_specification() -> None:
    from compose_spec import ComposeSpecification

    document = {name: value for name, value in COMPOSE.items() if not name.startswith("x-")}
    understood = ComposeSpecification.model_validate(document).model_dump(
        mode="json", exclude_unset=True, by_alias=True
    )
    assert _left_out(document, understood) == []


def _left_out(given: Any, understood: Any, where: str = "") -> list[str]:
    """What the specification has no name for: it is passed over, and so a misspelt key would be."""
    if isinstance(given, dict) and isinstance(understood, dict):
        unknown = [f"{where}.{key}" for key in given if key not in understood]
        known = (
            _left_out(given[key], understood[key], f"{where}.{key}") for key in given if key in understood
        )
        return unknown + [entry for entries in known for entry in entries]
    if isinstance(given, list) and isinstance(understood, list):
        pairs = enumerate(zip(given, understood, strict=False))
        return [entry for at, (one, other) in pairs for entry in _left_out(one, other, f"{where}[{at}]")]
    return []
