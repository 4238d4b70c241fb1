"""The screen and the API ask for rows in the rooms below: `web/` and `api/` put no query together and write no row.

A query that is put together beside a template is a rule that no other page, command or call follows.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "kaja"
ROOMS = ("web", "api")
OWN_ROWS = {
    "api/models.py": "declares the API's own tables",
    "api/tokens.py": "actions and queries of the API's own tokens",
    "api/remembered.py": "the same of its remembered requests",
}
"""Files that ask the ORM, and why: rows that only the API has, in the one place that reads and writes them."""
FOREIGN_WRITES = {
    ("web/accounts/sessions.py", "request.session.save"): "a session's store, and no row",
    ("web/accounts/forms.py", "super().save"): "allauth's form sends a mail; its name for that is save",
    ("web/live.py", "import django.db.connection"): "where the database is, for its own line of LISTEN",
}
MANAGERS = {"objects", "_default_manager", "_base_manager"}
QUERIES = {
    "aggregate", "alias", "annotate", "bulk_create", "bulk_update", "distinct", "exclude", "filter",
    "get_or_create", "in_bulk", "iterator", "only", "order_by", "prefetch_related", "raw", "refresh_from_db",
    "select_for_update", "select_related", "update_or_create", "using", "values_list",
}  # fmt: skip
WRITES = {"save", "delete", "asave", "adelete"}
NO_QUERY = {("register", "filter"), ("router", "delete"), ("re", "filter")}
"""Decorators of template libraries and routers that bear the same names."""
ORM = ("django.db.models", "django.contrib.postgres", "django.db.connection")


def list_asked(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Everything in a module that speaks with the ORM: line and words."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            module = getattr(node, "module", None) or ""
            for each in node.names:
                name = f"{module}.{each.name}" if module else each.name
                if name.startswith(ORM):
                    yield node.lineno, f"import {name}"
        elif isinstance(node, ast.Attribute) and node.attr in MANAGERS:
            yield node.lineno, ast.unparse(node)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = ast.unparse(node.func.value)
            if node.func.attr in QUERIES | WRITES and (owner, node.func.attr) not in NO_QUERY:
                yield node.lineno, ast.unparse(node.func)


def list_all() -> Iterator[tuple[str, int, str]]:
    """The same of both rooms: file, line and words."""
    for room in ROOMS:
        for path in sorted((SOURCE / room).rglob("*.py")):
            if "migrations" not in path.parts:
                for line, said in list_asked(ast.parse(path.read_text())):
                    yield path.relative_to(SOURCE).as_posix(), line, said


def test_neither_screen_nor_api_asks_the_orm() -> None:
    found = []
    for name, line, said in list_all():
        if name not in OWN_ROWS and (name, said) not in FOREIGN_WRITES:
            found.append(f"{name}:{line}: {said}")
    assert not found, "\n" + "\n".join(found)


def test_every_exception_is_still_needed() -> None:
    used = {(name, said) for name, _line, said in list_all()}
    assert {name for name, _said in used} >= {name for name in OWN_ROWS if name != "api/models.py"}
    assert used >= set(FOREIGN_WRITES)


@pytest.mark.parametrize(
    "code",
    [
        "Post.objects.count()",
        "list_channels().exclude(id=1)",
        "post.save(update_fields=['x'])",
        "post.delete()",
        "from django.db.models import Q",
        "from django.db.models.functions import Coalesce",
        "get_user_model()._default_manager.get(id=1)",
        "rows.select_related('user')",
    ],
)
def test_the_check_sees_every_way_of_asking(code: str) -> None:
    assert list(list_asked(ast.parse(code)))


@pytest.mark.parametrize(
    "code", ["@register.filter\ndef day(value): ...", "@router.delete('/x')\ndef gone(): ...", "a.update(b)"]
)
def test_the_check_lets_other_things_with_such_names_be(code: str) -> None:
    assert not list(list_asked(ast.parse(code)))
