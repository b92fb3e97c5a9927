"""Parquet by the day: what was loaded on each day (UTC), in partitions that are replaced whole."""
