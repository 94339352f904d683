"""Draws `pools.json` anew from Faker: `python -m sf_elt.demo_org.seeding.draw_pools`, in a development installation.

The values are kept in the project so that orgs start without Faker, and a newer Faker does not change their data.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from pathlib import Path

import orjson
from faker import Faker

from sf_elt.demo_org.seeding.pools import KINDS, POSTAL_CODES, read_places

SEED = 7

_DRAWS = {"first": 160, "last": 220, "company": 110, "street": 60, "title": 50}
_WITHOUT_ASCII = str.maketrans({"ł": "l", "Ł": "L", "ß": "ss", "ø": "o", "Ø": "O", "æ": "ae", "ı": "i", "đ": "d"})


def main() -> None:
    """Writes the file beside this one."""
    content = orjson.dumps(draw_pools(SEED), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    Path(__file__).with_name("pools.json").write_bytes(content)


def draw_pools(seed: int) -> dict[str, object]:
    """`languages`, each with a list of values of every kind; `postal_codes`, those of one place after the other."""
    rows = read_places()
    taken: set[str] = set()
    languages = {locale: _draw(locale, seed, taken) for locale in dict.fromkeys(row["locale"] for row in rows)}
    fake = Faker("en_US")
    fake.seed_instance(seed)
    postal_codes = [fake.numerify(row["postal_pattern"]) for row in rows for _ in range(POSTAL_CODES)]
    return {"languages": languages, "postal_codes": postal_codes}


def _draw(locale: str, seed: int, taken: set[str]) -> dict[str, list[str]]:
    fake = Faker(locale)
    fake.seed_instance(seed)
    first, first_ascii = _names(fake, "first", romanized=locale == "ja_JP")
    last, last_ascii = _names(fake, "last", romanized=locale == "ja_JP")
    companies, slugs = _companies(fake, taken, locale[-2:].lower())
    streets = _distinct(fake.town if locale == "ja_JP" else fake.street_name, _DRAWS["street"])
    titles = _distinct(fake.job, _DRAWS["title"])
    drawn = (first, first_ascii, last, last_ascii, companies, slugs, streets, titles)
    return dict(zip(KINDS, drawn, strict=True))


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


if __name__ == "__main__":
    main()
