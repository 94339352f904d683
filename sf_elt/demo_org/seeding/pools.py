"""Pools of names, companies, streets, job titles and places that rows draw from.

They stand in `pools.json` (drawn once from Faker by `draw_pools.py`, a few hundred values a language) and `places.csv`;
rows take from them by number, which is what makes a million of them quick. Email domains end in `.example`, which
belongs to nobody (RFC 2606).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa

from sf_elt.demo_org.seeding.history import Rows

POSTAL_CODES = 50
"""How many postal codes each place has in `Places.postal_codes`."""

KINDS = ("first", "first_ascii", "last", "last_ascii", "company", "slug", "street", "title")


@dataclass(frozen=True)
class Pool:
    """Values of all languages in one array; language `k` has `size[k]` of them from `start[k]` on."""

    values: pa.Array
    start: Rows
    size: Rows

    @classmethod
    def of(cls, per_language: list[list[str]]) -> Pool:
        size = np.array([len(values) for values in per_language], dtype=np.int64)
        return cls(pa.array([v for values in per_language for v in values], pa.string()), np.cumsum(size) - size, size)


@dataclass(frozen=True)
class Places:
    """Cities, column by column, in the order of places.csv; `language` numbers its `locale` among the pools."""

    columns: dict[str, pa.Array]
    postal_codes: pa.Array
    latitude: npt.NDArray[np.float64]
    longitude: npt.NDArray[np.float64]
    language: Rows
    share: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Pools:
    """`first_ascii` and `last_ascii` are the names as they stand in an email; `slug` is a company's domain name."""

    first: Pool
    first_ascii: Pool
    last: Pool
    last_ascii: Pool
    company: Pool
    slug: Pool
    street: Pool
    title: Pool
    places: Places


@cache
def load_pools() -> Pools:
    """The pools, in the same order whatever the seed and however new Faker is: seeds differ in what they draw."""
    folder = resources.files(__package__)
    drawn = orjson.loads((folder / "pools.json").read_bytes())
    places = read_places()
    return Pools(
        places=_places(places, list(drawn["languages"]), drawn["postal_codes"]),
        **{kind: Pool.of([of_language[kind] for of_language in drawn["languages"].values()]) for kind in KINDS},
    )


def read_places() -> list[dict[str, str]]:
    """The rows of places.csv."""
    return list(csv.DictReader((resources.files(__package__) / "places.csv").read_text("utf-8").splitlines()))


def _places(rows: list[dict[str, str]], locales: list[str], postal_codes: list[str]) -> Places:
    weight = np.array([float(row["weight"]) for row in rows])
    texts = ("country_code", "country", "state_code", "state", "city", "currency", "dial")
    return Places(
        columns={name: pa.array([row[name] or None for row in rows], pa.string()) for name in texts},
        postal_codes=pa.array(postal_codes),
        latitude=np.array([float(row["latitude"]) for row in rows]),
        longitude=np.array([float(row["longitude"]) for row in rows]),
        language=np.array([locales.index(row["locale"]) for row in rows], dtype=np.int64),
        share=weight / weight.sum(),
    )
