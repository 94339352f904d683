"""One run of `sf-elt init`: what stands, what is answered, what is shown and written."""

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from sf_elt.cli.init import questions
from sf_elt.cli.init.answers import Answers, AnswersRefused, read_told
from sf_elt.cli.init.offered import Offered, offered_by
from sf_elt.cli.init.planning import Plan, planned
from sf_elt.cli.init.proposing import answered, proposed
from sf_elt.cli.init.shipped import FILES, shipped_text
from sf_elt.cli.init.showing import coloured, differences, next_commands, shown
from sf_elt.cli.init.standing import Standing, read_standing
from sf_elt.cli.init.terminal import Terminal
from sf_elt.cli.init.trying import tried
from sf_elt.cli.init.writing import write_changes
from sf_elt.components.deployment import Deployment
from sf_elt.components.wrong_yaml import DEFS
from sf_elt.counting import count
from sf_elt.salesforce import SalesforceError


@dataclass(frozen=True)
class Said:
    """The answers; how it will log in, whether it can already, and the fields of exports that the org lacks."""

    answers: Answers
    way: str = "browser"
    signed_in: bool = False
    lacking: tuple[str, ...] = ()


@dataclass(frozen=True)
class Prepared:
    """What would be written, and the deployment that it makes: it has been loaded."""

    plan: Plan
    deployment: Deployment
    said: Said


class Conversation:
    """The folder that is written into, and the deployment that it belongs to."""

    def __init__(self, into: Path, *, offline: bool = False, quiet: bool = False) -> None:
        self.into = into
        self.root = DEFS if into.is_relative_to(DEFS) else into
        self.terminal = Terminal(quiet=quiet)
        self._offline = offline

    @cached_property
    def standing(self) -> Standing:
        """What the deployment has. Raises WrongYaml."""
        return read_standing(self.root)

    def read(self, file: Path | None) -> Said:
        """Answers without a question. Raises AnswersRefused."""
        answers = answered({} if file is None else read_told(file), self.standing, self.into)
        with offered_by(answers.connection.component(), offline=self._offline) as offered:
            return self._said(answers, offered)

    def asked(self) -> Said:
        """Answers of somebody at the terminal. Raises typer.Abort where they end it."""
        said = proposed(self.standing, self.into)
        self.terminal.say("[dim]Enter takes what is in brackets. Ctrl-C ends it, and nothing is written.[/]")
        connection = questions.ask_connection(self.terminal, self.standing, self.into, said.connection)
        with ExitStack() as stack:
            with self.terminal.waiting("asking the org"):
                offered = stack.enter_context(offered_by(connection.component(), offline=self._offline))
            self.terminal.say(self.terminal.safe(offered.told))
            way = "browser" if offered.org is not None else questions.ask_way(self.terminal)
            said = answered({"connection": connection.model_dump(exclude_unset=True)}, self.standing, self.into)
            said = said.model_copy(
                update={"imports": questions.ask_imports(self.terminal, self.standing, offered, said)}
            )
            audiences = questions.ask_audiences(self.terminal, self.standing, said)
            said = said.model_copy(update={"audiences": audiences})
            exports = questions.ask_exports(self.terminal, self.standing, offered, said)
            return self._said(said.model_copy(update={"exports": exports}), offered, way)

    def prepared(self, said: Said) -> Prepared:
        """What would be written. Raises AnswersRefused for what is in the way, WrongYaml where it would not load."""
        plan = planned(said.answers, self.standing, self.into)
        if plan.in_the_way:
            raise AnswersRefused("\n".join(plan.in_the_way))
        with self.terminal.waiting("trying whether it loads"):
            return Prepared(plan, tried(self.root, {each.file: each.after for each in plan.changes}), said)

    def show(self, prepared: Prepared) -> None:
        """Every file that would be new or different, and what the first import takes."""
        plan = prepared.plan
        for each in plan.changes:
            self.terminal.heading(f"{shown(each.file)}, {'a new file' if each.before is None else 'changed'}")
            if each.after in map(shipped_text, FILES):
                self.terminal.say(f"[dim]{count(each.after.count(chr(10)), 'line')}, as shipped[/]")
            else:
                text, language = (each.after, "yaml") if each.before is None else (differences(each), "diff")
                self.terminal.print(coloured(text.rstrip("\n"), language))
        for note in plan.notes:
            self.terminal.say(f"[yellow]{self.terminal.safe(note)}[/]")
        if not plan.changes:
            self.terminal.say("Everything is as it stands already.")
        if prepared.said.signed_in and not self.terminal.is_quiet:
            self._show_estimate(prepared.deployment, prepared.said.answers.imports.name)

    def _show_estimate(self, deployment: Deployment, name: str) -> None:
        """Rows, API calls and time, as `sf-elt estimate` has them."""
        from sf_elt.cli.estimate import show_estimate
        from sf_elt.components.estimate import estimate
        from sf_elt.components.resources import open_warehouse
        from sf_elt.streams import SpecRefused
        from sf_elt.warehouse import WarehouseError

        try:
            with self.terminal.waiting("asking Salesforce how much there is"):
                found = estimate(deployment, deployment.importer(name), open_warehouse())
        except (SalesforceError, SpecRefused, WarehouseError, OSError) as error:
            self.terminal.say(f"[yellow]{self.terminal.safe(str(error))}[/]")
            return
        self.terminal.say()
        show_estimate(found, datetime.now(UTC))

    def write(self, prepared: Prepared) -> Deployment:
        """Writes all files, or none; gives the deployment that then stands, which has been loaded.

        Raises OSError, and AnswersRefused where somebody has changed a file meanwhile.
        """
        write_changes(prepared.plan.changes)
        return prepared.deployment

    def told(self, prepared: Prepared, *, written: bool) -> dict[str, object]:
        """For programs: the files that were written, or would be."""
        files = [str(each.file) for each in prepared.plan.changes]
        return {
            "written": files if written else [],
            "would_write": [] if written else files,
            "notes": list(prepared.plan.notes),
            "missing_fields": list(prepared.said.lacking),
            "next": [command for command, _ in self._next(prepared.said)],
        }

    def end(self, loaded: Deployment, said: Said) -> None:
        """What is there now, what is left to do, and three commands."""
        streams = sum(len(each.imported) for each in loaded.imports)
        there = {
            "connection": len(loaded.connections), "stream": streams, "audience": len(loaded.audiences),
            "export": len(loaded.exports),
        }  # fmt: skip
        told = ", ".join(count(number, what) for what, number in there.items())
        self.terminal.say(f"\n[green]✓[/] The YAML loads: {told}.")
        if self.root != DEFS:
            self.terminal.say(f"This deployment runs what is in {shown(DEFS)}: copy it there.")
        self.terminal.heading("Next")
        for place, (command, what) in enumerate(self._next(said), start=1):
            self.terminal.say(f"  {place}. {self.terminal.safe(command)}\n     [dim]{what}[/]")

    def _next(self, said: Said) -> list[tuple[str, str]]:
        return next_commands(said.answers, said.way, signed_in=said.signed_in, lacking=bool(said.lacking))

    def _said(self, answers: Answers, offered: Offered, way: str = "browser") -> Said:
        lacking = tuple(self._lacking(answers, offered))
        return Said(answers, way, offered.org is not None, lacking)

    def _lacking(self, answers: Answers, offered: Offered) -> Iterator[str]:
        """Of what the org says; nothing of an object about which it cannot be asked now."""
        for each in answers.exports:
            with suppress(SalesforceError):
                yield from (f"{each.object}.{name}" for name in questions.lacking_of(offered, each))
