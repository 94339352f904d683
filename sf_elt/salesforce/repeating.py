"""What the org says, fit to be repeated in errors and logs: Salesforce quotes what it was sent, which is somebody's.

`Email: invalid email address: ada@lovelace` → `Email: invalid email address: …`
"""

import re

LONGEST = 4000  # characters

# What Salesforce's messages say → what is repeated of it. Names of objects and fields stand in quotes as well, but not
# after an operator. (Messages of SOAP API Developer Guide, "StatusCode", and as recorded.)
_QUOTED = (
    (re.compile(r"(data value too large: ).*?(?= \(max length=\d+\)|$)", re.DOTALL), r"\1…"),
    (re.compile(r"((?:invalid email address|bad value for restricted picklist field): ).*", re.DOTALL), r"\1…"),
    (re.compile(r"(VALUE_\w+ value ).*?(?= or request|$)", re.DOTALL), r"\1…"),
    (re.compile(r"(value not of required type: ).*", re.DOTALL), r"\1…"),
    (
        re.compile(r"((?:=|<|>|\bIN|\bLIKE|\bINCLUDES|\bEXCLUDES|[(,])\s*)'(?:[^'\\]|\\.)*(?:'|$)", re.IGNORECASE),
        r"\1'…'",
    ),
    (re.compile(r"[^\s@<>,;:'\"()=]+@[^\s@<>,;:'\"()=]+"), "…@…"),
    (re.compile(r"(?<![\w.-])\+?\(?\d(?:[\s().-]{0,2}\d){8,14}(?![\w-])"), "…"),
)


def repeatable(said: str) -> str:
    """The words without values of records: addresses, phone numbers, literals of queries, what a field was given."""
    said = said[:LONGEST]
    for pattern, instead in _QUOTED:
        said = pattern.sub(instead, said)
    return said
