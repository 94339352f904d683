"""Amounts of a multi-currency org in one currency, by the rates of CurrencyType."""
# ruff: noqa: S608 (names come from the schema and are quoted)

from sf_elt.demo_org.store import table

_RATES = f"{table('CurrencyType')} AS rate"
CORPORATE_CURRENCY = f'(SELECT any_value(rate."IsoCode") FROM {_RATES} WHERE rate."IsCorporate")'
"""SQL of the code of the org's own currency, which is also its users'."""


def conversion_rate(code: str) -> str:
    """SQL of how much of the currency one unit of the org's own is; `code` is SQL too. 1 for an unknown currency."""
    return f'coalesce((SELECT any_value(rate."ConversionRate") FROM {_RATES} WHERE rate."IsoCode" = {code}), 1)'
