"""The staging area in an object store, for machines that share no disk.

A task works in a folder of its own, below `Settings.staging_dir`: what it needs is brought there, and what it
wrote is sent before it ends. So every stage reads and writes plain files, wherever the area lies.
"""

from textmill.shared_staging.access import SharedStaging

__all__ = ["SharedStaging"]
