"""Textmill's core: turns media into text that people can query. Knows nothing of Airflow."""

__version__ = "0.1.0"
