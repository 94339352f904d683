"""What a read asks for besides its range: only reads that ask alike leave each other anything out."""

from collections.abc import Iterable
from dataclasses import replace
from hashlib import md5

from sf_elt.salesforce import Org
from sf_elt.streams.columns import StreamColumns, stream_columns
from sf_elt.streams.windows import StreamSpec


def asked_md5(spec: StreamSpec, names: Iterable[str]) -> str:
    """Stands for the object, the names of its fields, and whether deleted records are read too."""
    listed = sorted(name.lower() for name in names)
    return md5("\n".join([spec.object.lower(), spec.deletes, *listed]).encode(), usedforsecurity=False).hexdigest()


def own_columns(org: Org, spec: StreamSpec) -> tuple[StreamColumns, str]:
    """The columns without those of related objects that are named in the spec, and the md5 of all.

    Related objects are described only to type their fields; where nothing is to be read, those calls are spared.
    """
    named = () if spec.fields is None or isinstance(spec.fields, str) else spec.fields
    own = replace(
        spec,
        fields=_own(named) or spec.fields,
        additional_fields=_own(spec.additional_fields),
        exclude_fields=_own(spec.exclude_fields),
    )
    columns = stream_columns(org, own)
    related = {name.lower() for name in (*named, *spec.additional_fields) if "." in name}
    excluded = {name.lower() for name in spec.exclude_fields}
    return columns, asked_md5(spec, ({name.lower() for name in columns.names} | related) - excluded)


def _own(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for name in names if "." not in name)
