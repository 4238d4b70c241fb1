"""The template of the tests' databases is made anew when anything changes that decides how tables look."""

import inspect
import sys
import weakref
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from django.apps import apps
from django.db.migrations.loader import MigrationLoader
from django.db.models.signals import post_migrate, pre_migrate

from tests.suite.database import ROOT
from tests.suite.tables import list_deciding


def file_of(module: str) -> Path | None:
    """Of what is Kaja's."""
    known: ModuleType = sys.modules[module]
    return Path(known.__file__).resolve() if module.startswith("kaja.") and known.__file__ else None


def list_used() -> Iterator[Path | None]:
    """Where the classes stand that tables are really made from."""
    for model in apps.get_models(include_auto_created=True):
        yield from (file_of(each.__module__) for each in model.__mro__)
        yield from (file_of(type(field).__module__) for field in model._meta.get_fields())
        yield from (file_of(type(each).__module__) for each in [*model._meta.constraints, *model._meta.indexes])
    for step in MigrationLoader(None).disk_migrations.values():
        yield file_of(type(step).__module__)
        for operation in step.operations:
            yield from (file_of(each.__module__) for each in type(operation).__mro__)
            called = [value for value in vars(operation).values() if inspect.isroutine(value)]
            yield from (file_of(each.__module__) for each in called if each.__module__ in sys.modules)


def test_whatever_makes_tables_is_among_what_decides() -> None:
    used = {path for path in list_used() if path}
    assert len(used) > 50
    assert used <= set(list_deciding()), "tests/suite/tables.py does not find these"


def test_what_is_far_from_every_table_decides_nothing() -> None:
    decides = {path.relative_to(ROOT / "src/kaja").parts[0] for path in list_deciding()}
    assert not decides & {"brandhealth", "cli", "practice"}


def test_nothing_of_ours_runs_after_the_migrations() -> None:
    """An app's `ready` may be left out only for that."""
    receivers = [each[1] for signal in (pre_migrate, post_migrate) for each in signal.receivers]
    heard = [each() if isinstance(each, weakref.ReferenceType) else each for each in receivers]
    assert heard
    assert [each for each in heard if each and each.__module__.startswith("kaja")] == []
