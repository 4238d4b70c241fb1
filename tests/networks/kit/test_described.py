"""A network's data: what it means, and what it does not."""

import pytest

from kaja.kernel.problems import Problem
from kaja.networks.kit.described import parse_description
from kaja.networks.kit.options import Choice, OptionField

TOLD = {
    "key": "ghost",
    "name": "Ghost",
    "connect": "form",
    "quota_uses": {"media": ["media"]},
    "open_credentials": ["user"],
    "guide": ["Open the settings."],
    "form": [{"name": "site", "label": "Site"}],
    "options": [{"name": "kind", "label": "Kind", "kind": "choice", "choices": [{"value": "a", "label": "A"}]}],
    "fields": {"page": [{"name": "hours", "label": "Hours", "kind": "number", "bounds": [1, 24]}]},
    "apps": [{"key": "", "label": "An app", "steps": ["Make one."], "webhook": True}],
    "problems": {"gone": {"message": "%(name)s is gone.", "field": "site", "fix": "Look."}},
}


def test_it_is_what_the_same_would_be_in_code() -> None:
    told = parse_description(TOLD)
    assert (told.info.key, told.info.guide, told.info.form[0].label) == ("ghost", ("Open the settings.",), "Site")
    assert told.info.options == (OptionField("kind", "Kind", "choice", choices=(Choice("a", "A"),)),)
    assert told.fields == {"page": (OptionField("hours", "Hours", "number", bounds=(1, 24)),)}
    assert told.info.quota_uses == {"media": frozenset({"media"})}
    assert told.info.open_credentials == frozenset({"user"})
    assert (told.info.apps[0].steps, told.info.apps[0].webhook) == (("Make one.",), True)
    assert hash(told.info.options[0])  # nothing in it can be changed


def test_a_problem_has_its_places_filled_and_may_be_of_another_field() -> None:
    told = parse_description(TOLD)
    assert told.problem("gone", name="x") == Problem("gone", "%(name)s is gone.", "site", "Look.", {"name": "x"})
    assert told.problem("gone", "url", name="x").field == "url"
    assert told.refuse("gone", name="x").problem.text() == "x is gone."
    with pytest.raises(KeyError):
        told.problem("gone_away")


@pytest.mark.parametrize(
    "part",
    [
        {"setle_seconds": 3},
        {"form": [{"name": "site", "lable": "Site"}]},
        {"options": [{"name": "a", "label": "A", "kind": "text", "max": 3}]},
        {"problems": {"gone": {"mesage": "x"}}},
        {"problems": {"gone": {}}},
    ],
)
def test_a_name_that_means_nothing_is_an_error(part: dict[str, object]) -> None:
    with pytest.raises(TypeError):
        parse_description({**TOLD, **part})
