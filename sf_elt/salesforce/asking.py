"""Many small questions in as few API calls as the org takes: describes and queries, side by side in composite requests.

A composite request holds 25 subrequests, of which 5 may be queries, and counts as one call (REST API Developer Guide,
"Composite"). Nothing else here sends composite requests.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from urllib.parse import quote

from sf_elt.salesforce.composite import answers_in, body_of_reads
from sf_elt.salesforce.connection.connect import Org
from sf_elt.salesforce.connection.transport import ORG_PAUSE
from sf_elt.salesforce.describe import remember
from sf_elt.salesforce.errors import OrgUnavailable, RequestRefused, error_inside
from sf_elt.salesforce.replies import Row, parsed, rows_of, total_of
from sf_elt.salesforce.soql import name as checked_name

log = logging.getLogger(__name__)

MOST_QUESTIONS, MOST_QUERIES = 25, 5


@dataclass(frozen=True)
class Reply:
    """What the org gave for one question: its JSON, or why it refused."""

    body: object = None
    refused: RequestRefused | None = None

    @property
    def records(self) -> list[Row]:
        """The rows of a query's first page; none where it was refused. Raises OrgUnavailable for what are none."""
        return rows_of(self.body, "query") if self.refused is None else []

    @property
    def total(self) -> int | None:
        """How many rows a query has; None where it was refused. Raises RequestRefused where the org does not say."""
        return total_of(self.body) if self.refused is None else None

    @property
    def is_whole(self) -> bool:
        """Whether the first page is all there is."""
        return isinstance(self.body, dict) and self.body.get("done") is True


def describing(object_name: str) -> str:
    """The question for an object's describe. Raises ValueError for what is no name."""
    return f"sobjects/{checked_name(object_name)}/describe"


def querying(soql: str, *, include_deleted: bool = False) -> str:
    """The question for a query's first page."""
    return f"{'queryAll' if include_deleted else 'query'}/?q={quote(soql, safe='')}"


def ask(org: Org, questions: Mapping[str, str]) -> dict[str, Reply]:
    """The replies by the questions' names (letters, digits and `_`); questions are paths below the API's version.

    A refused question is a reply; what stops all of them is raised: AllowanceSpent, OrgUnavailable,
    AuthenticationFailed. What the org does not answer together with others, it is asked alone: a call each.
    """
    replies: dict[str, Reply] = {}
    for call in _in_calls(questions):
        together = _together(org, call) if org.takes_composites else {}
        replies |= together | _one_by_one(org, {name: path for name, path in call.items() if name not in together})
    return {name: replies[name] for name in questions}


def describe_together(org: Org, objects: Iterable[str]) -> None:
    """Has `describe` know what this user sees of these objects; those that it does not see are left out."""
    wanted = [name for name in dict.fromkeys(objects) if name not in org.described]
    replies = ask(org, {f"object{number}": describing(name) for number, name in enumerate(wanted)})
    for name, reply in zip(wanted, replies.values(), strict=True):
        if reply.refused is None:
            remember(org, name, reply.body)


def _in_calls(questions: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """The questions shared out over as few calls as their limits allow."""
    queries = iter([each for each in questions.items() if _is_query(each[1])])
    others = iter([each for each in questions.items() if not _is_query(each[1])])
    while call := dict(islice(queries, MOST_QUERIES)):
        yield call | dict(islice(others, MOST_QUESTIONS - len(call)))
    while call := dict(islice(others, MOST_QUESTIONS)):
        yield call


def _is_query(path: str) -> bool:
    return path.startswith(("query/", "queryAll/"))


def _together(org: Org, questions: Mapping[str, str]) -> dict[str, Reply]:
    """The replies of one composite request; questions that are not among them are to be asked alone."""
    addresses = {name: f"/services/data/v{org.api_version}/{path}" for name, path in questions.items()}
    try:
        reply = org.session.post(
            org.url("composite"), data=body_of_reads(addresses), headers={"Content-Type": "application/json"}
        )
        answers = answers_in(reply.content)
    except RequestRefused as error:
        if error.code == "API_DISABLED_FOR_ORG":
            raise
        return _not_together(org, str(error))
    except ValueError:
        return _not_together(org, "its reply holds no answers")
    next_try = org.transport.clock() + ORG_PAUSE
    replies: dict[str, Reply] = {}
    for name, address in addresses.items():
        if name not in answers:
            continue
        answer = answers[name]
        if answer.status < 300:
            replies[name] = Reply(answer.body)
            continue
        refused = error_inside(f"GET {address.partition('?')[0]}", answer.status, answer.body, next_try=next_try)
        if refused.code == "PROCESSING_HALTED" or answer.status == 405:
            _not_together(org, str(refused))
        elif isinstance(refused, RequestRefused):
            replies[name] = Reply(refused=refused)
        elif not isinstance(refused, OrgUnavailable):  # which is repeated where it is asked alone
            raise refused
    return replies


def _not_together(org: Org, why: str) -> dict[str, Reply]:
    """From now on the org is asked one question a call."""
    log.info("%s does not answer composite requests: %s", org.host, why)
    org.takes_composites = False
    return {}


def _one_by_one(org: Org, questions: Mapping[str, str]) -> dict[str, Reply]:
    replies: dict[str, Reply] = {}
    for name, path in questions.items():
        try:
            replies[name] = Reply(parsed(org.session.get(org.url(path)).content, path.partition("?")[0]))
        except RequestRefused as error:
            replies[name] = Reply(refused=error)
    return replies
