"""Dagster's face: component types that turn the YAML under defs/ into assets, checks, schedules and sensors.

    SalesforceConnection    how to reach an org
    SalesforceImport        objects of an org as streams, by windows of time
    EventImport             files of behavioural events as a stream
    Profiles                one row a person, unified from the streams
    BehaviourScores         scores of 0 to 100 from behaviour
    ContentAffinity         interest of 0 to 1 in topics, from pages visited
    Audiences               groups of profiles whose members enter and leave
    SalesforceExport        audiences, scores and user fields into records of an org
    Report                  a page for people of what stands in the warehouse
    Alerts                  messages about what is wrong, to Slack, by email, to a webhook

`dg list components` lists them, `dg check yaml` checks the YAML, `dg scaffold defs NAME PATH` begins a new one.
An error in the YAML, a ComponentAttributeError or pydantic's ValidationError, names file, line, attribute and what is
accepted.
"""

from sf_elt.components.alerts.alerts import Alerts
from sf_elt.components.attributes import ComponentAttributeError
from sf_elt.components.audiences import Audiences
from sf_elt.components.behaviour_scores import BehaviourScores
from sf_elt.components.content_affinity import ContentAffinity
from sf_elt.components.events.event_import import EventImport
from sf_elt.components.exports.salesforce_export import SalesforceExport
from sf_elt.components.imports.salesforce_import import SalesforceImport
from sf_elt.components.profiles import Profiles
from sf_elt.components.report import Report
from sf_elt.components.salesforce_connection import SalesforceConnection

__all__ = [
    "Alerts",
    "Audiences",
    "BehaviourScores",
    "ComponentAttributeError",
    "ContentAffinity",
    "EventImport",
    "Profiles",
    "Report",
    "SalesforceConnection",
    "SalesforceExport",
    "SalesforceImport",
]
