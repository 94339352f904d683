"""Profiles: one row a person, from all streams, by the identifiers that rows share.

    mapping = [
        FieldRule(stream="salesforce_leads", source="lead_email", to="email", type="string", identifier=True,
                  clean="email"),
        FieldRule(stream="salesforce_leads", source="lead_status", to="salesforce_lead_status", type="string"),
    ]
    report = build_profiles(warehouse, mapping, Guards(max_per_kind={"email": 5}), now=now, run_id=run_id)

It writes profiles.profiles (profile_id, created_at, updated_at, one column a user field), profiles.identifiers, links,
refused_links, manual_links, fuzzy_links and aliases, and for each stream of events a view profiles.<stream>_by_profile.

build        one build, from the streams to the tables, in one transaction
mapping/     what a mapping may say          reading/     the rows that count
manual/      links and unlinks by hand       fuzzy/       Splink's links, off by default
identity/    which rows are one person       merging/     several values become one
writing/     the tables that stand           increments/  what a build reads again
explaining/  why a profile is what it is     erasing/     a person taken out

Errors:

    ProfilesError
    ├── ErasureUnfinished an erased person is still in pages that a running import has landed
    ├── FuzzyRefused      fuzzy links cannot be found as asked: no Splink, too few records, too many pairs; `problems`
    ├── MappingRefused    the mapping, the guards or the lists of links by hand do not fit; `problems` says how, nothing
    │                     was written
    ├── NoSuchProfile     no profile has the identifier or id that is asked for
    ├── SeveralProfiles   several profiles have it
    └── NothingToUnify    none of the mapping's streams has been imported yet
"""

from sf_elt.profiles.build import ProfilesReport, build_profiles
from sf_elt.profiles.checks import profiles_without_identifier
from sf_elt.profiles.erasing.erasing import Erasure, EventLines, erase_profile, finish_erasures, preview_erasure
from sf_elt.profiles.errors import (
    ErasureUnfinished,
    FuzzyRefused,
    MappingRefused,
    NoSuchProfile,
    NothingToUnify,
    ProfilesError,
    SeveralProfiles,
)
from sf_elt.profiles.explaining.explaining import (
    FieldOfProfile,
    LinkOfProfile,
    LinkRefused,
    ProfileExplained,
    Said,
    explain_profile,
)
from sf_elt.profiles.fuzzy.finding import FuzzyReport, find_fuzzy_pairs
from sf_elt.profiles.fuzzy.links import Agreement, FuzzyLink
from sf_elt.profiles.fuzzy.options import ComparedField, FuzzyFault, FuzzyLinks, check_fuzzy, splink_missing
from sf_elt.profiles.identity.guards import ROLE_MAILBOXES, Guards, check_guards
from sf_elt.profiles.manual.lists import Identifier, ManualLists, Pair, read_pairs
from sf_elt.profiles.manual.pairs import check_manual
from sf_elt.profiles.mapping.faults import Fault, check_mapping, faults_of_mapping
from sf_elt.profiles.mapping.rules import FieldRule, identifier_kinds, user_fields, with_region
from sf_elt.profiles.reading.rows import SetAside

__all__ = [
    "ROLE_MAILBOXES",
    "Agreement",
    "ComparedField",
    "Erasure",
    "ErasureUnfinished",
    "EventLines",
    "Fault",
    "FieldOfProfile",
    "FieldRule",
    "FuzzyFault",
    "FuzzyLink",
    "FuzzyLinks",
    "FuzzyRefused",
    "FuzzyReport",
    "Guards",
    "Identifier",
    "LinkOfProfile",
    "LinkRefused",
    "ManualLists",
    "MappingRefused",
    "NoSuchProfile",
    "NothingToUnify",
    "Pair",
    "ProfileExplained",
    "ProfilesError",
    "ProfilesReport",
    "Said",
    "SetAside",
    "SeveralProfiles",
    "build_profiles",
    "check_fuzzy",
    "check_guards",
    "check_manual",
    "check_mapping",
    "erase_profile",
    "explain_profile",
    "faults_of_mapping",
    "find_fuzzy_pairs",
    "finish_erasures",
    "identifier_kinds",
    "preview_erasure",
    "profiles_without_identifier",
    "read_pairs",
    "splink_missing",
    "user_fields",
    "with_region",
]
