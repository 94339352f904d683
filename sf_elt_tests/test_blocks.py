"""Every fenced block of the documentation is held to what there is: by which test, or why by none.

A new block fails here until a row of the table takes it. A row for all blocks of a page names a test that takes all.
"""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatch
from io import StringIO
from pathlib import Path

import pytest
import yaml
from dotenv import dotenv_values

from sf_elt.alerts.channels import as_json
from sf_elt.alerts.messages import trial_message
from sf_elt.components.exports.salesforce_export import ExportConfig
from sf_elt.components.imports.run_config import ImportConfig
from sf_elt.components.imports.upkeep import ReconcileConfig
from sf_elt.components.profiles import BuildConfig
from sf_elt.demo_org.auth.apps import read_apps
from sf_elt.insight.condition_types import type_faults
from sf_elt.insight.conditions import ConditionRefused, parse_condition
from sf_elt_tests.pages import FENCE, PAGES, ROOT, Block, blocks
from sf_elt_tests.test_docs import COMPONENTS

TESTS = ROOT / "sf_elt_tests"
NOT_RUN = "not run: "
SHELL = "soak/test_pages_at_a_shell.py::"
OWN_ORG = f"{SHELL}test_an_org_of_ones_own"
CLIENTS = f"{SHELL}test_the_demo_org_for_other_clients"
COMMANDS = "soak/test_commands_at_a_shell.py::test_every_line_of_the_page_is_typed"
CLI = "soak/test_salesforce_cli.py::test_the_page_as_it_stands"


@dataclass(frozen=True)
class Held:
    """Blocks of a page (below docs/, or README.md) in a language that begin so, and the test that holds them."""

    page: str
    language: str
    begins: str
    by: str

    def takes(self, block: Block) -> bool:
        """Whether it is about the block."""
        if block.language != self.language or not block.text.startswith(self.begins):
            return False
        return fnmatch(block.page.relative_to(ROOT).as_posix().removeprefix("docs/"), self.page)


