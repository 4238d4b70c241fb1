"""JSON answers of the composer; what is refused comes with the same words as everywhere."""

from collections.abc import Callable
from contextlib import nullcontext
from functools import wraps
from typing import Concatenate, ParamSpec

from django.db import DataError, transaction
from django.http import JsonResponse

from kaja.kernel.constraints import not_storable
from kaja.kernel.problems import Refused
from kaja.kernel.tenancy import current_workspace_id
from kaja.web.problems import problem_json
from kaja.web.workspace import WorkspaceRequest

P = ParamSpec("P")
View = Callable[Concatenate[WorkspaceRequest, P], JsonResponse]
Answer = Callable[..., JsonResponse]


def _refusal(refused: Refused) -> JsonResponse:
    return JsonResponse({"problems": [problem_json(p) for p in refused.problems]}, status=refused.status)


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
            if (unstorable := not_storable(error)) is None:
                raise
            response = _refusal(unstorable)
        response["Cache-Control"] = "no-store"
        return response

    return answer
