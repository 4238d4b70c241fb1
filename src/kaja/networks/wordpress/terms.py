"""Categories and tags: ids of those that a post names; what the site lacks is made."""

import html
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from kaja.networks.kit.answers import read_list, read_mapping
from kaja.networks.kit.fields import read_terms
from kaja.networks.kit.guards import Failed
from kaja.networks.kit.http import Response, Session
from kaja.networks.kit.outcome import refused_problem
from kaja.networks.kit.results import Later, Rejected
from kaja.networks.wordpress.api import NETWORK, REST
from kaja.networks.wordpress.info import WORDS

TAXONOMIES = ("categories", "tags")


async def find_terms(options: Mapping[str, Any], session: Session) -> dict[str, list[int]]:
    """By taxonomy. Raises Failed."""
    return {
        taxonomy: [await _find_term(taxonomy, name, session) for name in read_terms(options, taxonomy)]
        for taxonomy in TAXONOMIES
    }


async def _find_term(taxonomy: str, name: str, session: Session) -> int:
    route, wanted = f"/wp/v2/{taxonomy}", name.casefold()
    params = {"search": name, "per_page": 100, "_fields": "id,name"}
    for term in read_list(await REST.call(session, "GET", route, params=params)):
        if html.unescape(str(term.get("name"))).casefold() == wanted:
            return int(term["id"])
    made = await REST.ask(session, "POST", route, json={"name": name})
    body = made.json_object() if isinstance(made, Response) else {}
    if body.get("code") == "term_exists":  # made meanwhile, or spelled otherwise: the answer names it
        return int(read_mapping(body.get("data"))["term_id"])
    field = f"options.{taxonomy}"
    if isinstance(made, Response) and made.status in (401, 403):
        raise Failed(Rejected(WORDS.problem("term_unknown", field, term=name)))
    try:
        return int(REST.read(made).json_object()["id"])
    except Failed as failed:
        if isinstance(failed.result, Later):
            raise
        problem = refused_problem(NETWORK, str(body.get("message")))
        raise Failed(Rejected(replace(problem, field=field))) from failed
