"""What Airflow has to be told of: classes that it finds by name in the metadata of a DAG."""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin

from textmill_airflow.timetables import WholeIntervalTimetable


class TextmillPlugin(AirflowPlugin):
    """Registers the timetable, without which Airflow refuses the DAG."""

    name = "textmill"
    timetables = (WholeIntervalTimetable,)
