"""The OpenAPI document: committed, complete, and true."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import (
    negative_data_rejection,
    positive_data_acceptance,
    unsupported_method,
)

from kaja.api.main import api
from kaja.workspaces.models import Workspace
from tests.api.conftest import token_for

COMMITTED = Path(__file__).parents[2] / "docs" / "api" / "openapi.json"


def list_differences(committed: Any, served: Any, at: str = "") -> list[str]:
    """Where two documents differ, and how."""
    if isinstance(committed, dict) and isinstance(served, dict):
        keys = sorted(committed.keys() | served.keys())
        return [line for key in keys for line in list_differences(committed.get(key), served.get(key), f"{at}/{key}")]
    return [] if committed == served else [f"{at}: {committed!r} is served as {served!r}"]


def test_the_committed_document_is_the_one_that_is_served(client: object) -> None:
    served = json.loads(json.dumps(api.get_openapi_schema()))
    assert list_differences(json.loads(COMMITTED.read_text()), served) == [], "run `make openapi`"


def test_every_operation_has_words_and_an_id() -> None:
    for path, methods in api.get_openapi_schema()["paths"].items():
        for method, operation in methods.items():
            assert operation.get("description"), f"{method} {path} has no description"
            assert operation["operationId"][0].islower()
            assert {"401", "404", "422"} <= {str(status) for status in operation["responses"]}


# Calls go through the whole stack of middleware, as the application serves them.
schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())


@pytest.fixture
def lasting_connection(db: None) -> Iterator[None]:
    """The test's transaction outlives the requests, as with Django's own test client."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def token(workspace: Workspace, lasting_connection: None) -> str:
    return token_for(workspace)


@schema.parametrize()
@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
def test_whatever_is_sent_the_answer_is_as_documented(case: schemathesis.Case[Any], token: str) -> None:
    """No input makes a 500, an undocumented status, or a body that does not fit its schema."""
    case.call_and_validate(
        headers={"Authorization": f"Bearer {token}"},
        # A body that fits may be refused for what it means (an id that is not there), and one that does not fit may
        # be refused for something else first.
        excluded_checks=[negative_data_rejection, positive_data_acceptance, unsupported_method],
    )
