"""The command line: `python -m stack run`, and the other commands of the Makefile."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

# The core package is not installed, it is read from the project; the DAGs find it the same way.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "include"))

from stack.errors import StackError, sentence_for
from stack.paths import Paths

if TYPE_CHECKING:
    from stack.lifecycle import Running

_INTERRUPTED = 130


def say(sentence: str) -> None:
    """Print a sentence at once, also into a pipe."""
    print(sentence, flush=True)


def run(arguments: argparse.Namespace) -> int:
    """Bring everything up, ingest media, show what came of it."""
    from stack import ingest, lifecycle

    stack = lifecycle.default_stack(say)
    source = ingest.source_of(arguments.media, stack.paths)
    running = stack.up()
    return _ingest(running, source, allow_private=arguments.allow_private == "1")


def start(arguments: argparse.Namespace) -> int:
    """Bring everything up."""
    from stack import lifecycle, summary

    running = lifecycle.default_stack(say).up()
    say("Textmill is up.")
    say(summary.next_steps(running))
    return 0


def stop(arguments: argparse.Namespace) -> int:
    """End everything and make sure that no process is left."""
    from stack import lifecycle

    stack = lifecycle.default_stack(say)
    was_running = stack.supervisor.process() is not None
    left = stack.down()
    if not was_running and not left:
        say("Textmill is not running.")
    else:
        extra = f"; {left} left-over processes were ended" if left else ""
        say(f"Textmill is stopped; no process is left{extra}.")
    return 0


def status(arguments: argparse.Namespace) -> int:
    """Show what is up, where, and whether it is well."""
    from stack import lifecycle, summary
    from stack.status import statuses, table

    stack = lifecycle.default_stack(say)
    if stack.supervisor.process() is None:
        say("Textmill is not running: start it with `make run` or `make start`.")
        return 0
    running = stack.attach()
    rows = statuses(stack, running)
    summary.make_console().print(table(rows))
    say(summary.next_steps(running))
    return 0 if all(row.healthy for row in rows) else 1


def logs(arguments: argparse.Namespace) -> int:
    """Show the logs, and follow them in a terminal."""
    from stack.terminal_programs import become, logs_command

    become(logs_command(Paths.from_environment(), arguments.service, sys.stdout.isatty()))


def sql(arguments: argparse.Namespace) -> int:
    """Open a client on the warehouse, or run the SQL on standard input."""
    from stack import lifecycle
    from stack.terminal_programs import become, sql_command

    running = lifecycle.default_stack(say).attach()
    become(sql_command(running, os.environ, sys.stdin.isatty()))


def airflow(arguments: argparse.Namespace) -> int:
    """Run Airflow's own program on the stack, with arguments as Airflow takes them."""
    from stack import lifecycle
    from stack.terminal_programs import airflow_command, become

    running = lifecycle.default_stack(say).attach()
    command, environment = airflow_command(running, os.environ, arguments.line, arguments.words)
    become(command, environment)


def audit(arguments: argparse.Namespace) -> int:
    """Check that staging area, checkpoints and warehouse agree."""
    _become_module("stack.auditing", ["--all"] if arguments.all else [])


def export(arguments: argparse.Namespace) -> int:
    """Export the days that changed as Parquet."""
    _become_module("stack.exporting", ["export", *arguments.words])


def export_document(arguments: argparse.Namespace) -> int:
    """Export one document as a searchable PDF, hOCR, ALTO or plain text."""
    _become_module("stack.exporting", ["export-document", *arguments.words])


def _become_module(module: str, words: list[str]) -> NoReturn:
    from stack import lifecycle
    from stack.terminal_programs import become, module_command

    running = lifecycle.default_stack(say).attach()
    become(*module_command(running, os.environ, module, words))


def password(arguments: argparse.Namespace) -> int:
    """Show how to log in to Airflow."""
    from stack import lifecycle
    from stack.airflow_configuration import ADMIN

    running = lifecycle.default_stack(say).attach()
    say(f"{running.ui_url}\nuser      {ADMIN}\npassword  {running.secrets.airflow_admin}")
    return 0


