"""What a preflight found: one row for each test, for the terminal, for programs and for Dagster's UI."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from sf_elt.components.markdown import as_text
from sf_elt.salesforce.limits import calls_in_words

Verdict = Literal["ok", "warning", "missing", "problem"]
MARKS: dict[Verdict, str] = {"ok": "✓", "warning": "!", "missing": "✗", "problem": "✗"}


@dataclass(frozen=True)
class Finding:
    """One test: of what, how it went, in words, and what an administrator would grant or change.

    "missing" in the org keeps an import or export from working, and so does a "problem" here (`sf-elt doctor`); a
    "warning" does not.
    """

    subject: str
    test: str
    verdict: Verdict
    says: str
    grant: str = ""


@dataclass(frozen=True)
class Preflight:
    """All findings about one connection, and the API calls that they cost."""

    connection: str
    findings: tuple[Finding, ...]
    api_calls: int

    @property
    def passed(self) -> bool:
        """Whether nothing is missing."""
        return all(each.verdict != "missing" for each in self.findings)

    def about(self, subjects: Sequence[str]) -> "Preflight":
        """Only the findings about these subjects."""
        found = tuple(each for each in self.findings if each.subject in subjects)
        return Preflight(self.connection, found, self.api_calls)

    def in_words(self) -> str:
        """How many tests went how."""
        counts = {verdict: sum(each.verdict == verdict for each in self.findings) for verdict in MARKS}
        named = {"warning": "to look at"}
        told = ", ".join(f"{count} {named.get(verdict, verdict)}" for verdict, count in counts.items() if count)
        return f"{told}; {calls_in_words(self.api_calls)}"

    def as_dict(self) -> dict[str, object]:
        """For programs."""
        return {
            "connection": self.connection,
            "passed": self.passed,
            "api_calls": self.api_calls,
            "findings": [asdict(each) for each in self.findings],
        }

    def markdown(self) -> str:
        """A table, what is missing first."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield "| | About | Test | Found | To grant or change |"
        yield "|---|---|---|---|---|"
        order: list[Verdict] = ["problem", "missing", "warning", "ok"]
        for each in sorted(self.findings, key=lambda finding: order.index(finding.verdict)):
            cells = [f"{MARKS[each.verdict]} {each.verdict}", each.subject, each.test, each.says, each.grant]
            yield f"| {' | '.join(as_text(cell) for cell in cells)} |"
