"""The columns of a stream: which fields are read, and as what."""

from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from sf_elt.demo_org.serve import Details
from sf_elt.salesforce import UnknownField, describe
from sf_elt.streams import SpecRefused, StreamSpec, stream_columns
from sf_elt_tests.streams.support import CONTACTS, LEADS, importing, rows_of_org


def test_the_standard_set_has_what_is_documented_and_the_links_but_no_custom_field(
    org: Details, tmp_path: Path
) -> None:
    """Documented names, times and links are there, a custom field only where an export of ours writes it."""
    with importing(org, tmp_path) as importer:
        everything = stream_columns(importer.org, replace(LEADS, fields="all"))
        assert everything == stream_columns(importer.org, LEADS)
        custom = next(name for name in everything.names if name.endswith("__c"))
        standard = stream_columns(importer.org, replace(LEADS, fields="standard")).names
        links = {"Id", "OwnerId", "MasterRecordId", "ConvertedContactId", "SystemModstamp", "Email", "RecordType.Name"}
        assert links <= set(standard) < set(everything.names)
        assert custom not in standard
        written = replace(LEADS, fields="standard", written_fields=(custom.lower(),))
        assert custom in stream_columns(importer.org, written).names


def test_related_fields_come_with_the_object_whatever_its_stream_is_called(org: Details, tmp_path: Path) -> None:
    """All fields and the standard set go by one rule."""
    with importing(org, tmp_path) as importer:
        for fields in ("all", "standard"):
            people = stream_columns(importer.org, StreamSpec("people", "Lead", fields=fields)).names
            assert people == stream_columns(importer.org, replace(LEADS, fields=fields)).names
            assert "RecordType.Name" in people


def test_an_object_without_documented_names_has_no_standard_set(org: Details, tmp_path: Path) -> None:
    """It is refused, and says what may stand there."""
    with importing(org, tmp_path) as importer, pytest.raises(SpecRefused, match=r"no standard set.*Campaign.*all"):
        stream_columns(importer.org, StreamSpec("campaigns", "Campaign", fields="standard"))


def test_a_compound_field_stands_for_its_components(org: Details, tmp_path: Path) -> None:
    """Asked for or left out, an address is its parts; the field itself is no column."""
    with importing(org, tmp_path) as importer:
        asked = stream_columns(importer.org, replace(CONTACTS, fields=("MailingAddress",))).names
        assert {"MailingStreet", "MailingCity", "MailingLatitude"} <= set(asked)
        assert "MailingAddress" not in asked
        left_out = stream_columns(importer.org, replace(CONTACTS, exclude_fields=("mailingaddress",))).names
        assert not any(name.startswith("Mailing") for name in left_out)


def test_a_file_is_refused_with_the_reason(org: Details, tmp_path: Path) -> None:
    """A base64 field is no column of a stream; the error says where a file is read instead."""
    attachments = StreamSpec("attachments", "Attachment", fields=("Body",))
    with importing(org, tmp_path) as importer:
        assert "Body" not in stream_columns(importer.org, replace(attachments, fields=None)).names
        with pytest.raises(UnknownField, match=r"Attachment\.Body holds whole files.*sobjects/Attachment/ID/Body"):
            stream_columns(importer.org, attachments)


@pytest.mark.parametrize("transport", ["rest", "bulk"])
def test_lists_and_times_arrive_as_such(org: Details, tmp_path: Path, transport: Literal["rest", "bulk"]) -> None:
    """A multi-select picklist is a list and a time of day a TIME, by REST and in bulk, as the org itself says."""
    spec = StreamSpec("subscriptions", "Subscription__c", transport=transport)
    with importing(org, tmp_path) as importer:
        importer.run(spec)
        columns = stream_columns(importer.org, spec)
        types = {column.name: column.sql_type for column in columns.columns}
        assert types["Support_From__c"] == "TIME"
        assert "VARCHAR[]" in types.values()
        assert importer.rows(spec) == rows_of_org(org, columns, spec.object)


def test_labels_and_help_texts_are_comments(org: Details, tmp_path: Path) -> None:
    """A column says what people call the field and what its help text tells, the table what the object is called."""
    with importing(org, tmp_path) as importer:
        importer.run(LEADS)
        comments = dict(
            importer.sql(
                "SELECT column_name, comment FROM duckdb_columns()"
                " WHERE schema_name = 'streams' AND table_name = 'salesforce_leads'"
            )
        )
        described = describe(importer.org, "Lead")
        for field in described.fields:
            if field.name in comments:
                assert comments[field.name] == ": ".join(filter(None, (field.label, field.inlineHelpText)))
        assert importer.sql("SELECT comment FROM duckdb_tables() WHERE table_name = 'salesforce_leads'") == [("Lead",)]
