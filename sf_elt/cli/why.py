"""`sf-elt why`: why a person was sent to Salesforce, or was not."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from sf_elt.cli import completing
from sf_elt.cli.examples import examples
from sf_elt.cli.export_session import opened_export
from sf_elt.cli.org_session import JOB
from sf_elt.cli.showing import Column, Format, JsonOption, Rows, safe, say, show, show_json
from sf_elt.cli.waiting import waiting

if TYPE_CHECKING:
    from sf_elt.writeback.why import SubjectExplained


@examples(
    "sf-elt why ada@example.com leads",
    "sf-elt why 00Q5g00000JyVtEEAV leads --json | jq '.[].answers'",
)
def why(
    asked: Annotated[
        str,
        typer.Argument(
            metavar="EMAIL|ID",
            help="An email or another identifier of the profile, its id, a record's Id, or the key of an event.",
        ),
    ],
    name: Annotated[
        str, typer.Argument(metavar="EXPORT", help="The export: leads.", autocompletion=completing.exports)
    ],
    as_json: JsonOption = False,
) -> None:
    """Says why a person was sent or not: what holds it up, what the next run would do, and the last attempts.

    It shows personal data in full, to whoever may read the warehouse. Nothing is written; the org is asked for the
    object's fields alone.
    """
    with opened_export(name, command="why", job=JOB) as opened, waiting("asking Salesforce"):
        from sf_elt.salesforce import describe
        from sf_elt.writeback import explain_sending

        described = describe(opened.org, opened.export.object)
        found = explain_sending(opened.warehouse, opened.export, described, asked, now=datetime.now(UTC))
    if as_json:
        show_json([_plain(each) for each in found.subjects])
        return
    for each in found.subjects:
        _show(found.export, each)
    if found.more:
        say(f"and {found.more:,} more of this person")


def _show(export: str, subject: "SubjectExplained") -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    of_whom = f", of profile {subject.profile_id}" if subject.profile_id not in ("", subject.subject_id) else ""
    console.print(Text(safe(f"Export {export}: {subject.subject_id}{of_whom}"), style="bold"))
    for answer in subject.answers:
        about = f"{answer.record_id}: " if answer.record_id else ""
        console.print(Text(safe(f"  {answer.code}  {about}{answer.says}.")))
    if not subject.log:
        say("The log has no attempt at it.")
        return
    console.print()
    labels = {
        "logged_at": "When", "operation": "What", "record_id": "Record", "status": "Outcome", "code": "Code",
        "message": "Message", "changed_fields": "Fields", "transport": "By", "attempt": "Attempt", "run_id": "Run",
    }  # fmt: skip
    rows = [
        {
            **asdict(each),
            "logged_at": f"{each.logged_at:%Y-%m-%d %H:%M} UTC",
            "changed_fields": ", ".join(each.changed_fields),
            "transport": each.transport if each.attempt else "",  # what was set aside went by nothing
            "attempt": each.attempt or "",
        }
        for each in subject.log
    ]
    columns = [Column(name, label) for name, label in labels.items() if any(row[name] for row in rows)]
    show(columns, Rows(rows, len(rows)), Format.table, title="The last attempts")


def _plain(subject: "SubjectExplained") -> dict[str, object]:
    """For programs."""
    return {
        **asdict(subject),
        "log": [{**asdict(each), "logged_at": f"{each.logged_at.isoformat()}Z"} for each in subject.log],
    }
