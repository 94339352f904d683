"""The short table at the end of the demo."""

from collections.abc import Callable, Mapping

from rich.table import Table

from sf_elt.demo.runs import STREAMS, WRITEBACK, Pass

AUDIENCES, PROFILES, MEMBERS = "insight/audiences", "profiles/profiles", ": members"
Cell = Callable[[Pass], str]


def table_of(passes: Mapping[str, Pass]) -> Table:
    """One column for each pass."""
    table = Table(title="What moved", title_justify="left", show_edge=False, pad_edge=False)
    table.add_column(no_wrap=True)
    for name in passes:
        table.add_column(name, justify="right", no_wrap=True)
    for label, cell in _rows(passes):
        table.add_row(label, *(cell(each) for each in passes.values()))
    return table


def _rows(passes: Mapping[str, Pass]) -> list[tuple[str, Cell]]:
    every = list(passes.values())
    streams = sorted({key for each in every for key in each.numbers if key.startswith(STREAMS)})
    named = sorted({name for each in every for name in each.numbers.get(AUDIENCES, {}) if name.endswith(MEMBERS)})
    exports = sorted(
        {key.removeprefix(WRITEBACK) for each in every for key in each.numbers if key.startswith(WRITEBACK)}
    )
    return [
        ("rows in", lambda each: f"{each.rows_in:,}"),
        ("new or changed", lambda each: f"{each.moved:,}"),
        *((f"  {key.removeprefix(STREAMS).removeprefix('salesforce_')}", _moved(key)) for key in streams),
        ("profiles", lambda each: f"{each.profiles:,}"),
        ("  new", lambda each: f"{each.of(PROFILES, 'profiles_new'):,}"),
        ("  changed", lambda each: f"{each.of(PROFILES, 'profiles_changed'):,}"),
        ("audiences", lambda _: ""),
        *((f"  {name.removesuffix(MEMBERS)}", _members(name.removesuffix(MEMBERS))) for name in named),
        ("records written", lambda each: f"{len(each.sent):,}"),
        *((f"  {export}", _written(export)) for export in exports),
        ("API calls", lambda each: f"{each.our_calls:,}"),
        ("  by the org's record", lambda each: f"{each.org_calls:,}"),
        ("seconds", lambda each: f"{each.seconds:.1f}"),
    ]


def _moved(key: str) -> Cell:
    return lambda each: f"{each.of(key, 'rows_new') + each.of(key, 'rows_changed'):,}"


def _members(name: str) -> Cell:
    def cell(each: Pass) -> str:
        members, entered, left = (each.of(AUDIENCES, f"{name}: {what}") for what in ("members", "entered", "left"))
        return f"{members:,} (+{entered:,} −{left:,})"

    return cell


def _written(export: str) -> Cell:
    return lambda each: f"{sum(sent.export == export for sent in each.sent):,}"
