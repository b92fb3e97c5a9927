"""What media will cost to read, and how they are dealt out into batches of equal work. Pure."""

from textmill.batching.cost import CostModel, Estimate
from textmill.batching.dealing import Deal, Piece, PlanLimits, PlannedBatch, deal
from textmill.batching.duration import in_words, makespan, sentence
from textmill.batching.workload import Workload

__all__ = [
    "CostModel",
    "Deal",
    "Estimate",
    "Piece",
    "PlanLimits",
    "PlannedBatch",
    "Workload",
    "deal",
    "in_words",
    "makespan",
    "sentence",
]
