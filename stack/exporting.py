"""Exports from the command line: days as Parquet, or one document.

Runs as a process of its own (`python -m stack.exporting`) in the environment of the stack: connections to
object stores are Airflow's, and importing Airflow fixes its settings for the life of a process. Nothing of it
goes through Airflow's scheduler.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from stack.attached import AirflowWhenNeeded, warehouse_of_stack
from textmill.errors import ExportError, TextmillError
from textmill.exports.document.described import DocumentFormat
from textmill.settings import load

if TYPE_CHECKING:
    from textmill.exports.days.exporting import ExportedPartition
    from textmill.exports.days.states import DayRange


def export_days(arguments: argparse.Namespace) -> int:
    """Export the days that changed."""
    from textmill.exports.days.exporting import days_to_export, export_day, open_destination
    from textmill.exports.days.tables import ExportedTable

    settings, days = load(), _days(arguments)
    tables = [ExportedTable(name) for name in arguments.tables or ExportedTable]
    location = arguments.out or settings.exports
    connection = arguments.connection or settings.exports_connection or None
    destination = open_destination(location, AirflowWhenNeeded(), connection)
    with warehouse_of_stack() as engine:
        wanted = days_to_export(engine, destination, days=days, tables=tables, full=arguments.full)
        if not wanted:
            print(f"Everything in {location} is up to date.")
        for day in wanted:
            if arguments.dry_run:
                print(f"{day}  would be exported")
                continue
            for partition in export_day(engine, destination, day, tables=tables, full=arguments.full):
                print(_line(partition), flush=True)
    if wanted and not arguments.dry_run:
        print(f"{len(wanted)} {'day is' if len(wanted) == 1 else 'days are'} exported to {location}")
    return 0


def export_document(arguments: argparse.Namespace) -> int:
    """Export one document."""
    from textmill.exports.document.writing import DocumentExporter
    from textmill.staging_access import open_staging

    settings, connections = load(), AirflowWhenNeeded()
    with warehouse_of_stack() as engine, open_staging(settings, connections).of_all() as staging:
        exporter = DocumentExporter(engine, staging, settings, connections)
        exported = exporter.export(
            DocumentFormat(arguments.format),
            uri=arguments.uri,
            sha256=arguments.sha256,
            out=Path(arguments.out) if arguments.out else None,
        )
    print(exported.path)
    for page_no in exported.pages_missing:
        print(f"Page {page_no} of {exported.facts.name} cannot be decoded: it is blank.", file=sys.stderr)
    return 0


def parser() -> argparse.ArgumentParser:
    """The arguments of both commands."""
    whole = argparse.ArgumentParser(prog="python -m stack.exporting", description=__doc__)
    commands = whole.add_subparsers(required=True, metavar="command")
    days = commands.add_parser("export", help=export_days.__doc__)
    days.set_defaults(command=export_days)
    days.add_argument("--day", type=_date, help="one day (UTC), as 2026-11-24")
    days.add_argument("--from", type=_date, dest="first", help="the first of several days")
    days.add_argument("--to", type=_date, dest="last", help="the last of them")
    days.add_argument("--out", help="a folder or s3://BUCKET/PREFIX; default: TEXTMILL_EXPORTS")
    days.add_argument("--connection", help="the Airflow connection by which an object store is written")
    days.add_argument("--tables", nargs="+", choices=("documents", "pages", "lines"), help="default: all")
    days.add_argument("--full", action="store_true", help="also days that are up to date")
    days.add_argument("--dry-run", action="store_true", help="only tell which days would be exported")
    document = commands.add_parser("export-document", help=export_document.__doc__)
    document.set_defaults(command=export_document)
    named = document.add_mutually_exclusive_group(required=True)
    named.add_argument("--uri", help="an address at which it lies or lay, or a path")
    named.add_argument("--sha256", help="the SHA-256 of its bytes")
    document.add_argument("--format", choices=[str(one) for one in DocumentFormat], default="pdf")
    document.add_argument("--out", help="a file, or a folder for it")
    return whole


def _days(arguments: argparse.Namespace) -> DayRange:
    from textmill.exports.days.states import DayRange

    first, last = arguments.day or arguments.first, arguments.day or arguments.last
    if first and last and first > last:
        raise ExportError(f"FROM ({first}) is after TO ({last}).")
    return DayRange(first, last)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day such as 2026-11-24") from None


def _line(partition: ExportedPartition) -> str:
    about = f"{partition.day}  {partition.table:<9}  {partition.action}"
    if not partition.files:
        return about
    files = f"{partition.files} {'file' if partition.files == 1 else 'files'}"
    return f"{about}  {partition.rows:,} rows, {files}, {partition.bytes / 1e6:.1f} MB"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; what a person can do something about ends as a sentence."""
    from sqlalchemy.exc import OperationalError

    chosen = parser().parse_args(arguments)
    try:
        return int(chosen.command(chosen))
    except TextmillError as error:
        print(error, file=sys.stderr)
    except OperationalError as error:
        print(f"The warehouse does not answer ({error.orig}): see `make status`.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
