"""Look at all rules, and write down what does not hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from textmill.auditing import document_rules, media_rules, run_rules
from textmill.auditing.content_rules import DamagedContent, NeededContent
from textmill.auditing.reference_rules import KEY_RULES, reference_rules
from textmill.auditing.rule import Audited, Finding, Rule
from textmill.auditing.staged_runs import StagedRuns
from textmill.warehouse.audits import StoredFinding, finish_audit, start_audit
from textmill.warehouse.connection import in_transaction, utc_now

MOST_KEPT = 100
"""Findings per rule that are kept; all are counted."""


@dataclass(frozen=True)
class Report:
    """What an audit found.

    Attributes:
        key: of its row in the table `audit`.
        rules: how many were looked at.
        findings: the first of each rule.
        counts: how many there were, by rule; none for rules that hold.
        remedies: what to do, by rule.
    """

    key: int
    rules: int
    findings: Sequence[Finding]
    counts: Mapping[str, int]
    remedies: Mapping[str, str]

    @property
    def total(self) -> int:
        """How many disagreements there were."""
        return sum(self.counts.values())

    def in_words(self) -> Iterator[str]:
        """Yield lines for a person: each rule that does not hold, its findings, and what to do."""
        if not self.counts:
            yield f"Staging area, checkpoints and warehouse agree: {self.rules} rules hold."
            return
        what = "disagreement" if self.total == 1 else "disagreements"
        yield f"{self.total} {what}, by {len(self.counts)} of {self.rules} rules (audit {self.key}):"
        for rule, count in self.counts.items():
            yield f"{rule}: {count}"
            for one in self.findings:
                if one.rule == rule:
                    yield f"  {one.message}"
            if count > MOST_KEPT:
                yield f"  … and {count - MOST_KEPT} more"
            yield f"  To do: {self.remedies[rule]}"


@dataclass
class _Gathered:
    findings: list[Finding] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    def note(self, finding: Finding) -> None:
        count = self.counts[finding.rule] = self.counts.get(finding.rule, 0) + 1
        if count <= MOST_KEPT:
            self.findings.append(finding)


def all_rules() -> list[Rule]:
    """Return the rules in the order in which they are looked at."""
    return [
        *media_rules.RULES,
        *document_rules.RULES,
        document_rules.DocumentText(),
        *reference_rules(),
        *KEY_RULES,
        *run_rules.RULES,
        run_rules.StuckRuns(),
        StagedRuns(),
        NeededContent(),
        DamagedContent(),
    ]


def audit(audited: Audited) -> Report:
    """Look at everything and store what disagrees; nothing else is changed."""
    rules = all_rules()
    remedies = {name: remedy for rule in rules for name, remedy in rule.remedies.items()}
    key = in_transaction(audited.warehouse, lambda connection: start_audit(connection, audited.now))
    gathered = _Gathered()
    for rule in rules:
        for finding in rule.look(audited):
            gathered.note(finding)
    stored = [
        StoredFinding(one.rule, one.subject, one.message, remedies[one.rule], gathered.counts[one.rule])
        for one in gathered.findings
    ]
    in_transaction(
        audited.warehouse,
        lambda connection: finish_audit(
            connection,
            key,
            stored,
            rules=len(remedies),
            findings=sum(gathered.counts.values()),
            now=utc_now(),
        ),
    )
    return Report(key, len(remedies), gathered.findings, gathered.counts, remedies)
