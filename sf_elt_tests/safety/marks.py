"""The words that are looked for: secrets, which may be nowhere, and people, who may be in the warehouse alone."""

from sf_elt_tests.safety import alerted
from sf_elt_tests.safety.crowd import MARKS

SECRETS = {
    "wrong password": "marked-Wr0ng/Passw0rd+plus",
    "wrong secret": "markedConsumerSecret0987654321",
    "wrong token": "markedSecurityT0ken",
    "ended session": "00Dxx0000001gPL!marked.Session.Id_0123456789",
    "refresh token": "5Aep861marked.Refresh.Token",
    "password in an address": "marked-address-Passw0rd",
    "password of a proxy": "marked-proxy-Passw0rd",
    **alerted.SECRETS,
}
"""Those that are right come from the org."""

FEW_PEOPLE = {
    "first name": "Zebediah",
    "last name": "Quillfeather-Ångström",
    "address": "zebediah.quillfeather@marked-people.example",
    "address of a contact": "ottoline@marked-contacts.example",
    "contact": "Ottoline Brambleworth",
    "twin": "twin.person@marked-people.example",
    "refused": "refused.person@marked-people.example",
    "phone": "+1 415 555 0142",
    "digits": "4155550142",
    "street": "17 Marked Blossom Lane",
    "company": "Marked Holdings of Quillfeather",
    "cookie": "marked-cookie-7f3a9c",
    "set aside": "set.aside@marked-events.example",
    "manual": "by.hand@marked-lists.example",
    "said by the org": "echoed.person@marked-people.example",
    "broken reply": "broken.reply@marked-people.example",
    "profile title": "Marked Arch-Gardener",
}
"""Those whom the short form has."""

PEOPLE = {
    **FEW_PEOPLE,
    "owner": "Marked-Owner Peverell",
    "custom field": "Notes on Quillfeather-Ångström, marked as custom",
    "dropped field": "dropped.field@marked-schema.example",
    "campaign": "Dinner with Hezekiah Thistlewood",
    "task": "Call Hezekiah Thistlewood back",
    "picked": "picked.person@marked-picklists.example",
    "converted": "converted.person@marked-people.example",
    "merged": "merged.person@marked-people.example",
    "deleted": "deleted.person@marked-people.example",
    "new field": "new.field@marked-schema.example",
    "csv": "csv.person@marked-files.example",
    "parquet": "parquet.person@marked-files.example",
    "torn file": "torn.person@marked-files.example",
    "topic": "topic.person@marked-topics.example",
    "event type": "type.person@marked-topics.example",
    "named file": "file.person@marked-names.example",
    "listed": "listed.person@marked-lists.example",
    "nobody": "nobody.at.all@marked-lists.example",
    "created lead": "Marchbanks-Of-Events",
    "by the daemon": "daemon.person@marked-people.example",
    **MARKS,
}
