"""The stages of a run, each a function from staged files (and the warehouse) to staged files.

A stage knows the rooms it needs and nothing of Airflow; `textmill_airflow` gives it a run, a batch and a
warehouse. Every stage may be killed at any moment and run again.
"""
