"""Alerts: what is wrong, as incidents, and one message about each to Slack, by email or to a webhook. No Dagster.

    book = IncidentBook.of(warehouse)
    book.observe("quota", quotas(...), now=now)            # quota, lag, refused records …: all that is wrong now
    book.add(failures, now=now)                            # failed runs, as they fail
    book.settle(Policy(), ["slack"], now=now)              # what is over; what is to be told
    deliver(book, [Slack(address)], Links(), clock)        # each channel, whatever the others do

    kinds, incidents    what an incident is, and the book that keeps it: SQLite, beside the warehouse
    notices             what each channel is still to be told
    quotas, lags, rises what is wrong with API calls, streams that are not read, and refused records
    approvals, unread   plans that wait for a person, and a warehouse that cannot be read
    messages            the words
    channels, posting   Slack, email, webhook
    delivering          all of the queue, each channel for itself

Errors; none of them holds a secret:

    AlertsError
    ├── ChannelUnusable    a variable of the environment is missing or no use
    └── NotDelivered       the channel did not take a message
        └── PartlyDelivered    some recipients of a mail did not
"""

from sf_elt.alerts.approvals import approvals
from sf_elt.alerts.channels import Channel, Email, PartlyDelivered, Security, Slack, Webhook
from sf_elt.alerts.delivering import Delivered, deliver
from sf_elt.alerts.errors import AlertsError, ChannelUnusable, NotDelivered
from sf_elt.alerts.incidents import IncidentBook
from sf_elt.alerts.kinds import Finding, Incident, Kind, Occurrence, Policy, Subject
from sf_elt.alerts.lags import Expected, lags
from sf_elt.alerts.messages import Links, message_about, trial_message
from sf_elt.alerts.posting import require_address
from sf_elt.alerts.quotas import Spender, quotas
from sf_elt.alerts.rises import rises
from sf_elt.alerts.unread import unread

__all__ = [
    "AlertsError",
    "Channel",
    "ChannelUnusable",
    "Delivered",
    "Email",
    "Expected",
    "Finding",
    "Incident",
    "IncidentBook",
    "Kind",
    "Links",
    "NotDelivered",
    "Occurrence",
    "PartlyDelivered",
    "Policy",
    "Security",
    "Slack",
    "Spender",
    "Subject",
    "Webhook",
    "approvals",
    "deliver",
    "lags",
    "message_about",
    "quotas",
    "require_address",
    "rises",
    "trial_message",
    "unread",
]
