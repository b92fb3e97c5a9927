"""What all tests share, in whichever of the two environments they run."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

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
