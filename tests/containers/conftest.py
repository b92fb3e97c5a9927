"""Real containers, of the image that `make image` built; by whichever engine this machine has."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from container_engine import ContainerEngine, find_engine
from container_stack import ContainerStack
from measured_figures import Figures
from one_machine import Reference, one_machine

_FEW = 16
_PICTURES = (".jpg", ".png", ".tif", ".pdf")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--figures", help="file into which the figures are written")
    parser.addoption("--failures", help="folder for the logs of all services when a test fails")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.containers)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Keep what the services said as long as they are there."""
    report = yield
    if report.failed and report.when != "teardown":  # type: ignore[attr-defined]
        folder = Path(item.config.getoption("--failures") or "/tmp") / item.name
        for stack in getattr(item, "funcargs", {}).values():
            if isinstance(stack, ContainerStack):
                stack.save_logs(folder)
                report.sections.append(("logs of all services", str(folder)))  # type: ignore[attr-defined]
    return report


@pytest.fixture(scope="session")
def engine(repository: Path) -> ContainerEngine:
    found = find_engine(repository)
    if found is None:
        pytest.skip("this machine has neither docker nor podman")
    return found


@pytest.fixture(scope="session")
def image(engine: ContainerEngine) -> str:
    """The image under test; TEXTMILL_IMAGE names another than the one of `make image`."""
    return os.environ.get("TEXTMILL_IMAGE") or "localhost/textmill:latest"


@pytest.fixture(scope="session")
def media(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two: `all` has what MEDIA names, else the samples; `few` has some of it."""
    root = tmp_path_factory.mktemp("media")
    shutil.copytree(Path(os.environ.get("MEDIA") or samples), root / "all")
    (root / "few").mkdir()
    pictures = sorted(
        path for path in (root / "all").iterdir() if path.suffix in (".jpg", ".png", ".tif", ".pdf")
    )
    for path in random.Random(5).sample(pictures, min(_FEW, len(pictures))):
        shutil.copy2(path, root / "few")
    # Whatever account the containers have.
    for path in (root, *root.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    root.parent.chmod(0o755)
    return root


@pytest.fixture(scope="session")
def settings(image: str, media: Path) -> dict[str, str]:
    """What stands in `.env`. Images of servers come from the caller's environment, else from compose."""
    return {
        "TEXTMILL_IMAGE": image,
        "TEXTMILL_MEDIA": str(media),
        "TEXTMILL_OCR_SLOTS": "2",
        "TEXTMILL_STABLE_SECONDS": "0",
    }


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory, media: Path) -> Reference:
    """The same pipeline on this machine, as `make run` starts it; it ends before containers begin."""
    with one_machine(tmp_path_factory.mktemp("machine") / "state") as here:
        return Reference(here.ingest(media / "all"), here.ingest(media / "few", engine="tesseract"))


@pytest.fixture(scope="session")
def figures(request: pytest.FixtureRequest, engine: ContainerEngine) -> Iterator[Figures]:
    """What is measured; shown at the end, and written where `--figures` says."""
    found = Figures()
    yield found
    words = found.markdown(engine.run("--version").strip())
    print(f"\n{words}")
    if path := request.config.getoption("--figures"):
        Path(path).write_text(words, encoding="utf-8")
