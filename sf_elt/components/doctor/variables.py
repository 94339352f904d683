"""The environment variables of this project: each that holds what is not accepted."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from sf_elt.components.preflight.findings import Finding
from sf_elt.components.resources import logins_folder, open_warehouse
from sf_elt.salesforce.connection.bounds import VARIABLES, Bounds
from sf_elt.salesforce.connection.sealing import TOKEN_KEY, require_token_key
from sf_elt.salesforce.errors import SalesforceError
from sf_elt.warehouse import Warehouse, WarehouseError
from sf_elt.warehouse.place import LANDING, NAMED_BY, landed_is_kept

LOGINS = "SF_ELT_LOGINS"
CERTIFICATES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Which file of certificates replies are held against; requests takes the first that is set."""


def about_variables(environ: Mapping[str, str] = os.environ) -> Iterator[Finding]:
    """One finding for each that is wrong; those in templates of the YAML, and of logins, are told with these."""
    wrong = dict(_wrong(environ))
    for name, says in wrong.items():
        to_do = f"Correct {name} in .env, or in the environment of whoever runs this; or remove it."
        yield Finding("settings", name, "problem", says, to_do)
    if not wrong:
        yield Finding("settings", "variables", "ok", "those that are set hold what is accepted")


def usable_warehouse(environ: Mapping[str, str] = os.environ) -> Warehouse | None:
    """The warehouse that the variables name, whatever else is wrong with them; None where they name none."""
    try:
        return _warehouse(environ)
    except WarehouseError:
        return None


def _warehouse(environ: Mapping[str, str]) -> Warehouse:
    return open_warehouse(environ={name: value for name, value in environ.items() if name != LANDING})


def _wrong(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Names, and what is wrong with what they hold."""
    try:
        landed_is_kept(environ)
    except WarehouseError as error:
        yield LANDING, str(error)
    try:
        _warehouse(environ)
    except WarehouseError as error:
        yield NAMED_BY, str(error)
    for name in VARIABLES:
        try:
            Bounds.from_env({name: environ.get(name, "")})
        except SalesforceError as error:
            yield name, str(error)
    try:
        require_token_key(environ)
    except SalesforceError as error:
        yield TOKEN_KEY, str(error)
    folder = logins_folder(environ)
    if folder.exists() and not folder.is_dir():
        yield LOGINS, f"{LOGINS}: {folder} is a file; accepted is a folder, which is made where there is none"
    certificates = next((name for name in CERTIFICATES if environ.get(name)), None)
    if certificates is not None and not Path(environ[certificates]).exists():
        yield certificates, f"{certificates}: there is no {environ[certificates]}; accepted is a file of certificates"
