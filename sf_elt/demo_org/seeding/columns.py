"""Arrow columns from numpy draws, without Python objects per row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sf_elt.demo_org.seeding.history import Flags, Moments, Rows


def pick(pool: pa.Array, index: Rows, missing: Flags | None = None) -> pa.Array:
    """The pool's values at `index`; null where `missing`."""
    return pool.take(pa.array(index, type=pa.int64(), mask=missing))


def choose(
    rng: np.random.Generator,
    values: Sequence[str],
    count: int,
    *,
    weights: Sequence[float] | None = None,
    missing: float = 0.0,
) -> pa.Array:
    """`count` of `values`, by weight, null for a `missing` share of them."""
    share = None if weights is None else np.asarray(weights) / sum(weights)
    index = rng.choice(len(values), size=count, p=share)
    return pick(pa.array(values, pa.string()), index, rng.random(count) < missing if missing else None)


def join(*parts: pa.Array | str, separator: str = "") -> pa.Array:
    """Text put together row by row; null where any part is null."""
    return pc.binary_join_element_wise(*parts, separator)


def digits(numbers: Rows, width: int = 0) -> pa.Array:
    """Numbers as text, filled with leading zeros to `width`."""
    return pc.utf8_lpad(pa.array(numbers).cast(pa.string()), width, "0")


def at(seconds: Moments, missing: Flags | None = None) -> pa.Array:
    """Moments as timestamps (UTC, without a zone)."""
    return pa.array(seconds, pa.int64(), mask=missing).cast(pa.timestamp("s")).cast(pa.timestamp("us"))


def on(days: Rows, missing: Flags | None = None) -> pa.Array:
    """Days since 1970 as dates."""
    return pa.array(days.astype(np.int32), pa.int32(), mask=missing).cast(pa.date32())


def numbers(values: npt.NDArray[np.floating], missing: Flags | None = None, *, places: int = 2) -> pa.Array:
    """Decimal numbers, rounded to `places`."""
    return pa.array(np.round(values, places), pa.float64(), mask=missing)


def whole(values: npt.NDArray[np.int64], missing: Flags | None = None) -> pa.Array:
    return pa.array(values, pa.int64(), mask=missing)


def flags(values: Flags) -> pa.Array:
    return pa.array(values, pa.bool_())


def nothing(count: int) -> pa.Array:
    """A text column that is null throughout."""
    return pa.nulls(count, pa.string())


def shorten(text: pa.Array, length: int) -> pa.Array:
    return pc.utf8_slice_codeunits(text, 0, length)


def where(condition: Flags, then: pa.Array | str, otherwise: pa.Array) -> pa.Array:
    return pc.if_else(pa.array(condition), then, otherwise)


def put(column: pa.Array, values: Mapping[int, str | None]) -> pa.Array:
    """The column with a few rows' values replaced."""
    if not values:
        return column
    rows = sorted(values)
    mask = np.zeros(len(column), dtype=bool)
    mask[rows] = True
    return pc.replace_with_mask(column, pa.array(mask), pa.array([values[row] for row in rows], column.type))


def ordinals(keys: npt.NDArray[np.int64]) -> Rows:
    """For each row, how many earlier rows have the same key: 0 for the first."""
    order = np.argsort(keys, kind="stable")
    ranked = keys[order]
    starts = np.concatenate([[True], ranked[1:] != ranked[:-1]]) if keys.size else np.zeros(0, dtype=bool)
    first = np.maximum.accumulate(np.where(starts, np.arange(keys.size), 0))
    result = np.empty(keys.size, dtype=np.int64)
    result[order] = np.arange(keys.size) - first
    return result


def skewed(rng: np.random.Generator, size: int | Rows, count: int, *, skew: float = 1.6) -> Rows:
    """`count` numbers in `[0, size)`, the small ones more often, as customers and names are."""
    drawn: Rows = np.floor(rng.random(count) ** skew * size).astype(np.int64)
    largest: Rows = np.asarray(size, dtype=np.int64) - 1
    return np.clip(drawn, 0, largest)
