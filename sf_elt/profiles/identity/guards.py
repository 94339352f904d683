"""Guards against over-merging: values that never join rows, and how many identifiers one profile may hold."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated

import duckdb
from pydantic import BaseModel, ConfigDict, Field, PositiveInt

from sf_elt.profiles.mapping.rules import FieldRule, identifier_kinds
from sf_elt.profiles.sql import statement
from sf_elt.salesforce import did_you_mean
from sf_elt.warehouse import quote_text

ROLE_MAILBOXES = (
    "abuse", "accounting", "accounts", "admin", "billing", "careers", "contact", "customerservice", "enquiries",
    "feedback", "finance", "hello", "help", "helpdesk", "hostmaster", "hr", "info", "inquiries", "invoices", "jobs",
    "legal", "mail", "marketing", "media", "news", "newsletter", "no-reply", "noreply", "office", "orders",
    "postmaster", "press", "privacy", "purchasing", "reception", "root", "sales", "security", "service", "spam",
    "support", "team", "webmaster",
)  # fmt: skip
"""What precedes the @ where a mailbox belongs to a role and not to a person (RFC 2142 and common use)."""


class Guards(BaseModel):
    """What keeps two people from becoming one profile. Every link refused is a row of profiles.refused_links."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_per_kind: dict[str, PositiveInt] = Field(
        default_factory=dict,
        description="Identifier → how many of its values one profile may hold. A link that would exceed it is refused.",
    )
    role_mailboxes: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        default=ROLE_MAILBOXES,
        description="Emails with one of these names before the @ (or before a +) never join rows: info, sales, ….",
    )
    never_join: dict[str, tuple[str, ...]] = Field(
        default_factory=dict,
        description="Identifier → values that never join rows, compared in lower case.",
    )


def refusing_rule(value: str, clean: str, never_join: str) -> str:
    """SQL for the guard that keeps a cleaned value from joining rows, or null. `never_join` is SQL for a list."""
    if clean == "phone":
        return f"refusing_rule_of_phone({value}, {never_join})"
    return f"refusing_rule({value}, {quote_text(clean)}, {never_join})"


def refusing_rules(value: str, mapping: Sequence[FieldRule], guards: Guards) -> str:
    """SQL for the same where the column kind_number says what the value is."""
    clean = {rule.user_field: rule.clean for rule in mapping if rule.identifier}
    rules = []
    for number, kind in enumerate(identifier_kinds(mapping)):
        listed = f"(SELECT never_join FROM kinds WHERE kind_number = {number})"  # noqa: S608 - a number
        rule = refusing_rule(value, clean[kind], listed if kind in guards.never_join else "NULL")
        rules.append(f"WHEN {number} THEN {rule}")
    return f"CASE kind_number {' '.join(rules)} END"


def check_guards(guards: Guards, mapping: Sequence[FieldRule]) -> list[str]:
    """One sentence for each guard on something that is no identifier of the mapping."""
    kinds = identifier_kinds(mapping)
    named: Mapping[str, object] = {**guards.max_per_kind, **guards.never_join}
    return [
        f"guards: `{kind}` is no identifier of the mapping{did_you_mean(kind, kinds)}"
        for kind in named
        if kind not in kinds
    ]


def set_up_guards(connection: duckdb.DuckDBPyConnection, mapping: Sequence[FieldRule], guards: Guards) -> None:
    """Makes the guards' macros and the temporary table kinds, which has one row a kind of identifier."""
    names = "|".join(re.escape(name.lower()) for name in guards.role_mailboxes)
    of_role = quote_text(f"^({names})[@+]") if names else "NULL"
    connection.execute(statement("guards", role_mailbox=of_role))
    connection.executemany(
        "INSERT INTO kinds VALUES (?, ?, ?)",
        [
            (number, kind, [value.lower() for value in guards.never_join.get(kind, ())])
            for number, kind in enumerate(identifier_kinds(mapping))
        ],
    )
