"""The companies and people behind the records: one person may stand in several leads and contacts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sf_elt.demo_org.seeding.columns import digits, join, ordinals, pick, skewed, where
from sf_elt.demo_org.seeding.history import Rows
from sf_elt.demo_org.seeding.pools import Pool, Pools

# A company whose pool name is taken gets one of these behind it, then numbers behind those.
_VARIANTS = ["", "Group", "Labs", "Services", "Systems", "Partners", "Logistics", "Energy", "Media", "Foods", "Works"]
_MAIL_ENDINGS = ["example", "example.com", "example.net", "example.org"]
_PRIVATE_MAIL = ["mail.example", "post.example", "inbox.example.com"]
_PRIVATE_SHARE = 0.12
_ELSEWHERE = 0.15


@dataclass(frozen=True)
class Companies:
    """Companies by number. `domain` is unique; `place` numbers the rows of places.csv."""

    name: pa.Array
    domain: pa.Array
    place: Rows
    employees: Rows


@dataclass(frozen=True)
class People:
    """People by number. `email` is unique and lower case; `company` numbers `Companies`, `place` places.csv."""

    first: pa.Array
    last: pa.Array
    email: pa.Array
    title: pa.Array
    company: Rows
    place: Rows


def draw_companies(rng: np.random.Generator, pools: Pools, count: int) -> Companies:
    """`count` companies over all places; names belong to the place's language."""
    place = rng.choice(pools.places.share.size, size=count, p=pools.places.share)
    language = pools.places.language[place]
    turn = ordinals(language)
    base = pools.company.start[language] + turn % pools.company.size[language]
    variant = turn // pools.company.size[language]
    word = pick(pa.array(_VARIANTS, pa.string()), variant % len(_VARIANTS))
    round_ = variant // len(_VARIANTS)
    suffix = where(round_ > 0, join(word, digits(round_ + 1), separator=" "), word)
    ending = pick(pa.array(_MAIL_ENDINGS, pa.string()), rng.choice(4, size=count, p=[0.5, 0.3, 0.1, 0.1]))
    slug = pick(pools.slug.values, base)
    numbered = where(variant > 0, join(slug, digits(variant + 1), separator="-"), slug)
    return Companies(
        name=pc.utf8_trim_whitespace(join(pick(pools.company.values, base), suffix, separator=" ")),
        domain=join(numbered, ending, separator="."),
        place=place,
        employees=np.maximum(1, np.exp(rng.normal(4.6, 1.7, count))).astype(np.int64),
    )


def draw_people(rng: np.random.Generator, pools: Pools, companies: Companies, company: Rows) -> People:
    """One person for each entry of `company` (numbers of companies): most at its place, a few elsewhere."""
    count = company.size
    elsewhere = rng.choice(pools.places.share.size, size=count, p=pools.places.share)
    place = np.where(rng.random(count) < _ELSEWHERE, elsewhere, companies.place[company])
    language = pools.places.language[place]
    first, last = (_draw(rng, pool, language) for pool in (pools.first, pools.last))
    private = rng.random(count) < _PRIVATE_SHARE
    private_domain = pick(pa.array(_PRIVATE_MAIL, pa.string()), rng.integers(0, len(_PRIVATE_MAIL), count))
    domain = where(private, private_domain, pick(companies.domain, company))
    return People(
        first=pick(pools.first.values, first),
        last=pick(pools.last.values, last),
        email=_emails(pick(pools.first_ascii.values, first), pick(pools.last_ascii.values, last), domain),
        title=pick(pools.title.values, _draw(rng, pools.title, language)),
        company=company,
        place=place,
    )


def _draw(rng: np.random.Generator, pool: Pool, language: Rows) -> Rows:
    size = pool.size[language]
    return pool.start[language] + skewed(rng, size, language.size, skew=1.3)


def _emails(first: pa.Array, last: pa.Array, domain: pa.Array) -> pa.Array:
    """first.last@domain, first.last2@domain for the second of that name, and so on."""
    address = join(join(first, last, separator="."), domain, separator="@")
    namesakes = ordinals(address.dictionary_encode().indices.to_numpy().astype(np.int64))
    number = where(namesakes > 0, digits(namesakes + 1), pick(pa.array([""]), np.zeros(len(address), dtype=np.int64)))
    return join(join(join(first, last, separator="."), number), domain, separator="@")
