"""The DAG that decides about what is in quarantine, as it is wired and as it understands its form."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from textmill.errors import SourceError
from textmill.quarantine_requests import Action
from textmill.run_wishes import QuarantineFilter, Reread
from textmill_airflow.quarantine_params import ingest_conf, request_from
from textmill_airflow.run_wishes import wishes_from

if TYPE_CHECKING:
    from airflow.sdk import DAG


@pytest.fixture(scope="module")
def dags(repository: Path) -> Iterator[dict[str, DAG]]:
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(repository / "dags")
    assert bag.import_errors == {}
    yield dict(bag.dags)


@pytest.fixture(scope="module")
def dag(dags: dict[str, DAG]) -> DAG:
    return dags["quarantine_retry"]


def as_it_stands(dag: DAG, **changes: Any) -> dict[str, Any]:
    return {name: dag.params[name] for name in dag.params} | changes


def test_the_form_as_it_stands_touches_nothing(dag: DAG) -> None:
    assert dag.params["dry_run"] is True
    assert dag.schedule is None


def test_steps_stand_in_order(dag: DAG) -> None:
    downstream = {task.task_id: task.downstream_task_ids for task in dag.tasks}
    assert downstream == {
        "list_entries": {"choose_way"},
        "choose_way": {"decide", "reopen", "wait"},
        "decide": set(),
        "reopen": {"ingest"},
        "ingest": {"wait"},
        "wait": {"tell"},
        "tell": set(),
    }


def test_waiting_holds_no_slot_and_needs_no_triggerer(dag: DAG) -> None:
    wait, ingest = dag.get_task("wait"), dag.get_task("ingest")
    assert wait.mode == "reschedule"
    assert not ingest.deferrable
    assert not ingest.wait_for_completion


def test_it_documents_itself(dag: DAG) -> None:
    assert dag.doc_md and "v_quarantine_history" in dag.doc_md
    assert "textmill" in dag.tags
    for name in dag.params:
        param = dag.params.get_param(name)
        assert param.description and param.schema.get("title"), name
    for task in dag.tasks:
        assert task.owner == "textmill"
        assert task.retries >= 2 and task.execution_timeout and task.pool


def test_params_refuse_nonsense(dag: DAG) -> None:
    from airflow.sdk.exceptions import ParamValidationError

    for name, value in [
        ("action", "delete"),
        ("reasons", ["bad_luck"]),
        ("ids", ["x"]),
        ("ids", [0]),
        ("since", "last week"),
        ("dry_run", None),
        ("note", "x" * 2001),
    ]:
        with pytest.raises(ParamValidationError):
            dag.params.get_param(name).resolve(value)


def test_the_form_may_be_emptied(dag: DAG) -> None:
    nullable = ("reasons", "source", "since", "until", "ids", "name", "note")
    for name in nullable:
        assert dag.params.get_param(name).resolve(None) is None
    request = request_from(as_it_stands(dag, **dict.fromkeys(nullable)), list(dag.params))
    assert (request.action, request.wish, request.note) == (Action.RETRY, QuarantineFilter(), None)


@pytest.mark.parametrize("action", ["resolve", "ignore", "reopen"])
def test_a_decision_about_everything_has_to_be_meant(dag: DAG, action: str) -> None:
    def ask(**more: Any) -> Action:
        return request_from(as_it_stands(dag, action=action, **more), list(dag.params)).action

    assert ask() == action, "a dry run may list everything"
    with pytest.raises(SourceError, match=rf"To {action} every entry .* set the param all"):
        ask(dry_run=False)
    assert ask(dry_run=False, all=True) == action
    assert ask(dry_run=False, name="*.pdf") == action


def test_a_misspelt_param_is_refused_with_a_guess(dag: DAG) -> None:
    with pytest.raises(SourceError, match="did you mean 'reasons'"):
        request_from(as_it_stands(dag, reason=["no_text"]), list(dag.params))


@pytest.mark.parametrize(
    "wish",
    [
        {},
        {
            "reasons": ["http_failed", "too_many_pixels"],
            "source": "invoices",
            "since": "2026-11-10",
            "until": "2026-11-14",
            "ids": [3, 5],
            "name": "a*.pdf",
            "allow_private": True,
        },
    ],
)
def test_the_run_that_tries_again_means_the_same_entries(dags: dict[str, DAG], wish: dict[str, Any]) -> None:
    asked = as_it_stands(dags["quarantine_retry"], **wish)
    ingest = dags["media_ingest"]
    conf = ingest_conf(asked)
    for name, value in conf.items():
        ingest.params.get_param(name).resolve(value)
    understood = wishes_from(as_it_stands(ingest, **conf), list(ingest.params))
    assert understood.quarantined == request_from(asked, list(asked)).wish
    assert understood.reread is Reread.REFUSED
    assert conf["allow_private"] is wish.get("allow_private", False)


def test_the_configuration_of_that_run_is_rendered_as_json(dag: DAG) -> None:
    import json

    params = as_it_stands(dag, name='"quoted" & <b>', reasons=["no_text"])
    template = dag.get_template_env().from_string(dag.get_task("ingest").conf)
    rendered = template.render(params=params, ingest_conf=ingest_conf)
    assert json.loads(rendered) == {
        "retry_quarantined": True,
        "allow_private": False,
        "quarantine_reasons": ["no_text"],
        "quarantine_name": '"quoted" & <b>',
    }


def test_parsing_it_imports_nothing_heavy(repository: Path) -> None:
    program = (
        "import sys; from airflow.sdk import *; import quarantine_retry\n"
        "heavy = ('textmill.warehouse', 'textmill.stages', 'pandas', 'numpy', 'great_expectations', 'cv2')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    paths = [repository / "dags", repository / "plugins", repository / "include"]
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, paths))},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]"