HELD = [Held(*row) for row in (
    ("*", "yaml", "type: sf_elt.components.", "test_docs.py::test_yaml_of_components_is_accepted"),
    ("*", "yaml", "ops:", "test_blocks.py::test_options_of_a_run_are_accepted"),
    ("exports/*", "yaml", "", "test_blocks.py::test_a_part_of_a_component_is_accepted"),
    ("imports/*", "yaml", "", "test_blocks.py::test_a_part_of_a_component_is_accepted"),
    ("quick-start.md", "yaml", "connection:", "test_docs.py::test_the_quick_start_holds"),
    ("production.md", "yaml", "storage:", "test_blocks.py::test_the_storage_is_that_of_the_settings"),
    ("demo-org/logins.md", "yaml", "- name:", "test_blocks.py::test_the_apps_of_the_page_are_read"),
    ("alerts.md", "ini", "", "test_blocks.py::test_a_variable_of_alerts_is_one_that_the_yaml_names"),
    ("alerts.md", "json", "", "test_blocks.py::test_the_webhooks_json_has_the_names_that_are_sent"),
    ("*", "sql", "", "test_docs.py::test_sql_runs"),
    ("demo-org/testing-with-pytest.md", "python", "import pytest", CLIENTS),
    ("*", "python", "", "test_docs.py::test_python_runs"),
    ("demo-org/clients.md", "js", "", "demo_org/test_jsforce.py::test_the_documented_program_runs"),
    ("README.md", "text", "The whole loop", f"{SHELL}test_the_readme_in_a_fresh_clone"),
    ("setup.md", "text", "sf-elt setup", COMMANDS),
    # Commands.
    ("README.md", "sh", "make test", f"{NOT_RUN}it is what runs these tests"),
    ("README.md", "sh", ".venv/bin/sf-elt init", "cli/test_init.py::test_somebody_answers_at_a_terminal"),
    ("README.md", "sh", "make d", f"{SHELL}test_the_readme_in_a_fresh_clone"),
    ("README.md", "sh", "make .venv/.runtime", f"{SHELL}test_the_readme_in_a_fresh_clone"),
    ("quick-start.md", "sh", "make demo", f"{SHELL}test_the_readme_in_a_fresh_clone"),
    ("*", "sh", 'DAGSTER_HOME="$PWD" .venv/bin/dagster dev', f"{SHELL}test_the_readme_in_a_fresh_clone"),
    ("quick-start.md", "sh", ".venv/bin/sf-elt login", "cli/test_login.py::test_a_browser_of_this_machine_opens"),
    ("quick-start.md", "sh", ".venv/bin/sf-elt check", OWN_ORG),
    ("quick-start.md", "sh", "", "test_docs.py::test_the_quick_start_holds"),
    ("connecting.md", "sh", "sf-elt login salesforce --no-browser",
     "cli/test_login.py::test_a_connection_from_its_first_login_to_its_last"),
    ("connecting.md", "sh", "sf-elt keys new", OWN_ORG),
    ("connecting.md", "sh", "sf-elt keys token", OWN_ORG),
    ("connecting.md", "sh", "sf-elt logout", OWN_ORG),
    ("connecting.md", "sh", ".venv/bin/sf-elt check", OWN_ORG),
    ("commands.md", "sh", "", COMMANDS),
    ("audiences.md", "sh", "", "cli/test_audiences.py::test_the_commands_of_the_page_run"),
    ("exports.md", "sh", "", "cli/test_export.py::test_the_commands_of_the_page_run"),
    ("look-ups.md", "console", "$ sf-elt sf campaigns --active", COMMANDS),
    ("look-ups.md", "sh", "", "cli/test_look_ups_page.py::test_commands_of_the_page_run"),
    ("preflight.md", "sh", "", "cli/test_check_and_estimate.py::test_the_commands_of_the_page_run"),
    ("report.md", "sh", "", "cli/test_report.py::test_the_commands_of_the_page_run"),
    ("setup.md", "sh", "", "cli/test_setup.py::test_the_commands_of_the_page_run"),
    ("demo-org/*.md", "sh", "", "demo_org/test_demo_org_pages.py::test_commands_of_a_page_run"),
    ("alerts.md", "sh", ".venv/bin/dg scaffold", f"{SHELL}test_alerts"),
    ("alerts.md", "console", "$ .venv/bin/sf-elt alerts ", f"{SHELL}test_alerts"),
    ("demo-org.md", "sh", "export SALESFORCE", OWN_ORG),
    ("imports.md", "sh", ".venv/bin/dg launch", OWN_ORG),
    ("imports/upkeep.md", "sh", ".venv/bin/dg launch", OWN_ORG),
    ("privacy.md", "sh", ".venv/bin/sf-elt erase", OWN_ORG),
    ("quotas.md", "console", "$ .venv/bin/sf-elt estimate", OWN_ORG),
    ("recovery.md", "sh", "mv data/warehouse", OWN_ORG),
    ("analysts.md", "console", "$ .venv/bin/python", OWN_ORG),
    ("analysts.md", "console", "$ .venv/bin/pip", f"{SHELL}test_a_notebook_of_ones_own"),
    ("demo-org.md", "console", "$ make", f"{SHELL}test_the_readme_in_a_fresh_clone"),
    ("demo-org/clients.md", "console", "$ .venv/bin/sf-elt demo-org", CLIENTS),
    ("demo-org/clients.md", "console", "$ SF_ACCESS_TOKEN=", CLI),
    ("demo-org/clients.md", "console", "$ sf org login", CLI),
    ("demo-org/clients.md", "console", "$ curl", CLIENTS),
    ("demo-org/reading.md", "console", "$ query ", CLIENTS),
    ("demo-org/testing-with-pytest.md", "console", "$ python -m pip", CLIENTS),
    ("production.md", "console", "", "soak/test_production_page.py::test_the_page_holds_on_a_machine"),
    ("audiences.md", "console", "there is no field", "test_blocks.py::test_errors_of_conditions_are_as_shown"),
    ("audiences.md", "console", "At risk", "cli/test_audiences.py::test_one_audience_is_shown_in_detail"),
)]  # fmt: skip

NAMED = {"connection": "x", "name": "x"}
PARTS = {
    "operation": ("SalesforceExport", {**NAMED, "object": "Lead"}),
    "fields_on_create": ("SalesforceExport", {**NAMED, "object": "Contact", "operation": "upsert"}),
    "stream": ("EventImport", {}),
    "formula_refresh": (
        "SalesforceImport",
        {"connection": "x", "name": "x", "objects": [{"object": "Lead"}], "start": "2026-01-01"},
    ),
}
"""The first attribute of a part of a component → the component, and what it cannot be without."""

CONDITION_TYPES = {"salesforce_lead_status": "VARCHAR", "emaildomains": "VARCHAR[]", "created_at": "TIMESTAMP"}


def _every_block() -> list[Block]:
    languages = {match[2] for page in PAGES for match in FENCE.finditer(page.read_text("utf-8"))}
    return [each for language in sorted(languages) for each in blocks(language)]


