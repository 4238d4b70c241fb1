"""`make check` finds the tests that a change can break, the nearest first."""

from tests.check import list_changed, rank_tests


def test_imports_and_folders_tell_what_is_near() -> None:
    ranks = rank_tests(["src/kaja/kernel/limits.py"])
    assert ranks["tests/kernel/test_limits.py"] == 1
    assert ranks["tests/kernel/test_loops.py"] == 2, "in the same room"
    assert any(name.startswith("tests/web/") for name in ranks), "what stands on it, by imports alone"
    assert not any(name.startswith("tests/brandhealth/") for name in ranks)


def test_what_imports_nothing_is_found_by_its_folder() -> None:
    assert "tests/web/calendar/test_views.py" in rank_tests(["src/kaja/web/calendar/templates/calendar/index.html"])
    assert "tests/i18n/test_catalogues.py" in rank_tests(["src/kaja/locale/et/LC_MESSAGES/django.po"])


def test_a_changed_test_comes_first() -> None:
    ranks = rank_tests(["tests/kernel/test_limits.py", "tests/practice/running.py"])
    assert min(ranks, key=ranks.__getitem__) == "tests/kernel/test_limits.py"
    assert ranks["tests/delivery/test_signs.py"] > 0


def test_nothing_changed_since_this_state() -> None:
    committed = set(list_changed("HEAD"))
    assert "src/kaja/__init__.py" not in committed
