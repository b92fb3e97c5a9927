import configparser
import json
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from stack import airflow_configuration, secrets_store
from stack.airflow_configuration import AirflowSettings
from stack.paths import Paths
from stack.ports import Ports
from stack.secrets_store import Secrets


@pytest.fixture
def secrets(tmp_path: Path) -> Secrets:
    return secrets_store.load_or_create(tmp_path / "secrets")


@pytest.fixture
def settings(tmp_path: Path) -> AirflowSettings:
    return AirflowSettings(
        Paths(tmp_path / "100% project", tmp_path / "state"), Ports(8081, 3308, 5434), slots=2
    )


def test_airflow_reads_what_was_meant(settings: AirflowSettings, secrets: Secrets) -> None:
    parser = configparser.ConfigParser()
    parser.read_string(airflow_configuration.configuration(settings, secrets))
    assert parser["core"]["dags_folder"] == str(settings.paths.repository / "dags")
    assert parser["core"]["parallelism"] == "6"
    assert parser["core"]["execution_api_server_url"] == "http://127.0.0.1:8081/execution/"
    assert parser["api"]["host"] == "127.0.0.1"
    assert parser["database"]["sql_alchemy_conn"] == (
        f"postgresql+psycopg2://airflow:{secrets.postgres_airflow}@127.0.0.1:5434/airflow"
    )
    Fernet(parser["core"]["fernet_key"])


def test_the_environment_carries_no_secret(settings: AirflowSettings, secrets: Secrets) -> None:
    text = repr(airflow_configuration.environment(settings, {"PATH": "/bin"}))
    assert not any(value in text for value in vars(secrets).values())


def test_settings_of_another_airflow_do_not_leak_in(settings: AirflowSettings) -> None:
    inherited = {
        "AIRFLOW__CORE__EXECUTOR": "x",
        "AIRFLOW_HOME": "/else",
        "PYTHONPATH": "/mine",
        "LANG": "C.UTF-8",
    }
    environment = airflow_configuration.environment(settings, inherited)
    assert "AIRFLOW__CORE__EXECUTOR" not in environment
    assert environment["AIRFLOW_HOME"] == str(settings.paths.airflow)
    assert environment["PYTHONPATH"] == f"{settings.paths.include}:{settings.paths.repository}/plugins:/mine"
    assert environment["LANG"] == "C.UTF-8"


def test_the_administrator_has_the_generated_password(secrets: Secrets) -> None:
    assert json.loads(airflow_configuration.admin_passwords(secrets)) == {"admin": secrets.airflow_admin}


def test_no_pool_lets_more_ocr_run_than_there_are_slots(settings: AirflowSettings) -> None:
    pools = {name: pool.slots for name, pool in settings.pools().items()}
    assert pools == {"default_pool": 4, "fetch": 2, "ocr_gpu": 2, "mysql": 2, "export": 1}
