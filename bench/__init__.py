"""Measurements of the pipeline: how exactly and how fast it reads."""
