"""How the YAML under defs/ is read, and how an error in it reads: file, line, attribute, what would be accepted.

Dagster knows the position of every value in a component file. Two things are added here: attributes inside lists are
checked one by one (Dagster alone dumps the whole list), and names that refer to something are held against what
there is, with the nearest one offered.
"""

import re
from collections.abc import Iterable, Sequence
from copy import copy
from datetime import date
from difflib import SequenceMatcher
from functools import cache, reduce
from operator import or_
from typing import Annotated, Any, Self, get_args, get_origin

import dagster as dg
from dagster.components.core.decl import YamlBackedComponentDecl
from dagster.components.resolved.errors import ResolutionException
from pydantic import (
    AfterValidator,
    BaseModel,
    ModelWrapValidatorHandler,
    ValidationError,
    create_model,
    model_validator,
)
from pydantic_core import ErrorDetails, InitErrorDetails
from pydantic_core.core_schema import ErrorType

LISTED_IN_FULL = 15
"""As many accepted names an error lists; of a longer list it names the nearest."""

_PYDANTIC_ERRORS = frozenset(get_args(ErrorType))

_KINDS = {
    "string_type": "accepted is a text",
    "bool_type": "accepted are true and false",
    "bool_parsing": "accepted are true and false",
}

NEAR = 0.6
"""From here on (1: equal) a name is thought to be meant; difflib's own measure."""


def _owner(value: str) -> str:
    is_template = "{{" in value  # in a list it comes here before it is filled in, and again after
    if is_template or re.fullmatch(r"team:.+|[\w.%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,7}", value, re.ASCII):
        return value
    raise ValueError(f"{value!r} is no owner; accepted are an email address and team:NAME")


def _group(value: str) -> str:
    if re.fullmatch(r"\w+(/\w+)*", value, re.ASCII):
        return value
    raise ValueError(f"{value!r} is no group; accepted are a to z, digits and _, with / between groups")


Owner = Annotated[str, AfterValidator(_owner)]
"""Who is asked about an asset; Dagster itself would refuse a wrong one without its file and line."""

Group = Annotated[str, AfterValidator(_group)]
"""A group of assets in the UI, for which the same holds."""


class ComponentAttributeError(ResolutionException):
    """A value in a component file that nothing else in the project answers to."""


class Attributes(dg.Resolvable, dg.Model):
    """Attributes of a component, or of an item in one of its lists, with errors that name the attribute."""

    @classmethod
    def model(cls) -> type[BaseModel]:
        """What the YAML may say. Dagster reads its JSON schema for `dg check yaml` and editors."""
        return _strict_model(cls)

    @classmethod
    def resolve_from_model(cls, context: dg.ResolutionContext, model: BaseModel) -> Self:
        """The attributes with templates such as `{{ env('NAME', 'default') }}` filled in."""
        try:
            attributes: Self = super().resolve_from_model(context, model)
            return attributes
        except ValidationError as error:
            raise _first_of(error, context) from None


class Verbatim(Attributes):
    """Attributes taken as they are written: no templates, and the text "0" or "None" stays a text."""

    @classmethod
    def resolve_from_model(cls, context: dg.ResolutionContext, model: BaseModel) -> Self:
        """The attributes as the YAML has them."""
        try:
            return cls.model_validate(model.model_dump(exclude_unset=True, by_alias=True))
        except ValidationError as error:
            raise _first_of(error, context) from None


def as_written(_context: dg.ResolutionContext, value: object) -> object:
    """The value as the YAML has it; a validator of the attribute reads it, and its errors name the attribute."""
    return value


def did_you_mean(name: str, accepted: Iterable[str]) -> str:
    """`did you mean 'X'? Accepted: X, Y.`, or `accepted: X, Y.` where nothing is close to `name`.

    Of a long list the nearest three are named, and how many more there are.
    """
    known = sorted(set(accepted))
    if not known:
        return "nothing is accepted here: there is none."
    nearness = {each: SequenceMatcher(None, name.casefold(), each.casefold()).ratio() for each in known}
    nearest = sorted(known, key=lambda each: (-nearness[each], each))
    told = f"did you mean {nearest[0]!r}? Accepted" if nearness[nearest[0]] >= NEAR else "accepted"
    if len(known) <= LISTED_IN_FULL:
        return f"{told}: {', '.join(known)}."
    return f"{told}: {', '.join(nearest[:3])} and {len(known) - 3} more."


