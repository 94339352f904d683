"""Several of many names: by search in names and labels, with what was probably meant."""

import re
from collections.abc import Callable, Iterable, Sequence
from difflib import SequenceMatcher

from sf_elt.cli.init.offered import Named
from sf_elt.cli.init.terminal import Terminal

SHOWN = 15
NAMED = 20  # what is chosen is named in full up to so many
LONGEST = 80  # characters of what may be mistyped: no API name and no label is longer
NEAR = 0.6
HOW = "part of a name or label searches; a number or a whole name adds; -NAME takes out; ? lists; Enter when done"


def matches(query: str, offered: Iterable[Named]) -> list[Named]:
    """Those whose API name or label contains the words, the nearest first: equal, beginning with them, the rest."""
    words = query.casefold().split()
    ranked = [(_rank(query.casefold(), words, each), each) for each in offered]
    return [each for rank, each in sorted(ranked, key=_first) if rank < _NONE]


def _first(ranked: tuple[int, Named]) -> tuple[int, int, str]:
    rank, each = ranked
    return rank, len(each.name), each.name  # Subscription__c before Subscription__History


_NONE = 9


def _rank(query: str, words: Sequence[str], each: Named) -> int:
    name, label = each.name.casefold(), each.label.casefold()
    if query in (name, label):
        return 0
    if name.startswith(query) or label.startswith(query):
        return 1
    both = f"{name} {label}"
    if all(re.search(rf"(?:\b|_){re.escape(word)}", both) for word in words):
        return 2
    return 3 if all(word in both for word in words) else _NONE


def nearest(query: str, offered: Iterable[Named]) -> list[Named]:
    """Up to three whose name or label is nearly the same, the nearest first: letters that were mistyped."""
    like = SequenceMatcher(b=query[:LONGEST].casefold())
    near = [(max(_likeness(like, each.name), _likeness(like, each.label)), each) for each in offered]
    return [each for likeness, each in sorted(near, key=lambda pair: -pair[0])[:3] if likeness >= NEAR]


def _likeness(like: SequenceMatcher[str], text: str) -> float:
    """0 where it is less than near: an org has thousands of names, and most of them are told apart at once."""
    most = 0.0
    for each in {text, re.sub(r"__\w{1,3}$", "", text)}:
        like.set_seq1(each.casefold())
        if like.real_quick_ratio() >= NEAR and like.quick_ratio() >= NEAR:
            most = max(most, like.ratio())
    return most


def choose(
    terminal: Terminal,
    what: str,
    offered: Sequence[Named],
    chosen: Sequence[str],
    *,
    others: Callable[[str], bool] = lambda _: False,
    least: int = 0,
) -> list[str]:
    """Lets a person change what is chosen of the offered names, until Enter. `others` accepts names beyond those."""
    picked, listed = list(dict.fromkeys(chosen)), list[Named]()
    terminal.say(f"[dim]{HOW}[/]")
    while True:
        terminal.say(f"  {what}: {terminal.safe(_named(picked)) or '[dim]none[/]'}")
        said = terminal.ask("Search", default="", between=", ").strip()
        if not said and len(picked) >= least:
            return picked
        if not said:
            terminal.say(f"[yellow]At least {least} is needed.[/]")
        elif said == "?":
            terminal.say(f"  {terminal.safe(', '.join(picked)) or '[dim]none[/]'}")
        elif said.startswith("-"):
            _take_out(terminal, said[1:].strip(), picked)
        else:
            listed = _add(terminal, said, offered, listed, picked, others)


def _named(picked: Sequence[str]) -> str:
    """What is chosen; of very much the beginning."""
    more = len(picked) - NAMED
    return ", ".join(picked[:NAMED]) + (f", … and {more:,} more" if more > 0 else "")


def _take_out(terminal: Terminal, name: str, picked: list[str]) -> None:
    found = next((each for each in picked if each.casefold() == name.casefold()), None)
    if found is None:
        near = nearest(name, [Named(each) for each in picked])
        hint = f": did you mean -{terminal.safe(near[0].name)}?" if near else "."
        terminal.say(f"[yellow]{terminal.safe(name)} is not chosen{hint}[/]")
    else:
        picked.remove(found)


def _add(
    terminal: Terminal,
    said: str,
    offered: Sequence[Named],
    listed: list[Named],
    picked: list[str],
    others: Callable[[str], bool],
) -> list[Named]:
    """Adds what was named, or lists what was searched for; gives what the numbers stand for from now on."""
    if numbers := re.fullmatch(r"\d+(?:[,\s]+\d+)*", said):
        places = [int(each) - 1 for each in re.findall(r"\d+", numbers[0])]
        if listed and all(0 <= place < len(listed) for place in places):
            picked += [listed[place].name for place in places if listed[place].name not in picked]
        else:
            terminal.say(f"[yellow]There is no such number; {f'1 to {len(listed)}' if listed else 'search first'}.[/]")
        return listed
    known = {each.name for each in offered}
    searched = [*offered, *(Named(name) for name in picked if name not in known)]
    for name in [part.strip() for part in said.split(",")] if "," in said else [said]:
        found = matches(name, searched)
        equal = [each for each in found if each.name.casefold() == name.casefold()]
        equal = equal or ([each for each in found if each.label.casefold() == name.casefold()] if found else [])
        if len(equal) == 1 and equal[0].name in picked:
            terminal.say(f"[dim]{terminal.safe(equal[0].name)} is chosen already.[/]")
        elif len(equal) == 1:
            picked.append(equal[0].name)
        elif found:
            listed = found[:SHOWN]
            _list(terminal, listed, len(found), picked)
        else:
            listed = _of_unknown(terminal, name, offered, listed, picked, others)
    return listed


def _of_unknown(
    terminal: Terminal,
    name: str,
    offered: Sequence[Named],
    listed: list[Named],
    picked: list[str],
    others: Callable[[str], bool],
) -> list[Named]:
    """Adds a name that is not offered where others are accepted; one that looks mistyped only by its number."""
    near, may_be = nearest(name, offered), others(name)
    if may_be and ("__" in name or not near):
        picked += [name] if name not in picked else []
        return listed
    terminal.say(f"[yellow]Nothing is called {terminal.safe(name)}.[/]{' Did you mean' if near else ''}")
    listed = [*near, Named(name, note="as you have written it")] if may_be else near
    _list(terminal, listed, len(listed), picked)
    return listed


def _list(terminal: Terminal, listed: Sequence[Named], total: int, picked: Sequence[str]) -> None:
    terminal.rows(
        [
            (str(place), "✓" if each.name in picked else "", each.name, each.label, each.note)
            for place, each in enumerate(listed, start=1)
        ]
    )
    if total > len(listed):
        terminal.say(f"[dim]{len(listed)} of {total:,} are shown: more letters find fewer.[/]")
