"""Lists in pages: each row once, also while rows come and go, whatever orders them."""

import base64
import json
from datetime import timedelta

import pytest
from django.db.models import Value
from django.db.models.functions import Concat

from kaja.content.models import Label
from kaja.kernel import clock
from kaja.kernel.pages import Page, cut_page
from kaja.kernel.problems import Refused
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import AuditEntry, Workspace

pytestmark = pytest.mark.django_db
ORDERS = (("id",), ("-id",), ("name", "id"), ("-name", "id"), ("shouted", "-id"))


def labels() -> object:
    return Label.objects.annotate(shouted=Concat("name", Value("!")))


@pytest.mark.parametrize("order", ORDERS)
def test_each_row_stands_on_one_page(workspace: Workspace, order: tuple[str, ...]) -> None:
    with workspace_scope(workspace.id):
        Label.objects.bulk_create(Label(workspace=workspace, name=f"метка {n * 7 % 23:02} “") for n in range(23))
        cursor, seen = "", []
        for _ in range(6):
            page: Page[Label] = cut_page(labels(), order, cursor, 4)  # type: ignore[arg-type]
            seen += page.rows
            cursor = page.next_cursor
        assert cursor == ""
        assert seen == list(labels().order_by(*order))  # type: ignore[attr-defined]


def test_page_goes_on_where_its_row_was_though_it_has_gone(workspace: Workspace) -> None:
    with workspace_scope(workspace.id):
        for name in "abcdef":
            Label.objects.create(name=name)
        first = cut_page(Label.objects.all(), ("name", "id"), "", 2)
        Label.objects.filter(name__in="ab").delete()
        Label.objects.create(name="aa")
        second = cut_page(Label.objects.all(), ("name", "id"), first.next_cursor, 2)
        assert [row.name for row in second.rows] == ["c", "d"]


def test_rows_of_one_moment_are_told_apart(workspace: Workspace) -> None:
    with workspace_scope(workspace.id):
        moment = clock.now()
        for n in range(9):
            entry = AuditEntry.objects.create(
                actor_kind="system", action="label.create", target_type="l", target_id=str(n)
            )
            AuditEntry.objects.filter(id=entry.id).update(at=moment - timedelta(seconds=n // 4))
        cursor, seen = "", []
        for _ in range(3):
            page = cut_page(AuditEntry.objects.all(), ("-at", "-id"), cursor, 3)
            seen += [row.target_id for row in page.rows]
            cursor = page.next_cursor
        assert sorted(seen) == [str(n) for n in range(9)]
        assert cursor == ""


def encode(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


@pytest.mark.parametrize(
    "cursor",
    ["nonsense", "", "é", encode({}), encode(["a"]), encode(["a", "no id"]), encode([None, "00" * 16]),
     encode(["\0", "00" * 16]), encode(["\ud800", "00" * 16]), encode([["a"], "00" * 16]), "A" * 4001,
     base64.urlsafe_b64encode(b"[" * 5000).decode()],
)  # fmt: skip
def test_cursor_that_is_none_of_ours_is_refused(workspace: Workspace, cursor: str) -> None:
    with workspace_scope(workspace.id):
        Label.objects.create(name="a")
        if not cursor:
            assert cut_page(Label.objects.all(), ("name", "id"), cursor).rows
            return
        with pytest.raises(Refused) as refused:
            cut_page(Label.objects.all(), ("name", "id"), cursor)
        assert refused.value.problems[0].code == "cursor_invalid"
