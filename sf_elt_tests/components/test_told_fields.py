"""What an export's asset says of the fields that it writes."""

from sf_elt.components.exports.told import columns_of
from sf_elt.writeback import ExportSpec


def test_each_field_says_in_words_where_its_value_comes_from() -> None:
    """Matchers, sources of every kind and fields of new records only: no field is left out, nothing reads as code."""
    spec = ExportSpec.model_validate(
        {
            "name": "new_contacts",
            "object": "Contact",
            "operation": "upsert",
            "matchers": {"Email": "email"},
            "fields": {"Title": {"template": "{title} of {company}"}},
            "fields_on_create": {
                "LastName": {"first": ["last_name", {"constant": "[unknown]"}]},
                "AccountId": {"find": "Account", "by": "Name", "equals": "firm", "create": {"Name": "firm"}},
                "OwnerId": {"find": "User", "by": "Email", "equals": {"constant": "ada@example.com"}},
                "RecordTypeId": {"record_type": "Partner"},
            },
        }
    )
    assert {column.name: column.description for column in columns_of(spec).columns} == {
        "Email": "user field email; records are found by it",
        "Title": "the text {title} of {company}",
        "LastName": "the first that has a value: user field last_name; always [unknown], of new records",
        "AccountId": "the Account whose Name is that of user field firm, created where there is none, of new records",
        "OwnerId": "the User whose Email is ada@example.com, of new records",
        "RecordTypeId": "the record type Partner, of new records",
    }
