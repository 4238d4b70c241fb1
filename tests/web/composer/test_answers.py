"""JSON answers: a refusal takes back whatever the view wrote before it."""

import pytest
from django.http import JsonResponse
from django.test import RequestFactory

from kaja.content.models import Label
from kaja.kernel.problems import Problem, Refused
from kaja.kernel.tenancy import workspace_scope
from kaja.web.kit.json import json_answer
from kaja.web.workspace import WorkspaceRequest, workspace_view
from kaja.workspaces.models import Workspace
from tests.people import member_of


@pytest.mark.parametrize("refuse", [True, False])
def test_a_refusal_leaves_nothing_behind(workspace: Workspace, refuse: bool) -> None:
    @workspace_view()
    @json_answer
    def view(request: WorkspaceRequest) -> JsonResponse:
        Label.objects.create(name="half")
        if refuse:
            raise Refused(Problem("no", "No."))
        return JsonResponse({})

    request = RequestFactory().post("/")
    request.user = member_of(workspace).user
    response = view(request, "acme")
    assert response.status_code == (422 if refuse else 200)
    with workspace_scope(workspace.id):
        assert Label.objects.count() == (0 if refuse else 1)
