"""Pools of names, companies, streets, job titles and places that rows draw from.

Faker fills the pools once (a few hundred values a language); rows then take from them by number, which is what makes
a million of them quick. Email domains end in `.example`, which belongs to nobody (RFC 2606).
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from faker import Faker

from sf_elt.demo_org.seeding.history import Rows

POSTAL_CODES = 50
"""How many postal codes each place has in `Places.postal_codes`."""

_DRAWS = {"first": 160, "last": 220, "company": 110, "street": 60, "title": 50}
_PROVIDERS = [f"faker.providers.{name}" for name in ("address", "company", "job", "person")]
"""The parts of Faker that the pools draw from: making all of them takes longer than the drawing."""

_WITHOUT_ASCII = str.maketrans({"ł": "l", "Ł": "L", "ß": "ss", "ø": "o", "Ø": "O", "æ": "ae", "ı": "i", "đ": "d"})


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


@lru_cache(maxsize=4)
def fill_pools(seed: int) -> Pools:
    """The pools of this seed: the same seed gives the same values in the same order. Orgs of a process share them."""
    places = list(csv.DictReader((resources.files(__package__) / "places.csv").read_text("utf-8").splitlines()))
    locales = list(dict.fromkeys(row["locale"] for row in places))
    drawn: dict[str, list[list[str]]] = {name: [] for name in ("first", "first_ascii", "last", "last_ascii")}
    drawn |= {"company": [], "slug": [], "street": [], "title": []}
    taken: set[str] = set()
    for locale in locales:
        fake = Faker(locale, providers=_PROVIDERS)
        fake.seed_instance(seed)
        for kind in ("first", "last"):
            names, spelled = _names(fake, kind, romanized=locale == "ja_JP")
            drawn[kind].append(names)
            drawn[f"{kind}_ascii"].append(spelled)
        companies, slugs = _companies(fake, taken, locale[-2:].lower())
        drawn["company"].append(companies)
        drawn["slug"].append(slugs)
        street = fake.town if locale == "ja_JP" else fake.street_name
        drawn["street"].append(_distinct(street, _DRAWS["street"]))
        drawn["title"].append(_distinct(fake.job, _DRAWS["title"]))
    return Pools(places=_places(seed, places, locales), **{name: Pool.of(values) for name, values in drawn.items()})


def ascii_letters(text: str) -> str:
    """The text in lower-case ASCII letters and digits only: Łódź becomes lodz."""
    plain = unicodedata.normalize("NFKD", text.translate(_WITHOUT_ASCII)).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "", plain.lower())


def _names(fake: Faker, kind: str, *, romanized: bool) -> tuple[list[str], list[str]]:
    """Names as written and, in the same order, as spelled in an email."""
    if romanized:
        draw: Callable[[], tuple[str, str, str]] = getattr(fake, f"{kind}_name_pair")
        spelled = {written: latin for written, _, latin in (draw() for _ in range(_DRAWS[kind]))}
        return list(spelled), [ascii_letters(latin) for latin in spelled.values()]
    names = _distinct(getattr(fake, f"{kind}_name"), _DRAWS[kind])
    return names, [ascii_letters(name) for name in names]


def _companies(fake: Faker, taken: set[str], country: str) -> tuple[list[str], list[str]]:
    names = _distinct(fake.company, _DRAWS["company"])
    slugs = []
    for number, name in enumerate(names):
        words = re.split(r"[\s,.&-]+", name)
        slug = "-".join(filter(None, map(ascii_letters, words[:2])))[:24].strip("-") or f"kaisha{number}"
        slug = slug if slug not in taken else f"{slug}-{country}{number}"
        taken.add(slug)
        slugs.append(slug)
    return names, slugs


def _distinct(draw: Callable[[], str], times: int) -> list[str]:
    return list(dict.fromkeys(draw().strip() for _ in range(times)))


def _places(seed: int, rows: list[dict[str, str]], locales: list[str]) -> Places:
    fake = Faker("en_US", providers=_PROVIDERS)
    fake.seed_instance(seed)
    weight = np.array([float(row["weight"]) for row in rows])
    texts = ("country_code", "country", "state_code", "state", "city", "currency", "dial")
    return Places(
        columns={name: pa.array([row[name] or None for row in rows], pa.string()) for name in texts},
        postal_codes=pa.array([fake.numerify(row["postal_pattern"]) for row in rows for _ in range(POSTAL_CODES)]),
        latitude=np.array([float(row["latitude"]) for row in rows]),
        longitude=np.array([float(row["longitude"]) for row in rows]),
        language=np.array([locales.index(row["locale"]) for row in rows], dtype=np.int64),
        share=weight / weight.sum(),
    )