def models(arguments: argparse.Namespace) -> int:
    """Write the folders of the OCR models."""
    from stack.models import prepare_models

    paths = Paths.from_environment()
    paths.create()
    prepare_models(paths)
    return 0


def tune(arguments: argparse.Namespace) -> int:
    """Measure again how the OCR models are best computed on this machine."""
    from stack import models

    paths = Paths.from_environment()
    paths.create()
    say(models.tune(paths, "--again").strip())
    return 0


def clean(arguments: argparse.Namespace) -> int:
    """Stop everything and remove the state: the databases, the staging area, the logs, the secrets."""
    from stack import lifecycle

    stack = lifecycle.default_stack(say)
    stack.down()
    stack.remove_state()
    say(f"{stack.paths.state} is removed.")
    return 0


def test(arguments: argparse.Namespace) -> int:
    """Run the tests, each folder in the environment whose packages it needs."""
    from stack.suites import run_all

    return run_all(Paths.from_environment(), "slow" if arguments.slow else "not slow")


def main() -> int:
    """Run one command; what a person can do something about ends as a sentence, not as a traceback."""
    arguments = _arguments()
    command: Callable[[argparse.Namespace], int] = arguments.command
    try:
        return command(arguments)
    except StackError as error:
        print(error, file=sys.stderr)
    except OSError as error:
        print(sentence_for(error), file=sys.stderr)
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return _INTERRUPTED
    return 1


def _ingest(running: Running, source: str, *, allow_private: bool) -> int:
    from stack import ingest, summary
    from stack.airflow_api import AirflowApi

    api = AirflowApi(running.ui_url, running.secrets.airflow_admin)
    console = summary.make_console()
    run_id = ingest.start_run(api, source, say, allow_private=allow_private)
    say(f"Reading {source or 'all enabled sources'}")
    say(f"  {ingest.run_page(running, run_id)}")
    try:
        state = ingest.watch(running, api, run_id, console, say)
    except KeyboardInterrupt:
        say(f"\nThe run goes on without us: {ingest.run_page(running, run_id)}\n`make stop` ends everything.")
        return _INTERRUPTED
    brought = ingest.summary_of(running, run_id)
    console.print(summary.tables(brought, source))
    if state == "failed":
        say(summary.failure(api.failed_tasks(ingest.DAG, run_id), running, run_id, brought.problem))
    say(summary.next_steps(running))
    return 0 if state == "success" else 1


def _arguments() -> argparse.Namespace:
    """What was typed; what follows an export is left to `stack.exporting` to understand."""
    parser = _parser()
    arguments, words = parser.parse_known_args()
    if arguments.command in (export, export_document):
        arguments.words = words
    elif words:
        parser.error(f"unrecognized arguments: {' '.join(words)}")
    return arguments


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m stack", description="Textmill on one machine.")
    commands = parser.add_subparsers(required=True, metavar="command")
    listed = (run, start, stop, status, logs, sql, airflow, export, export_document, audit)
    for command in (*listed, password, models, tune, clean, test):
        added = commands.add_parser(
            command.__name__.replace("_", "-"),
            help=command.__doc__,
            # `stack.exporting` has a help of its own.
            add_help=command not in (export, export_document),
        )
        added.set_defaults(command=command)
        if command is run:
            added.add_argument("--media", help="folder, file, manifest, a URI of either, or name of a source")
            added.add_argument("--allow-private", choices=("0", "1"), default="0", help="as in the form")
        elif command is airflow:
            added.add_argument("--line", default="", help="arguments in one line, quoted as in a shell")
            added.add_argument("words", nargs=argparse.REMAINDER, help="arguments, one by one")
        elif command is audit:
            added.add_argument("--all", action="store_true", help="hash every copy instead of a sample")
        elif command is logs:
            added.add_argument("--service", help="one service instead of all")
        elif command is test:
            added.add_argument("--slow", action="store_true", help="those that take minutes, and only those")
    return parser


if __name__ == "__main__":
    sys.exit(main())
