"""Airflow's settings and environment on one machine, in one place.

Settings and secrets go into a generated `airflow.cfg` that only its owner may read. The environment
of the processes carries no secret: it can be read in `/proc`, and tasks and OCR processes inherit it.
"""

from __future__ import annotations

import configparser
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass

from stack import postgres
from stack.paths import Paths
from stack.ports import Ports
from stack.secrets_store import Secrets
from textmill.pools import Pool, pools

ADMIN = "admin"
MARK = "TEXTMILL_SUPERVISED"
EXECUTOR = "textmill_airflow.executors.local.WarmLocalExecutor"

# The scheduler itself slows down when tasks wait inside the executor, so two more may run than are
# reading pages at any time: fetches, checks and loads go on beside the OCR.
_TASKS_BESIDE_OCR = 2
# The process that supervises a task may notice its end seconds late, and another one is to begin meanwhile.
_ENDED_TASKS = 2


@dataclass(frozen=True)
class AirflowSettings:
    """What differs from machine to machine."""

    paths: Paths
    ports: Ports
    slots: int
    inbox: str = ""
    """The folder that is watched for new files, as an absolute path; empty for none."""

    @property
    def parallelism(self) -> int:
        """How many processes run tasks."""
        return self.tasks_at_once + _ENDED_TASKS

    @property
    def tasks_at_once(self) -> int:
        """How many tasks run at once."""
        return self.slots + _TASKS_BESIDE_OCR

    @property
    def ui_url(self) -> str:
        """Where a browser finds Airflow."""
        return f"http://127.0.0.1:{self.ports.ui}"

    def pools(self) -> dict[str, Pool]:
        """Every pool with its slots and what they stand for; each task of ours runs in one of them."""
        return pools(ocr_slots=self.slots, others=self.tasks_at_once)


def configuration(settings: AirflowSettings, secrets: Secrets) -> str:
    """The text of `airflow.cfg`."""
    sections = _sections(settings, secrets)
    parser = configparser.RawConfigParser()
    # Airflow keeps the case of its option names, and takes a single per cent sign for a reference.
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    for section, options in sections.items():
        parser[section] = {name: value.replace("%", "%%") for name, value in options.items()}
    text = io.StringIO()
    text.write("# Generated at every start; it holds secrets. Changes made here are lost.\n")
    parser.write(text)
    return text.getvalue()


def admin_passwords(secrets: Secrets) -> str:
    """The password file of Airflow's simple auth manager, written before Airflow would invent one."""
    return json.dumps({ADMIN: secrets.airflow_admin}) + "\n"


def environment(settings: AirflowSettings, inherited: Mapping[str, str]) -> dict[str, str]:
    """The environment of every process of the stack; it carries no secret."""
    paths = settings.paths
    # Settings of another Airflow in the caller's shell must not reach this one.
    kept = {name: value for name, value in inherited.items() if not name.startswith("AIRFLOW")}
    # Every task is a process of its own: without bytecode each would compile all modules anew.
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    # The scheduler looks for its executor before Airflow has its folder of plugins on the path.
    ours = [str(paths.include), str(paths.repository / "plugins")]
    python_path = [*ours, *filter(None, [kept.get("PYTHONPATH")])]
    return {
        **kept,
        "PATH": f"{paths.airflow_bin}:{kept.get('PATH', '/usr/local/bin:/usr/bin:/bin')}",
        "PYTHONPATH": ":".join(python_path),
        "PYTHONUNBUFFERED": "1",
        "AIRFLOW_HOME": str(paths.airflow),
        "AIRFLOW_CONFIG": str(paths.airflow / "airflow.cfg"),
        "GX_ANALYTICS_ENABLED": "false",
        # Process titles may not overwrite the environment in /proc: the mark below is read there.
        "SPT_NOENV": "1",
        MARK: str(paths.state),
        "TEXTMILL_STATE": str(paths.state),
        "TEXTMILL_STAGING_DIR": str(paths.staging),
        "TEXTMILL_MODELS_DIR": str(paths.models),
        "TEXTMILL_OCR_PYTHON": str(paths.ocr_python),
        "TEXTMILL_DEFAULT_SOURCE": str(paths.samples),
        "TEXTMILL_SOURCES_FILE": str(paths.sources_file),
        "TEXTMILL_OCR_SLOTS": str(settings.slots),
        "TEXTMILL_INBOX": settings.inbox,
        "TEXTMILL_EXPORTS": kept.get("TEXTMILL_EXPORTS") or str(paths.exports),
    }


def _sections(settings: AirflowSettings, secrets: Secrets) -> dict[str, dict[str, str]]:
    paths, ui_url = settings.paths, settings.ui_url
    metadata = postgres.airflow_url(secrets, settings.ports.postgres)
    return {
        "core": {
            "dags_folder": str(paths.repository / "dags"),
            "plugins_folder": str(paths.repository / "plugins"),
            "load_examples": "False",
            "executor": EXECUTOR,
            "parallelism": str(settings.parallelism),
            "max_active_tasks_per_dag": str(max(16, settings.parallelism)),
            "default_pool_task_slot_count": str(settings.tasks_at_once),
            "fernet_key": secrets.fernet_key,
            "simple_auth_manager_users": f"{ADMIN}:admin",
            "simple_auth_manager_passwords_file": str(paths.secrets / "airflow_passwords.json"),
            "execution_api_server_url": f"{ui_url}/execution/",
        },
        "database": {"sql_alchemy_conn": metadata.render_as_string(hide_password=False)},
        "api": {
            "host": "127.0.0.1",
            "port": str(settings.ports.ui),
            "base_url": ui_url,
            "workers": "1",
            "secret_key": secrets.api_secret_key,
            "expose_config": "False",
            "instance_name": "Textmill",
        },
        "api_auth": {"jwt_secret": secrets.jwt_secret},
        "scheduler": {
            # A task whose machine or supervisor died is retried after a minute, not after five.
            "task_instance_heartbeat_timeout": "60",
            "enable_health_check": "False",
            # The executor waits instead, and is woken when a task ends.
            "scheduler_idle_sleep_time": "0.01",
        },
        "dag_processor": {
            "parsing_processes": "1",
            "min_file_process_interval": "30",
            "refresh_interval": "60",
        },
        "logging": {
            "base_log_folder": str(paths.logs / "tasks"),
            "dag_processor_child_process_log_directory": str(paths.logs / "dag_files"),
            "colored_console_log": "False",
            "file_task_handler_new_folder_permissions": "0o700",
            "file_task_handler_new_file_permissions": "0o600",
        },
    }
