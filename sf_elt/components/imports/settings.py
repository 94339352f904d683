"""What the UI shows of how an import reads one of its objects."""

from typing import TYPE_CHECKING

from sf_elt.components.imports.imported_object import ImportedObject

if TYPE_CHECKING:
    from sf_elt.components.imports.salesforce_import import SalesforceImport


def settings(component: "SalesforceImport", imported: ImportedObject) -> dict[str, str | int]:
    """Settings by name, for the metadata of the asset; without those that are not made."""
    asked = imported.fields or "all"
    shown: dict[str, str | int | None] = {
        "object": imported.object,
        "connection": component.connection,
        "import": component.title,
        "kept_updated": component.timetable().words if component.keep_updated else "no: somebody starts it",
        "formula_refresh": _words(component, component.formula_refresh),
        "reconcile": _words(component, component.reconcile),
        "fields": asked if isinstance(asked, str) else ", ".join(asked),
        "additional_fields": ", ".join(imported.additional_fields) or None,
        "exclude_fields": ", ".join(imported.exclude_fields) or None,
        "timestamp_field": imported.timestamp_field or "the best that the object has",
        "since": f"{imported.since:%Y-%m-%d %H:%M} UTC" if imported.since else None,
        "deletes": component.deletes,
        "transport": component.transport,
        "look_back_minutes": component.look_back_minutes,
        "max_daily_api_calls": component.max_daily_api_calls,
    }
    return {name: value for name, value in shown.items() if value is not None}


def _words(component: "SalesforceImport", frequency: str | None) -> str | None:
    return None if frequency is None else component.timetable(frequency).words
