"""The project whose YAML marked people go through: this project's own, but for what is imported and exported.

module = marked_project(folder, "2026-01-31", receivers)     # None instead of receivers: what the short form needs
definitions_of(module)
"""

import shutil
from pathlib import Path

import dagster as dg

from sf_elt.components.resources import WarehouseResource
from sf_elt_tests.components.conftest import ROOT
from sf_elt_tests.components.test_yaml import PYPROJECT
from sf_elt_tests.safety.alerted import Receivers
from sf_elt_tests.safety.crowd import FUZZY
from sf_elt_tests.safety.marks import PEOPLE

NAME = "marked_project"

_IMPORTS = """
type: sf_elt.components.SalesforceImport
attributes:
  name: by_bulk
  connection: salesforce
  start: "{start}"
  transport: bulk
  max_daily_api_calls: 5000
  objects: [{{object: Lead}}]
---
type: sf_elt.components.SalesforceImport
attributes:
  name: by_rest
  connection: salesforce
  start: "{start}"
  transport: rest
  objects: [{{object: Contact}}, {{object: Account}}, {{object: Opportunity}}, {{object: OpportunityContactRole}}]
"""

_EXPORTS = """
type: sf_elt.components.SalesforceExport
attributes:
  name: leads
  connection: salesforce
  object: Lead
  match: salesforce_lead_ids
  audiences_field: Audiences__c
  audiences: [Frequent visitors]
  fields: {Title: salesforce_lead_name, Website: email}
---
type: sf_elt.components.SalesforceExport
attributes:
  name: people
  connection: salesforce
  object: Contact
  operation: upsert
  matchers: {Email: email}
  fields: {Department: salesforce_lead_name}
  fields_on_create: {LastName: email}
"""

_MORE_IMPORTS = """
---
type: sf_elt.components.SalesforceImport
attributes:
  name: kept_by_schedule
  connection: salesforce
  start: "{start}"
  transport: rest
  max_daily_api_calls: 5000
  frequency: "*/2 * * * *"
  formula_refresh: daily
  reconcile: weekly
  objects:
    - {{object: Subscription__c, additional_fields: [Owner.Name, Contact__r.Email]}}
    - {{object: User, timestamp_field: none}}
    - {{object: Campaign}}
    - {{object: CampaignMember}}
    - {{object: Task}}
"""

_MORE_EVENTS = """
type: sf_elt.components.EventImport
attributes: {stream: app_events, paths: [app_events], watch: true, columns: {email: who}}
---
type: sf_elt.components.EventImport
attributes: {stream: torn_events, paths: [torn_events], keep_updated: false}
"""

_MORE_EXPORTS = """
---
type: sf_elt.components.SalesforceExport
attributes:
  name: by_job
  connection: salesforce
  object: Lead
  match: salesforce_lead_ids
  transport: bulk
  audiences_field: Groups_Of_Marked__c
  audiences: [Frequent visitors, Wanted]
  affinity_field: Content_Affinity__c
  fields: {Description: salesforce_lead_name, Street: email}
---
type: sf_elt.components.SalesforceExport
attributes:
  name: signed_up
  connection: salesforce
  object: Lead
  operation: upsert
  events: app_events
  where: type = 'identify'
  group_by: email
  matchers: {Email: email}
  fields: {Title: wishes}
  fields_on_create:
    LastName: {first: [last_name, email]}
    Company: {template: "{last_name} and friends"}
    OwnerId: {find: User, by: Email, equals: wishes}
---
type: sf_elt.components.SalesforceExport
attributes:
  name: touchpoints
  connection: salesforce
  object: Task
  operation: create
  events: web_events
  where: type = 'page' and occurred_at > now() - interval 30 days
  key: event_id
  fields:
    Subject: {template: "{email} saw {title}"}
    Description: anonymous_id
    Status: {constant: Completed}
    ActivityDate: occurred_at
    WhoId: {first: [salesforce_contact_ids, salesforce_lead_ids], required: true}
---
type: sf_elt.components.SalesforceExport
attributes:
  name: invited
  connection: salesforce
  object: CampaignMember
  operation: upsert
  audiences: [Wanted]
  only_members: true
  matchers: {CampaignId: {find: Campaign, by: Name, equals: {constant: Spring webinar}}, LeadId: salesforce_lead_ids}
  fields: {Status: {constant: Sent}}
---
type: sf_elt.components.SalesforceExport
attributes:
  name: keyed
  connection: salesforce
  object: Subscription__c
  operation: mirror
  matchers: {External_Key__c: email}
  external_id: External_Key__c
  condition: salesforce_lead_title IS NOT NULL AND len(salesforce_contact_ids) = 0
  fields: {Name: salesforce_lead_name, Contact__c: {find: Contact, by: Email, equals: email}}
---
type: sf_elt.components.SalesforceExport
attributes:
  name: cleared_out
  connection: salesforce
  object: Lead
  operation: delete
  matchers: {Email: email}
  condition: salesforce_lead_phone IS NULL AND len(salesforce_lead_ids) > 0
---
type: sf_elt.components.SalesforceExport
attributes:
  name: by_itself
  connection: salesforce
  object: Contact
  match: salesforce_contact_ids
  fields: {Description: email, AssistantName: salesforce_lead_name}
  keep_updated: true
"""

_MORE_AUDIENCES = """    - name: Wanted
      description: Leads whom somebody knows by name.
      condition: salesforce_lead_last_name LIKE '%lastborn'
"""

_BEFORE = "  # What keeps two people"


def marked_project(folder: Path, start: str, got: Receivers | None) -> Path:
    """The project below the folder, with a link by hand in a file; and with all else where alerts are received."""
    project = folder / "project"
    module = project / NAME
    shutil.copytree(ROOT / "sf_elt" / "defs", module / "defs")
    (project / "pyproject.toml").write_text(PYPROJECT.format(module=NAME), "utf-8")
    (module / "__init__.py").touch()
    more = got is not None
    _write(module, "imports", (_IMPORTS + (_MORE_IMPORTS if more else "")).format(start=start))
    _write(module, "exports", _EXPORTS + (_MORE_EXPORTS if more else ""))
    (folder / "links.csv").write_text(
        "kind,value,other_kind,other_value\n"
        f"email,{PEOPLE['manual']},email,{PEOPLE['address']}\n"
    )  # fmt: skip
    links = "  links_file: ../../../../links.csv\n"
    _insert(module, "profiles", (links + FUZZY if more else links), _BEFORE)
    if got is not None:
        _write(module, "alerts", got.component())
        _write(module, "more_events", _MORE_EVENTS)
        _insert(module, "audiences", _MORE_AUDIENCES, "    - name: Infrequent visitors")
        shutil.copy(ROOT / "sf_elt" / "definitions.py", module / "definitions.py")  # for processes of Dagster's own
    return module


def definitions_of(module: Path) -> dg.Definitions:
    """The project in that folder, as Dagster loads it."""
    return dg.Definitions.merge(
        dg.load_from_defs_folder(path_within_project=module),
        dg.Definitions(resources={"warehouse": WarehouseResource()}),
    )


def _write(module: Path, name: str, text: str) -> None:
    (module / "defs" / name).mkdir(exist_ok=True)
    (module / "defs" / name / "defs.yaml").write_text(text, "utf-8")


def _insert(module: Path, name: str, text: str, before: str) -> None:
    file = module / "defs" / name / "defs.yaml"
    stands = file.read_text("utf-8")
    assert before in stands
    file.write_text(stands.replace(before, text + before, 1), "utf-8")
