"""The strange things that real orgs hold, and where the seeded org holds each of them.

`ODDITIES` is the list: a condition in DuckDB's SQL over the store's tables (schema `records`) finds the rows of each,
and `least` says how many there are at least at the default size of 5,000 leads and contacts.
"""

from __future__ import annotations

from dataclasses import dataclass

RESTORED = "Restored from the recycle bin: had been deleted by mistake."

ODD_TEXTS: tuple[str, ...] = (
    "Head of Growth 🚀👩‍💻",
    "Line one\nline two\r\nline three",
    "She said \"hello\", then 'goodbye'",
    "N/A",
    "null",
    "NULL",
    "#N/A",
    "None",
    "00042",
    "=SUM(A1:A9)",
    "+49 is a prefix, -1 a number, @here a mention",
    "Separator\u2028between two lines",
    "Start\x01of\x02text\x1funit\x7fdelete",
    "Vertical\x0btab and form\x0cfeed",
    "comma, semicolon; tab\tpipe|",
    "back\\slash \\n \\",
    "100 % <b>bold</b> &amp; {{ not a template }} ${nor.this}",
    "zero\u200bwidth and non\u00a0breaking",
    "مدير المبيعات",
    "e\u0301 composed é",
    "'; DROP TABLE Lead; --",
    "true",
    "1e5",
    "\ufeffwith a byte order mark",
    "𝕸𝖆𝖓𝖆𝖌𝖊𝖗",
)
"""Texts that go wrong where a program guesses; they stand in turn in every 30th row of the fields named below."""

LONG_TEXT = ("Wort für Wort, a very long note.\n" * 970)[:32_000]
"""As many characters as a Salesforce text area of this kind can hold."""


@dataclass(frozen=True)
class Oddity:
    """`condition` holds for at least `least` rows of `object` at the default size."""

    name: str
    object: str
    condition: str
    least: int


_SHARED = "regexp_matches(lower(Email), '^(info|sales)@')"
_CONVERTED = (
    "IsConverted AND ConvertedDate IS NOT NULL AND ConvertedContactId IS NOT NULL AND ConvertedAccountId IS NOT NULL"
)
_ODD_FIELDS = (
    ("Lead", "Title"),
    ("Contact", "Department"),
    ("Opportunity", "NextStep"),
    ("Subscription__c", "Notes__c"),
)

ODDITIES: tuple[Oddity, ...] = (
    Oddity(
        "the same person as lead and contact",
        "Lead",
        "NOT IsConverted AND lower(Email) IN (SELECT lower(Email) FROM records.Contact WHERE NOT IsDeleted)",
        100,
    ),
    Oddity("letter case in lead emails", "Lead", "Email <> lower(Email)", 80),
    Oddity("letter case in contact emails", "Contact", "Email <> lower(Email)", 50),
    Oddity(
        "white space around an email (in a text: Salesforce trims emails)", "Lead", "Description LIKE 'Typed as: %'", 10
    ),
    Oddity("shared mailboxes of leads", "Lead", _SHARED, 20),
    Oddity("shared mailboxes of contacts", "Contact", _SHARED, 20),
    Oddity("leads without email", "Lead", "Email IS NULL", 100),
    Oddity("contacts without email", "Contact", "Email IS NULL", 50),
    Oddity("contacts without account", "Contact", "AccountId IS NULL", 30),
    Oddity("converted leads", "Lead", _CONVERTED, 300),
    Oddity("converted leads with an opportunity", "Lead", "ConvertedOpportunityId IS NOT NULL", 200),
    Oddity("merged contacts", "Contact", "IsDeleted AND MasterRecordId IS NOT NULL", 20),
    Oddity("merged leads", "Lead", "IsDeleted AND MasterRecordId IS NOT NULL", 20),
    Oddity("merged accounts", "Account", "IsDeleted AND MasterRecordId IS NOT NULL", 1),
    Oddity("deleted leads", "Lead", "IsDeleted AND MasterRecordId IS NULL", 20),
    Oddity("deleted contacts", "Contact", "IsDeleted AND MasterRecordId IS NULL", 20),
    Oddity("deleted opportunities", "Opportunity", "IsDeleted", 5),
    Oddity("undeleted leads", "Lead", f"NOT IsDeleted AND Description = '{RESTORED}'", 10),
    Oddity("undeleted contacts", "Contact", f"NOT IsDeleted AND Description = '{RESTORED}'", 10),
    Oddity(
        "a mass update of leads in one transaction",
        "Lead",
        "SystemModstamp = LastModifiedDate AND SystemModstamp = (SELECT mode(SystemModstamp) FROM records.Lead)",
        1_000,
    ),
    Oddity(
        "a mass update of contacts by automation",
        "Contact",
        "SystemModstamp > LastModifiedDate AND SystemModstamp = (SELECT mode(SystemModstamp) FROM records.Contact)",
        300,
    ),
    Oddity(
        "Ids that differ only by letter case in their 15-character form",
        "Lead",
        "lower(left(Id, 15)) IN (SELECT lower(left(Id, 15)) FROM records.Lead GROUP BY ALL HAVING count(*) > 1)",
        1_000,
    ),
    Oddity("leads with 32,000 characters of text", "Lead", "length(Description) = 32000", 3),
    Oddity("contacts with 32,000 characters of text", "Contact", "length(Description) = 32000", 2),
    Oddity("multi-select picklists of leads", "Lead", "Interests__c LIKE '%;%'", 500),
    Oddity("multi-select picklists of subscriptions", "Subscription__c", "Features__c LIKE '%;%;%'", 20),
    Oddity("yen amounts", "Opportunity", "CurrencyIsoCode = 'JPY'", 3),
    Oddity("Swiss franc amounts", "Opportunity", "CurrencyIsoCode = 'CHF'", 1),
    Oddity("postal codes with a leading zero", "Account", "BillingPostalCode LIKE '0%'", 5),
    Oddity("an account older than the history", "Account", "CreatedDate < '2000-01-01'", 1),
    Oddity("a birthdate in 1900", "Contact", "Birthdate = '1900-01-01'", 1),
    Oddity("a close date in 1999", "Opportunity", "CloseDate = '1999-12-31'", 1),
    Oddity("a last name at its limit", "Lead", "length(LastName) = 80", 1),
    Oddity("an email at its limit", "Lead", "length(Email) = 80", 1),
    Oddity("a company at its limit", "Lead", "length(Company) = 255", 1),
    Oddity("an account name at its limit", "Account", "length(Name) = 255", 1),
    Oddity("a huge, a negative, a zero amount", "Opportunity", "Amount >= 9999999999999 OR Amount <= 0", 3),
    *(
        Oddity(f"odd texts in {field}: {text!r}", name, f"{field} = {_quoted}", 1)
        for name, field in _ODD_FIELDS
        for text in ODD_TEXTS
        if (_quoted := "'" + text.replace("'", "''") + "'")
    ),
)
