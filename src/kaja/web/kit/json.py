"""JSON to and from the pages' scripts; what is refused comes with the same words as everywhere."""

import json
from collections.abc import Callable
from contextlib import nullcontext
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from django.db import DataError, transaction
from django.http import HttpRequest, JsonResponse
from pydantic import BaseModel, ValidationError

from kaja.kernel.constraints import parse_not_storable
from kaja.kernel.problems import Problem, Refused, fill_params
from kaja.kernel.tenancy import current_workspace_id
from kaja.web.problems import render_problem_json
from kaja.web.workspace import WorkspaceRequest

P = ParamSpec("P")
B = TypeVar("B", bound=BaseModel)
View = Callable[Concatenate[WorkspaceRequest, P], JsonResponse]
Answer = Callable[..., JsonResponse]


def _refusal(refused: Refused) -> JsonResponse:
    return JsonResponse({"problems": [render_problem_json(p) for p in refused.problems]}, status=refused.status)


def json_answer(view: View[P]) -> Answer:
    """Turn a refusal into JSON. Nothing of what the view wrote before it stays."""

    @wraps(view)
    def answer(request: WorkspaceRequest, *args: P.args, **kwargs: P.kwargs) -> JsonResponse:
        # Inside the workspace's scope a point to go back to; outside it, where a network is asked, no transaction.
        point = transaction.atomic() if current_workspace_id() else nullcontext()
        try:
            with point:
                response = view(request, *args, **kwargs)
        except Refused as refused:
            response = _refusal(refused)
        except (DataError, ValueError, OverflowError) as error:
            if (unstorable := parse_not_storable(error)) is None:
                raise
            response = _refusal(unstorable)
        response["Cache-Control"] = "no-store"
        return response

    return answer


def parse_json(request: HttpRequest) -> dict[str, Any]:
    """A small JSON object, or an empty one."""
    try:
        value = json.loads(request.body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def parse_body(model: type[B], request: HttpRequest, unreadable: Problem) -> B:
    """What a page sent, checked. Raises Refused with `unreadable`, whose `detail` is the first thing that is wrong."""
    try:
        return model.model_validate(json.loads(request.body))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(step) for step in first["loc"])
        raise Refused(fill_params(unreadable, detail=f"{place}: {first['msg']}"[:200])) from error
    except (ValueError, RecursionError) as error:
        raise Refused(fill_params(unreadable, detail="JSON")) from error
