"""What orgs, records and errors say is shown in Dagster's Markdown as it is written."""

import dagster as dg
import pytest

from sf_elt.components.exports.checks import passed
from sf_elt.components.markdown import as_code, as_list, as_text
from sf_elt.components.running import holds_so_far, table_columns

KEY = dg.AssetKey("leads")
SAID = "![x](http://x.example/a.png) <b>\\| [y]\n\n# z\u202e\x1b[2J"
SHOWN = r"!\[x\](http://x.example/a.png) \<b\>\\\| \[y\] # z\\u202e\\x1b\[2J"


def test_words_of_others_are_text() -> None:
    """In the comment of a column, which the org's administrator writes, in the reason of a result, and in a list."""
    (column,) = table_columns({"Title": "VARCHAR"}, {"Title": SAID}).columns
    results = [holds_so_far(KEY, "whole", SAID), *passed(KEY, "fields_fit", because=SAID)]
    assert [column.description, *(each.description for each in results)] == [SHOWN] * 3
    assert as_list([SAID, "Title: added"]) == f"- {SHOWN}\n- Title: added"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Score__c of ns__Person__c", "Score__c of ns__Person__c"),
        ("__init__ and _it_, *all* ~~", r"\_\_init\_\_ and \_it\_, \*all\* \~\~"),
        ("`sf-elt why <id>` or `` ` a|b`", r"`sf-elt why <id>` or \`\` \` a\|b\`"),
        ("&lt;b&gt; & co", r"\&lt;b\&gt; & co"),
        ("# of employees", r"\# of employees"),
        ("12. Choose", r"12\. Choose"),
    ],
)
def test_what_looks_like_markdown_is_shown_as_it_is_written(said: str, shown: str) -> None:
    """A name keeps its underscores, help that begins with a number or # is no list and no heading."""
    assert as_text(said) == shown


def test_a_fence_within_code_does_not_end_it() -> None:
    """SOQL with a value of somebody's stays one block."""
    assert as_code("SELECT Id\n````\n![x](y)", "sql") == "`````sql\nSELECT Id\n````\n![x](y)\n`````"
    assert as_code("SELECT Id", "sql") == "```sql\nSELECT Id\n```"
