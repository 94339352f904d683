"""The columns of a stream: which fields are read, and as what."""

from dataclasses import replace
from pathlib import Path

import pytest

from sf_elt.demo_org.serve import Details
from sf_elt.streams import SpecRefused, StreamSpec, stream_columns
from sf_elt_tests.streams.support import LEADS, importing


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


def test_an_object_without_documented_names_has_no_standard_set(org: Details, tmp_path: Path) -> None:
    """It is refused, and says what may stand there."""
    with importing(org, tmp_path) as importer, pytest.raises(SpecRefused, match=r"no standard set.*Campaign.*all"):
        stream_columns(importer.org, StreamSpec("campaigns", "Campaign", fields="standard"))