def attribute_error(context: dg.ComponentLoadContext, path: Sequence[str | int], message: str) -> Exception:
    """The error about the attribute at `path` of the component that is being built, with its file and line."""
    return ComponentAttributeError(_located(_with_positions(context), ["attributes", *path], message))


def place_of(context: dg.ComponentLoadContext, path: Sequence[str | int]) -> str:
    """`FILE:LINE` of the attribute at `path` of the component that is being built, or its name where it has no file."""
    positions = _with_positions(context).source_position_tree
    if positions is None:
        return ".".join(map(str, path))
    source = positions.source_error(["attributes", *path], inline_error_message="", value_error=True)
    return f"{source.file_name}:{source.start_line_no}"


def _with_positions(context: dg.ComponentLoadContext) -> dg.ResolutionContext:
    declaration = context.component_decl
    tree = declaration.source_tree if isinstance(declaration, YamlBackedComponentDecl) else None
    resolution = context.resolution_context
    return resolution if tree is None else resolution.with_source_position_tree(tree.source_position_tree)


def require_known(
    context: dg.ComponentLoadContext, path: Sequence[str | int], what: str, name: str, accepted: Iterable[str]
) -> None:
    """Raises ComponentAttributeError unless `name` is one of the `accepted` ones; `what` says what it names."""
    known = list(accepted)
    if name not in known:
        raise attribute_error(context, path, f"there is no {what} {name!r}; {did_you_mean(name, known)}")


def _located(context: dg.ResolutionContext, path: Sequence[str | int], message: str) -> str:
    where = ".".join(str(part) for part in path)
    if context.source_position_tree is None:
        return f"{where}: {message}"
    source = context.source_position_tree.source_error(list(path), inline_error_message=message, value_error=True)
    return f"{source.file_name}:{source.start_line_no} {where}: {message}\n{source.snippet}"


def _first_of(error: ValidationError, context: dg.ResolutionContext) -> ComponentAttributeError:
    first = error.errors()[0]
    message = _kind_in_words(first) or first["msg"].removeprefix("Value error, ")
    return ComponentAttributeError(_located(context, [*context.path, *first["loc"]], message))