EVERY = _every_block()


def _held_by(test: str) -> list[Block]:
    return [each for each in EVERY if [row.by for row in _first_rows(each)] == [f"test_blocks.py::{test}"]]


def test_every_block_has_its_test_or_a_reason() -> None:
    """A new page or block stands in the table, under a language; a row that is about nothing goes."""
    assert [f"{block} {block.language}: {block.text[:40]}" for block in EVERY if not _first_rows(block)] == []
    used = {row for block in EVERY for row in _first_rows(block)}
    assert [row for row in HELD if row not in used] == []


def test_every_test_of_the_table_is_there() -> None:
    """The file has such a function."""
    tests = sorted({row.by for row in HELD if not row.by.startswith(NOT_RUN)})
    missing = [
        by for by in tests if f"\ndef {by.partition('::')[2]}(" not in (TESTS / by.partition("::")[0]).read_text()
    ]
    assert missing == []


def _first_rows(block: Block) -> list[Held]:
    return [row for row in HELD if row.takes(block)][:1]


def test_options_of_a_run_are_accepted() -> None:
    """Each is one of the configurations that assets take, which knows no other option."""
    configs = [BuildConfig, ExportConfig, ImportConfig, ReconcileConfig]
    shown = _held_by("test_options_of_a_run_are_accepted")
    for block in shown:
        for step in yaml.safe_load(block.text)["ops"].values():
            given = step["config"]
            takers = [each for each in configs if given.keys() <= each.model_fields.keys()]
            assert takers, block
            takers[0](**given)
    assert len(shown) >= 6


def test_a_part_of_a_component_is_accepted() -> None:
    """With what the component cannot be without it is one."""
    for block in _held_by("test_a_part_of_a_component_is_accepted"):
        given = yaml.safe_load(block.text)
        given = given.get("attributes", given)
        name, rest = PARTS[next(iter(given))]
        COMPONENTS[name].model().model_validate({**rest, **given})


def test_the_storage_is_that_of_the_settings() -> None:
    """What docs/production.md shows of deploy/dagster.yaml is what stands there."""
    [block] = _held_by("test_the_storage_is_that_of_the_settings")
    assert (
        yaml.safe_load(block.text)["storage"] == yaml.safe_load((ROOT / "deploy/dagster.yaml").read_text())["storage"]
    )


def test_the_apps_of_the_page_are_read(tmp_path: Path) -> None:
    """The file is one that the demo org's `--apps` reads."""
    [block] = _held_by("test_the_apps_of_the_page_are_read")
    (tmp_path / "apps.yaml").write_text(block.text)
    assert [app.client_id for app in read_apps(tmp_path / "apps.yaml")] == ["reporting"]


def test_a_variable_of_alerts_is_one_that_the_yaml_names() -> None:
    """The line for .env is one that dotenv reads, and the component's YAML on the page names the variable."""
    [block] = _held_by("test_a_variable_of_alerts_is_one_that_the_yaml_names")
    [component] = [each for each in blocks("yaml") if each.page == block.page]
    [(name, value)] = dotenv_values(stream=StringIO(block.text)).items()
    assert value
    assert value.startswith("https://")
    assert name in re.findall(r"_env: (\w+)", component.text)


def test_the_webhooks_json_has_the_names_that_are_sent() -> None:
    """In the same order, with values of the same types."""
    [block] = _held_by("test_the_webhooks_json_has_the_names_that_are_sent")
    shown, sent = json.loads(block.text), as_json(trial_message("webhook", datetime.now(UTC)))
    assert list(shown) == list(sent)
    assert {name: type(value) for name, value in shown.items()} == {name: type(value) for name, value in sent.items()}


def test_errors_of_conditions_are_as_shown() -> None:
    """Each of the page's errors is what its condition is answered with."""
    [block] = _held_by("test_errors_of_conditions_are_as_shown")
    unknown, *wrong = block.text.splitlines()
    with pytest.raises(ConditionRefused, match=re.escape(unknown)):
        parse_condition("salesforce_lead_statu = 'Open'", CONDITION_TYPES, [])
    texts = [line.split("`")[1] for line in wrong]
    faults = type_faults({text: parse_condition(text, CONDITION_TYPES, []) for text in texts}, CONDITION_TYPES)
    assert [fault[: len(line) - 2] for fault, line in zip(faults.values(), wrong, strict=True)] == [
        line[:-2] for line in wrong
    ]
