"""What all tests share, in whichever of the two environments they run."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from sqlalchemy import URL, Engine

REPOSITORY = Path(__file__).parents[1]

# Airflow reads its configuration when it is first imported: tests never see an installation of the user's.
os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="textmill-airflow-")
os.environ["AIRFLOW__CORE__DAGS_FOLDER"] = str(REPOSITORY / "dags")
os.environ["AIRFLOW__CORE__PLUGINS_FOLDER"] = str(REPOSITORY / "plugins")
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
os.environ["AIRFLOW__CORE__UNIT_TEST_MODE"] = "False"
os.environ["AIRFLOW__USAGE_DATA_COLLECTION__ENABLED"] = "False"
os.environ["GX_ANALYTICS_ENABLED"] = "false"
os.environ["TEXTMILL_OCR_PYTHON"] = str(REPOSITORY / ".venv" / "ocr" / "bin" / "python")


@pytest.fixture(scope="session")
def repository() -> Path:
    """Root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def samples(repository: Path) -> Path:
    """Folder of the sample media."""
    return repository / "samples"


@pytest.fixture(scope="session")
def models_dir(repository: Path) -> Path:
    """Folder of the OCR models, which `make test` prepares."""
    state = Path(os.environ.get("TEXTMILL_STATE", repository / ".textmill"))
    return Path(os.environ.get("TEXTMILL_MODELS_DIR", state / "models"))


@pytest.fixture(scope="session")
def warehouse_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[URL]:
    """A private server with the current schema, for the whole test run.

    MariaDB, unless TEXTMILL_TEST_SERVER asks for MySQL (`make test-mysql`).
    """
    from mysql_server import running_mysql

    from stack.mariadb import running_mariadb
    from textmill.warehouse.migrate import upgrade

    state_dir = tmp_path_factory.mktemp("warehouse")
    wants_mysql = os.environ.get("TEXTMILL_TEST_SERVER") == "mysql"
    packages = REPOSITORY / ".textmill" / "mysql"
    with running_mysql(packages, state_dir) if wants_mysql else running_mariadb(state_dir) as url:
        upgrade(url.render_as_string(hide_password=False))
        yield url


@pytest.fixture
def warehouse(warehouse_server: URL) -> Iterator[Engine]:
    """An empty warehouse."""
    from sqlalchemy import text

    from textmill.warehouse.connection import warehouse_engine
    from textmill.warehouse.tables import metadata

    with warehouse_engine(warehouse_server) as engine:
        with engine.begin() as connection:
            connection.execute(text("SET FOREIGN_KEY_CHECKS = 0"))
            # Emptying a table builds its indexes anew, which a warehouse that is in use never does.
            connection.execute(text("SET SESSION innodb_ft_enable_stopword = OFF"))
            for table in metadata.sorted_tables:
                connection.execute(text(f"TRUNCATE TABLE `{table.name}`"))
            connection.execute(text("SET FOREIGN_KEY_CHECKS = 1"))
        yield engine
