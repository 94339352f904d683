"""What a mistake in the YAML says: file, line, attribute, and what would be accepted."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from sf_elt.components.resources import WarehouseResource
from sf_elt.components.wrong_yaml import yaml_told_plainly
from sf_elt_tests.components.conftest import ROOT

PYPROJECT = '[tool.dg]\ndirectory_type = "project"\n[tool.dg.project]\nroot_module = "{module}"\n'


def load_changed(
    folder: Path, file: str, old: str, new: str, monkeypatch: pytest.MonkeyPatch, *, whole: bool = False
) -> str:
    """Loads a copy of the project's defs in which one line is different; gives everything that is said about it.

    To an import nothing but the connection matters: without `whole` the rest is left out.
    """
    module = f"changed_{abs(hash(str(folder)))}"
    defs = folder / module / "defs"
    others = {each.name for each in (ROOT / "sf_elt" / "defs").iterdir()} - {"__init__.py", "connection", "imports"}
    left_out = others if file == "imports/defs.yaml" and not whole else set()
    shutil.copytree(ROOT / "sf_elt" / "defs", defs, ignore=lambda at, _: left_out if Path(at).name == "defs" else set())
    (folder / "pyproject.toml").write_text(PYPROJECT.format(module=module), "utf-8")
    (folder / module / "__init__.py").touch()
    text = (defs / file).read_text("utf-8")
    assert old in text
    (defs / file).write_text(text.replace(old, new, 1), "utf-8")
    monkeypatch.syspath_prepend(str(folder))
    try:
        with yaml_told_plainly(defs):
            loaded = dg.load_from_defs_folder(path_within_project=defs.parent)
        dg.Definitions.validate_loadable(
            dg.Definitions.merge(loaded, dg.Definitions(resources={"warehouse": WarehouseResource()}))
        )
    except Exception as error:
        return "\n".join(_chain(error))
    return "nothing"


def _chain(error: BaseException | None) -> list[str]:
    return [] if error is None else [str(error), *_chain(error.__cause__)]


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        pytest.param(
            "imports/defs.yaml", "type:",
            2 * "type: sf_elt.components.EventImport\nattributes: {stream: a, paths: [a]}\n---\n" + "type:",
            r"imports/defs\.yaml:2 attributes\.stream: stream 'a' has more than one EventImport",
            id="a stream of two imports of events",
        ),
        pytest.param(
            "imports/defs.yaml", "type: sf_elt.components.SalesforceImport", "type: sf_elt.components.SalesforceImprt",
            r"^\S*imports/defs\.yaml:\d+ type: there is no 'sf_elt\.components\.SalesforceImprt'; "
            r"did you mean 'sf_elt\.components\.SalesforceImport'\?",
            id="type",
        ),
        pytest.param(
            "imports/defs.yaml", "connection: salesforce", "connection: salesforse",
            r"imports/defs\.yaml:\d+ attributes\.connection: there is no connection 'salesforse'; did you mean 'salesf",
            id="connection",
        ),
        pytest.param(
            "imports/defs.yaml", "look_back_minutes:", "lookback_minutes:",
            r"imports/defs\.yaml:\d+ attributes\.lookback_minutes: there is no attribute 'lookback_minutes'; "
            r"did you mean 'look_back_minutes'\?",
            id="attribute",
        ),
        pytest.param(
            "imports/defs.yaml", "- object: Contact\n", "- objekt: Contact\n",
            r"imports/defs\.yaml:\d+ attributes\.objects\.1\.objekt: .*did you mean 'object'\?",
            id="attribute in a list",
        ),
        pytest.param(
            "imports/defs.yaml", "look_back_minutes: 10", "look_back_minutes: ten",
            r"imports/defs\.yaml:\d+ attributes\.look_back_minutes: Input should be a valid integer",
            id="number",
        ),
        pytest.param(
            "imports/defs.yaml", "look_back_minutes: 10", "look_back_minutes: -1",
            r"^\S*imports/defs\.yaml:\d+ attributes\.look_back_minutes: Input should be greater than or equal to 0$",
            id="limit",
        ),
        pytest.param(
            "imports/defs.yaml", '["team:marketing-operations"]', "[marketing]",
            r"imports/defs\.yaml:\d+ attributes\.owners\.0: 'marketing' is no owner; accepted are an email address and",
            id="owner",
        ),
        pytest.param(
            "imports/defs.yaml", '["team:marketing-operations"]', """["{{ env('OWNER_OF_STREAMS', 'team:data') }}"]""",
            r"^nothing$",
            id="owner from the environment",
        ),
        pytest.param(
            "imports/defs.yaml", "attributes:\n", "attributes:\n  group: my streams\n",
            r"imports/defs\.yaml:\d+ attributes\.group: 'my streams' is no group; accepted are a to z",
            id="group",
        ),
        pytest.param(
            "imports/defs.yaml", "partitions: daily", "partitions: weekly",
            r"attributes\.partitions.*'daily' or 'hourly'",
            id="choice",
        ),
        pytest.param(
            "imports/defs.yaml", 'frequency: hourly', "frequency: hourley",
            r"imports/defs\.yaml:\d+ attributes\.frequency: 'hourley' is neither a frequency nor a cron .*"
            r"did you mean 'hourly'\? Accepted: 10 minutes, .*weekly\.",
            id="frequency",
        ),
        pytest.param(
            "imports/defs.yaml", 'frequency: hourly', 'frequency: "0 24 * * *"',
            r"attributes\.frequency: '0 24 \* \* \*' is neither a frequency nor a cron expression such as '0 7",
            id="cron",
        ),
        pytest.param(
            "imports/defs.yaml", 'frequency: hourly', 'time_zone: Europe/Berlijn',
            r"imports/defs\.yaml:\d+ attributes\.time_zone: there is no time zone 'Europe/Berlijn'; did you mean "
            r"'Europe/Berlin'\? Accepted: Europe/Berlin, [\w/]+, [\w/]+ and \d+ more\.",
            id="time zone",
        ),
        pytest.param(
            "imports/defs.yaml", 'frequency: hourly', 'frequency: daily\n  time_of_day: "24:30"',
            r"imports/defs\.yaml:\d+ attributes\.time_of_day: '24:30' is no time of day; accepted are 00:00 to 23:59",
            id="time of day",
        ),
        pytest.param(
            "imports/defs.yaml", 'frequency: hourly', 'frequency: daily\n  time_of_day: 17:30',
            r"attributes\.time_of_day: 1050 is no time of day; YAML reads 17:30 without quotes as .*write \"17:30\"",
            id="time of day without quotes",
        ),
        pytest.param(
            "imports/defs.yaml", 'frequency: hourly', 'frequency: hourly\n  time_of_day: "07:30"',
            r"imports/defs\.yaml:\d+ attributes\.time_of_day: time_of_day goes with frequency 'daily' or 'weekly', and "
            r"this one is 'hourly': it runs all day long",
            id="time of day of every hour",
        ),
        pytest.param(
            "imports/defs.yaml", 'frequency: hourly', 'frequency: "0 7 * * *"\n  time_of_day: "07:30"',
            r"attributes\.time_of_day: time_of_day .* '0 7 \* \* \*': a cron expression has the time in it",
            id="time of day of a cron expression",
        ),
        pytest.param(
            "imports/defs.yaml", 'frequency: hourly', 'frequency: weekly\n  day_of_week: wensday',
            r"imports/defs\.yaml:\d+ attributes\.day_of_week: there is no day 'wensday'; did you mean 'wednesday'\?",
            id="day",
        ),
        pytest.param(
            "imports/defs.yaml", 'frequency: hourly', 'frequency: daily\n  day_of_week: friday',
            r"imports/defs\.yaml:\d+ attributes\.day_of_week: day_of_week goes with frequency 'weekly' only, and this "
            r"one is 'daily'",
            id="day of a daily schedule",
        ),
        pytest.param(
            "imports/defs.yaml", "- object: Contact\n", "- object: Contact\n      since: 2026-13-01\n",
            r"imports/defs\.yaml:\d+ attributes\.objects\.1\.since: '2026-13-01' is no day and no time; accepted are",
            id="since",
        ),
        pytest.param(
            "imports/defs.yaml", "- object: Contact\n", "- object: Contact\n      fields: standart\n",
            r"^\S*imports/defs\.yaml:\d+ attributes\.objects\.1\.fields: .*should be 'all' or 'standard', or a list$",
            id="set of fields",
        ),
        pytest.param(
            "imports/defs.yaml", "deletes: track", "deletes: forget",
            r"attributes\.deletes.*'track' or 'ignore'",
            id="deletes",
        ),
        pytest.param(
            "imports/defs.yaml", "start: \"{{ env('SF_ELT_START', '') or '2024-11-01' }}\"", "start: yesterday",
            r"imports/defs\.yaml:\d+ attributes\.start: 'yesterday' is no day; accepted is, for example, '2024-11-01'",
            id="start",
        ),
        pytest.param(
            "imports/defs.yaml", "start: \"{{ env('SF_ELT_START', '') or '2024-11-01' }}\"", "start: 2999-01-01",
            r"imports/defs\.yaml:\d+ attributes\.start: 2999-01-01 has not come yet",
            id="start in the future",
        ),
        pytest.param(
            "imports/defs.yaml", "- object: Account\n", "- object: Account\n      stream: salesforce_leads\n",
            r"imports/defs\.yaml:\d+ attributes\.objects\.\d\.stream: stream 'salesforce_leads' is written more than",
            id="stream twice",
        ),
        pytest.param(
            "imports/defs.yaml", "- object: Contact", "- object: lead",
            r"imports/defs\.yaml:\d+ attributes\.objects\.\d\.object: stream 'salesforce_leads' is written more than",
            id="object twice",
        ),
        pytest.param(
            "imports/defs.yaml",
            "- object: Account", "- {object: Event, timestamp_field: none, since: 2026-01-01}\n    - object: Account",
            r"imports/defs\.yaml:\d+ attributes\.objects\.2: timestamp_field none reads the object whole: there is no",
            id="since of what has no timestamp",
        ),
        pytest.param(
            "profiles/defs.yaml", "stream: salesforce_accounts, source: account_contact_id",
            "stream: salesforce_acounts, source: account_contact_id",
            r"profiles/defs\.yaml:\d+ attributes\.mapping\.0\.stream: there is no stream 'salesforce_acounts'; "
            r"did you mean 'salesforce_accounts'\?",
            id="stream of a mapping",
        ),
        pytest.param(
            "profiles/defs.yaml", "source: account_created_date, to: salesforce_account_created_date, type: date",
            "source: account_created_date, to: salesforce_account_created_date, type: string",
            r"profiles/defs\.yaml:\d+ attributes\.mapping\.\d+\.type: salesforce_accounts: .*cannot "
            r"set \*string\* field `salesforce_account_created_date` from \*date\* field `account_created_date`",
            id="type of a mapping",
        ),
        pytest.param(
            "profiles/defs.yaml", "source: account_industry,", "source: uper(account_industry),",
            r"profiles/defs\.yaml:\d+ attributes\.mapping\.\d+\.source: .*the function `uper` is not accepted "
            r"\(did you mean upper\?\)",
            id="expression of a mapping",
        ),
        pytest.param(
            "profiles/defs.yaml", "source: account_industry,", "source: acount_industry,",
            r"profiles/defs\.yaml:\d+ attributes\.mapping\.\d+\.source: .*no column acount_industry "
            r"\(did you mean account_industry\?\)",
            id="column of a mapping",
        ),
        pytest.param(
            "profiles/defs.yaml", "to: salesforce_account_industry", "to: maturity",
            r"profiles/defs\.yaml:\d+ attributes\.mapping\.\d+\.to: `maturity` is a score or an interest: choose",
            id="user field of a score's name",
        ),
        pytest.param(
            "scores/defs.yaml", "[web_events]", "[web_event]",
            r"scores/defs\.yaml:\d+ attributes\.streams\.0: there is no stream 'web_event'; did you mean 'web_events",
            id="stream of scores",
        ),
        pytest.param(
            "audiences/defs.yaml", "condition: frequency > 65", "condition: frequenzy > 65",
            r"audiences/defs\.yaml:\d+ attributes\.audiences\.0\.condition: .*frequenzy.*frequency",
            id="column of a condition",
        ),
        pytest.param(
            "audiences/defs.yaml", "condition: intensity > 75", "condition: salesforce_lead_status > 5",
            r"audiences/defs\.yaml:\d+ attributes\.audiences\.3\.condition: `salesforce_lead_status > 5` cannot take "
            r"\*string\* field",
            id="type in a condition",
        ),
        pytest.param(
            "audiences/defs.yaml", "condition: frequency < 35", "condition: in_audience('Frequent visitor')",
            r"audiences/defs\.yaml:\d+ attributes\.audiences\.2\.condition: there is no audience `Frequent visitor` "
            r"\(did you mean Frequent visitors\?\)",
            id="audience of a condition",
        ),
        pytest.param(
            "exports/defs.yaml", "audiences: [Frequent visitors,", "audiences: ['2024',",
            r"exports/defs\.yaml:\d+ attributes\.audiences\.0: there is no audience '2024'; accepted",
            id="audience like a number",
        ),
        pytest.param(
            "exports/defs.yaml", "audiences: [Frequent visitors,", "audiences: [yes,",
            r"exports/defs\.yaml:\d+ attributes\.audiences\.0: YAML reads True here, which is no text: put it in",
            id="audience that YAML takes for something else",
        ),
        pytest.param(
            "exports/defs.yaml", "audiences: [Frequent visitors,", "audiences: [Frequent visitor,",
            r"exports/defs\.yaml:\d+ attributes\.audiences\.0: there is no audience 'Frequent visitor'; "
            r"did you mean 'Frequent visitors'\?",
            id="audience",
        ),
        pytest.param(
            "exports/defs.yaml", "match: salesforce_lead_ids", "match: salesforce_lead_id",
            r"exports/defs\.yaml:\d+ attributes\.match: there is no user field 'salesforce_lead_id'; "
            r"did you mean 'salesforce_lead_ids'\?",
            id="user field",
        ),
        pytest.param(
            "exports/defs.yaml", "{Content_Affinity__c: top_topics}", "{Content_Affinity__c: {konstant: Web}}",
            r"exports/defs\.yaml:\d+ attributes\.fields\.Content_Affinity__c: a value comes from a user field",
            id="kind of a source",
        ),
        pytest.param(
            "exports/defs.yaml", "{Content_Affinity__c: top_topics}", '{Content_Affinity__c: {template: "{email"}}',
            r"exports/defs\.yaml:\d+ attributes\.fields\.Content_Affinity__c\.template: .* a brace is not closed",
            id="template",
        ),
        pytest.param(
            "exports/defs.yaml", "name: leads", "name: leads\n  time_of_day: '07:30'",
            r"exports/defs\.yaml:\d+ attributes\.time_of_day: time_of_day goes with frequency, and there is none",
            id="time without frequency",
        ),
    ],
)  # fmt: skip
def test_a_mistake_is_located_and_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, old: str, new: str, said: str
) -> None:
    """One wrong word anywhere in the YAML is named with its file, its line and the nearest right one."""
    assert re.search(said, load_changed(tmp_path, file, old, new, monkeypatch))


def test_a_template_may_stand_for_a_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`{{ env('NAME', 'default') }}` works in every attribute of an import, numbers included."""
    new = "look_back_minutes: \"{{ env('MINUTES', '15') }}\""
    assert load_changed(tmp_path, "imports/defs.yaml", "look_back_minutes: 10", new, monkeypatch) == "nothing"


