"""Executors of Textmill."""
