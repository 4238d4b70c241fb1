"""The REST API, version 1."""

from typing import Any

from django.db import DataError, IntegrityError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema

from kaja.api.problems import MEDIA_TYPE, TITLES, invalid_response, refusal_response, render_problem_response
from kaja.api.remembered import KEY_LENGTH
from kaja.api.routers import crises, delivery, desk, inbox, posts, reactions, settling, webhooks, workspace
from kaja.kernel.constraints import parse_met_another, parse_not_storable
from kaja.kernel.problems import Refused
from kaja.kernel.tenancy import is_to_repeat

REPEAT = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": False,
    "schema": {"type": "string", "maxLength": KEY_LENGTH},
    "description": "Makes the request safe to repeat: with the key of an earlier one it gets that one's answer, with"
    " `Idempotency-Replayed: true`, and has no second effect.",
}


class Api(NinjaAPI):
    """The API, whose document says what stands before the operations: the gate takes a key with every POST, and errors
    are problem+json (the framework would call them plain JSON)."""

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        schema = super().get_openapi_schema(**options)
        for methods in schema["paths"].values():
            for method, operation in methods.items():
                if method == "post":
                    operation.setdefault("parameters", []).append(REPEAT)
                for status, response in operation["responses"].items():
                    if int(status) >= 400 and "application/json" in response.get("content", {}):
                        response["content"][MEDIA_TYPE] = response["content"].pop("application/json")
        return schema


api = Api(
    title="Kaja",
    version="1",
    description="Everything that the screen does. Send `Authorization: Bearer kaja_…`; a token belongs to one"
    " workspace. Errors are problem+json (RFC 9457). A POST with an `Idempotency-Key` can be repeated safely.",
    openapi_extra={
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
        "security": [{"token": []}],
    },
    docs_url=None,
    urls_namespace="api",
)
api.add_router("/posts", posts.router)
api.add_router("", delivery.router)
api.add_router("", settling.router)
api.add_router("", inbox.router)
api.add_router("", desk.router)
api.add_router("", crises.router)
api.add_router("", webhooks.router)
api.add_router("", reactions.router)
api.add_router("", workspace.router)


@api.exception_handler(Refused)
def _refused(request: HttpRequest, refused: Refused) -> HttpResponse:
    return refusal_response(refused)


@api.exception_handler(IntegrityError)
def _met(request: HttpRequest, error: IntegrityError) -> HttpResponse:
    if (met := parse_met_another(error)) is None:
        raise error
    return refusal_response(met)


@api.exception_handler(DataError)
@api.exception_handler(UnicodeEncodeError)
@api.exception_handler(OverflowError)
def _unstorable(request: HttpRequest, error: Exception) -> HttpResponse:
    if (refusal := parse_not_storable(error)) is None:
        raise error
    return refusal_response(refusal)


@api.exception_handler(OperationalError)
def _ended(request: HttpRequest, error: OperationalError) -> HttpResponse:
    """The gate does it once more when the database ended it because of somebody else's work."""
    if not is_to_repeat(error):
        raise error
    request.ended_by = error  # type: ignore[attr-defined]
    return render_problem_response(409)


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    return invalid_response(error.errors)


@api.exception_handler(Http404)
def _missing(request: HttpRequest, error: Http404) -> HttpResponse:
    return render_problem_response(404)


@api.exception_handler(HttpError)
def _http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    return render_problem_response(error.status_code if error.status_code in TITLES else 400, detail=str(error))