def test_an_export_runs_at_times_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has a schedule only where its YAML says how often, in the time zone that it names."""
    friday = "frequency: weekly\n  day_of_week: friday\n  time_of_day: '07:30'\n  time_zone: Europe/Berlin"
    assert (
        load_changed(tmp_path, "exports/defs.yaml", "name: leads", f"name: leads\n  {friday}", monkeypatch) == "nothing"
    )
    loaded = dg.load_from_defs_folder(path_within_project=tmp_path / f"changed_{abs(hash(str(tmp_path)))}")
    (schedule,) = (each for each in loaded.schedules or [] if each.name.endswith("_export_schedule"))
    assert isinstance(schedule, dg.ScheduleDefinition)
    assert (schedule.name, schedule.cron_schedule, schedule.execution_timezone, schedule.job_name) == (
        "leads_export_schedule", "30 7 * * 5", "Europe/Berlin", "leads_export",
    )  # fmt: skip


def test_two_imports_of_one_name_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second would take the first one's job and schedule: the name is located."""
    second = "  - {object: Contact}\n---\ntype: sf_elt.components.SalesforceImport\nattributes:\n  name: salesforce\n"
    second += "  connection: salesforce\n  start: 2026-01-01\n  objects: [{object: Campaign}]\n"
    text = (ROOT / "sf_elt/defs/imports/defs.yaml").read_text("utf-8")
    objects = text[text.index("  objects:") :]
    said = load_changed(tmp_path, "imports/defs.yaml", objects, f"  objects:\n  {second}", monkeypatch)
    assert re.search(r"imports/defs\.yaml:\d+ attributes\.name: there is more than one import 'salesforce'", said)


