"""Which parameters an address of the API knows. Others are refused: a misspelled filter would silently show all rows,
a description sent at the wrong place would be lost."""

import re
from functools import cache

from django.http import HttpRequest
from django.urls import Resolver404, resolve

from kaja.kernel.problems import Problem, gettext_noop

_CONVERTER = re.compile(r"<(?:\w+:)?(\w+)>")


@cache
def _list_known() -> dict[tuple[str, str], frozenset[str]]:
    """By method and path, from the API's own document."""
    from kaja.api.main import api

    known = {}
    for path, operations in api.get_openapi_schema()["paths"].items():
        for method, operation in operations.items():
            names = (each["name"] for each in operation.get("parameters", ()) if each["in"] == "query")
            known[(method.upper(), path)] = frozenset(names)
    return known


def find_unknown(request: HttpRequest) -> list[Problem]:
    """A problem for every parameter of the address that the operation does not have."""
    if not request.GET:
        return []
    try:
        route = resolve(request.path_info).route
    except Resolver404:
        return []
    known = _list_known().get((request.method or "", "/" + _CONVERTER.sub(r"{\1}", route)))
    if known is None:
        return []
    return [
        Problem(
            code="parameter_unknown",
            message=gettext_noop("This address has no parameter “%(name)s”; nothing was done."),
            field=name[:100],
            fix=gettext_noop("It may belong in the body; the API's document lists the parameters of every address."),
            params={"name": name[:100]},
        )
        for name in request.GET
        if name not in known
    ]
