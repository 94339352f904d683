"""YAML as people keep it: written in the style of the shipped files, and changed without losing their comments."""

import json
import re
from ast import literal_eval
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, TypeGuard

import yaml

WIDTH = 118
_BETWEEN = re.compile(r"^---[ \t]*(?:#.*)?\n", re.MULTILINE)
_NO_CONTENT = re.compile(r"\s*(?:#.*)?")


def documents(text: str) -> list[str]:
    """The texts of a file's documents, without the lines between them."""
    return [each for each in _BETWEEN.split(text) if each.strip()]


def load(text: str) -> Any:  # noqa: ANN401  whatever YAML holds
    """The value of a document, by libyaml where PyYAML has it. Raises yaml.YAMLError."""
    return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  both are safe


def joined(texts: Sequence[str]) -> str:
    """One file of these documents."""
    return "---\n".join(each if each.endswith("\n") else f"{each}\n" for each in texts)


def document(kind: str, attributes: Mapping[str, object], *, comment: str = "") -> str:
    """A new document of a component type, with a comment above it."""
    above = "".join(f"# {line}\n" for line in comment.splitlines())
    return f"{above}type: {kind}\nattributes:\n{_dumped(attributes, 2)}"


def changed(text: str, attributes: Mapping[str, object]) -> str:
    """The document with these attributes. What stays the same stays as it is written, its comments too.

    Where its layout is such that this cannot be done, the document is written anew.
    """
    root = yaml.compose(text, yaml.SafeLoader)
    before = load(text)
    found = dict(_members(root)).get("attributes") if isinstance(root, yaml.MappingNode) else None
    if isinstance(found, yaml.MappingNode) and not found.flow_style:
        after = _edited(text, list(_edits(text, found, before["attributes"], attributes)))
        if _reads_as(after, before | {"attributes": dict(attributes)}):
            return after
    return document(before["type"], attributes)


def as_text(text: str) -> str:
    """The text so that a component reads it as one: what looks like a number or None, templates would make that."""
    return text if _literal(text) is _NO_LITERAL else repr(text)


_NO_LITERAL = object()


def _literal(text: str) -> object:
    try:
        return literal_eval(text)
    except (ValueError, SyntaxError):
        return _NO_LITERAL


@dataclass(frozen=True)
class _Edit:
    """Text from `start` to `end` (offsets) is replaced."""

    start: int
    end: int
    by: str


def _edited(text: str, edits: list[_Edit]) -> str:
    for each in sorted(edits, key=lambda edit: (edit.start, edit.end), reverse=True):
        text = text[: each.start] + each.by + text[each.end :]
    return text


def _reads_as(text: str, wanted: object) -> bool:
    try:
        return bool(load(text) == wanted)
    except yaml.YAMLError:
        return False


def _edits(
    text: str, node: yaml.MappingNode, before: Mapping[str, object], after: Mapping[str, object]
) -> Iterator[_Edit]:
    """What is different in the attributes, name by name; new ones come last."""
    members = dict(_members(node))
    keys = {key.value: key for key, _ in node.value}
    column = node.start_mark.column
    for name, value in members.items():
        if name in after and before[name] == after[name]:
            continue
        old, new = before[name], after.get(name)
        start, end = _line_start(text, keys[name].start_mark.index), _end(text, value)
        lines = _dumped({name: new}, column)
        if name not in after:
            yield _Edit(start, end, "")
        elif (
            isinstance(value, yaml.SequenceNode) and not value.flow_style and _are_mappings(old) and _are_mappings(new)
        ):
            opens = text.index("\n", keys[name].end_mark.index) + 1
            yield from _item_edits(text, value, opens, old, new)
        elif lines.count("\n") == 1 and value.start_mark.line == value.end_mark.line:
            by = lines.strip().removeprefix(f"{name}: ")
            yield _Edit(value.start_mark.index, value.end_mark.index, by)
        else:
            yield _Edit(start, end, lines)
    added = {name: value for name, value in after.items() if name not in members}
    if added:
        at = max(_end(text, value) for value in members.values())
        lines = _dumped(added, column)
        yield _Edit(at, at, lines if text[:at].endswith("\n") else f"\n{lines}")


def _item_edits(
    text: str, node: yaml.SequenceNode, opens: int, before: list[object], after: list[object]
) -> Iterator[_Edit]:
    """Items of a list that come, go or change. The comment above items that all go, goes with them."""
    starts = [_line_start(text, item.start_mark.index) for item in node.value]
    ends = [_end(text, item) for item in node.value]
    column = text.index("-", starts[0]) - starts[0]
    for operation, first, last, new_first, new_last in SequenceMatcher(
        None, [json.dumps(each, default=str) for each in before], [json.dumps(each, default=str) for each in after],
        autojunk=False,
    ).get_opcodes():  # fmt: skip
        if operation == "equal":
            continue
        lines = "".join(_dumped([item], column) for item in after[new_first:new_last])
        if operation == "insert":
            at = ends[first - 1] if first else opens
            yield _Edit(at, at, lines if not at or text[:at].endswith("\n") else f"\n{lines}")
            continue
        start, end = starts[first], ends[last - 1]
        if operation == "delete" and _is_alone(text, start, end):
            start = ends[first - 1] if first else opens
        yield _Edit(start, end, lines)


def _is_alone(text: str, start: int, end: int) -> bool:
    """Whether a comment or an empty line is right above the lines, and another, or nothing, right below them."""
    above = text[:start].rstrip("\n").rpartition("\n")[2]
    below = text[end:].partition("\n")[0]
    return bool(_NO_CONTENT.fullmatch(above)) and bool(_NO_CONTENT.fullmatch(below))


def _members(node: yaml.MappingNode) -> Iterator[tuple[str, yaml.Node]]:
    for key, value in node.value:
        yield key.value, value


def _end(text: str, node: yaml.Node) -> int:
    """Where the line of a node's last content ends; PyYAML counts the comments below a block to it."""
    inside = text[node.start_mark.index : node.end_mark.index]
    if isinstance(node, yaml.CollectionNode) and not node.flow_style:
        last = node.value[-1] if node.value else None
        if last is not None:
            return _end(text, last[1] if isinstance(last, tuple) else last)
    while inside and (line := inside.rpartition("\n")) and line[1] and _NO_CONTENT.fullmatch(line[2]):
        inside = line[0]
    at = node.start_mark.index + len(inside)
    return text.find("\n", at) + 1 or len(text)


def _line_start(text: str, at: int) -> int:
    return text.rfind("\n", 0, at) + 1


def _are_mappings(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list) and bool(value) and all(isinstance(each, dict) for each in value)


def _indented(text: str, columns: int) -> str:
    return "".join(f"{' ' * columns}{line}" if line.strip() else line for line in text.splitlines(keepends=True))


def _dumped(value: object, column: int) -> str:
    """As YAML that stands so many characters in."""
    text = yaml.dump(
        value, Dumper=_Style, sort_keys=False, allow_unicode=True, width=WIDTH - column, default_flow_style=False
    )
    return _indented(text, column)


class _Style(yaml.SafeDumper):
    """Lists stand further in than their name, those of plain values on one line; templates are in double quotes."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, indentless=False)


def _list(dumper: yaml.SafeDumper, value: list[object] | tuple[object, ...]) -> yaml.Node:
    plain = all(isinstance(each, str | int | float) for each in value)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=plain)


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    style = '"' if "'" in value and '"' not in value and "{{" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Style.add_representer(list, _list)
_Style.add_representer(tuple, _list)
_Style.add_representer(str, _text)