def test_without_leads_everything_else_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """import_leads false breaks nothing that is made from leads: mapping, audiences and exports load as before."""
    old, new = "partitions: daily", "import_leads: false"
    assert load_changed(tmp_path, "imports/defs.yaml", old, new, monkeypatch, whole=True) == "nothing"


def test_a_mistyped_switch_is_located(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment variable that is neither true nor false is an error about the attribute that it fills."""
    monkeypatch.setenv("SF_ELT_WRITE_BACK", "please")
    said = load_changed(tmp_path, "exports/defs.yaml", "name: leads", "name: leads", monkeypatch)
    assert re.search(
        r"exports/defs\.yaml:\d+ attributes\.keep_updated: accepted are true and false, and not 'please'", said
    )
    assert "(the environment variable SF_ELT_WRITE_BACK says so)" in said.splitlines()[0]


def test_dg_check_yaml_accepts_the_project() -> None:
    """`dg check yaml` finds nothing to complain about in the project's own YAML."""
    dg_command = Path(sys.executable).with_name("dg")
    if not dg_command.exists():
        pytest.skip("dagster-dg-cli is not installed")
    done = subprocess.run(
        [dg_command, "check", "yaml"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert "All component YAML validated successfully" in done.stdout
    assert done.returncode == 0
