"""What orgs, records and errors say is shown in Dagster's Markdown as it is written."""

import dagster as dg

from sf_elt.components.exports.checks import passed
from sf_elt.components.markdown import as_code, as_list
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


def test_a_fence_within_code_does_not_end_it() -> None:
    """SOQL with a value of somebody's stays one block."""
    assert as_code("SELECT Id\n````\n![x](y)", "sql") == "`````sql\nSELECT Id\n````\n![x](y)\n`````"
    assert as_code("SELECT Id", "sql") == "```sql\nSELECT Id\n```"
