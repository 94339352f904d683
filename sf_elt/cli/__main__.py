"""`python -m sf_elt.cli`, for processes that know the interpreter and not the path of `sf-elt`."""

from sf_elt.cli import app

app()