class _ExplainsErrors(BaseModel):
    @model_validator(mode="wrap")
    @classmethod
    def _explain(cls, value: object, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(value)
        except ValidationError as error:
            raise ValidationError.from_exception_data(
                error.title,
                [_explained(cls, each) for each in _without_what_follows(_one_for_each_choice(error.errors()))],
            ) from None


@cache
def _strict_model(attributes: type[Attributes]) -> type[BaseModel]:
    """The model that Dagster derives, made fit for errors in one item of a list and for templates in a number.

    Dagster lets every attribute be a template, by adding `| str` to its type. A list loses that again: as a union,
    an error in one item would become an error about the whole list. Anything else loses its limits (`ge=0`), which
    a template's text cannot meet; the component's own class holds the value to them once the template is filled in.
    Descriptions are put back: Dagster loses those of attributes that have a default.
    """
    derived = super(Attributes, attributes).model()
    fields: dict[str, Any] = {}
    for name, field in derived.model_fields.items():
        annotation = _without_text(field.annotation)
        described = copy(field)
        described.description = attributes.model_fields[name].description
        if annotation is field.annotation:
            described.metadata = []
        fields[name] = (annotation, described)
    return create_model(derived.__name__, __base__=(_ExplainsErrors, derived), **fields)


def _without_text(annotation: object) -> object:
    members = get_args(annotation)
    if str in members and any(_is_container(member) for member in members):
        return reduce(or_, (member for member in members if member is not str))
    return annotation


def _is_container(annotation: object) -> bool:
    origin = get_origin(annotation) or annotation
    return (
        isinstance(origin, type) and issubclass(origin, (list, tuple, dict, BaseModel, Sequence)) and origin is not str
    )


def _one_for_each_choice(errors: list[ErrorDetails]) -> list[ErrorDetails]:
    """The errors, without what pydantic says of a text being no list where it says too which texts are accepted."""
    words = [each for each in errors if each["type"] == "literal_error"]
    lists = {each["loc"][:-1] for each in errors if each["type"] == "list_type"}
    for each in words:
        if each["loc"][:-1] in lists:
            each["loc"] = each["loc"][:-1]
            each["ctx"]["expected"] += ", or a list"
    answered = {each["loc"] for each in words}
    return [each for each in errors if each["type"] != "list_type" or each["loc"][:-1] not in answered]


def _without_what_follows(errors: list[ErrorDetails]) -> list[ErrorDetails]:
    """The errors, without what pydantic says besides: of a list, once it has lost its wrong items, that it is short; of
    a number beyond its limits, that it is no text either.
    """
    limits = set()
    for each in errors:
        if each["loc"] and str(each["loc"][-1]).startswith("constrained-"):
            each["loc"] = each["loc"][:-1]
            limits.add((*each["loc"], "str"))
    around = {each["loc"][:length] for each in errors for length in range(len(each["loc"]))}

    def follows(each: ErrorDetails) -> bool:
        is_inside = each["loc"] in (around if each["type"] == "too_short" else limits)
        return is_inside and each["type"] in ("too_short", "string_type")

    return [each for each in errors if not follows(each)]


def _explained(cls: type[BaseModel], error: ErrorDetails) -> InitErrorDetails:
    loc = _without_kinds(error["loc"])
    if error["type"] not in _PYDANTIC_ERRORS:  # one of our own, which pydantic does not make again by its type
        told = {"error": ValueError(error["msg"])}
        return InitErrorDetails(type="value_error", loc=loc, input=error["input"], ctx=told)
    if error["type"] == "string_type" and isinstance(error["input"], (bool, int, float, date)):
        told = {"error": ValueError(f"YAML reads {error['input']!s} here, which is no text: put it in quotes")}
        return InitErrorDetails(type="value_error", loc=loc, input=error["input"], ctx=told)
    if (told_kind := _kind_in_words(error)) is not None:
        return InitErrorDetails(type="value_error", loc=loc, input=error["input"], ctx={"error": ValueError(told_kind)})
    if error["type"] != "extra_forbidden":
        return InitErrorDetails(type=error["type"], loc=loc, input=error["input"], ctx=error.get("ctx", {}))
    name = str(loc[-1])
    message = f"there is no attribute {name!r}; {did_you_mean(name, _attributes_at(cls, loc[:-1]))}"
    return InitErrorDetails(type="value_error", loc=loc, input=error["input"], ctx={"error": ValueError(message)})


def _kind_in_words(error: ErrorDetails) -> str | None:
    """What is accepted in place of a value of another kind; None where pydantic says it well enough."""
    accepted = _KINDS.get(error["type"])
    if accepted is None:
        return None
    given = error["input"]
    if given is None:
        return f"nothing stands here (null); {accepted}"
    shown = "a list" if isinstance(given, list) else "a mapping" if isinstance(given, dict) else f"{given!r:.60}"
    return f"{accepted}, and not {shown}"


def _without_kinds(path: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """The path without the kinds that pydantic puts into it, where a kind goes by its key: {template: …}."""
    return tuple(part for part, before in zip(path, (None, *path), strict=False) if part != before)


def _attributes_at(cls: type[BaseModel], path: Sequence[str | int]) -> list[str]:
    """The attributes that the model at `path` inside `cls` has, by the names that the YAML uses."""
    current: object = cls
    for part in path:
        if isinstance(part, int):
            current = next(iter(get_args(current)), None)
        elif isinstance(current, type) and issubclass(current, BaseModel) and part in current.model_fields:
            current = current.model_fields[part].annotation
        else:
            return []
    if not (isinstance(current, type) and issubclass(current, BaseModel)):
        return []
    return [field.alias or name for name, field in current.model_fields.items()]
