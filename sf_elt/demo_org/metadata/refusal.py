"""How a change of metadata is refused."""


class MetadataRefused(Exception):
    """A component that cannot be made, changed or deleted: Salesforce's status code, message and fields."""

    def __init__(self, code: str, message: str, *fields: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.fields = fields


def missing(attribute: str, kind: str) -> MetadataRefused:
    """An attribute that a field of that type cannot be without."""
    return MetadataRefused("FIELD_INTEGRITY_EXCEPTION", f"Must specify '{attribute}' for a CustomField of type {kind}")


def not_supported(what: str) -> MetadataRefused:
    """Something that real orgs have and the demo org has not."""
    return MetadataRefused("UNKNOWN_EXCEPTION", f"{what} is not supported by the demo org")
