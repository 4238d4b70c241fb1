"""Words that pages put together: whole sentences in every language, and nothing of a name taken for HTML."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import translation

from kaja.web.settings.words import ABOUT, ACTIONS, audit_words
from kaja.web.templatetags.kaja import avatar, listed, network_name
from kaja.web.templatetags.post import CHANGES, change_words
from kaja.workspaces.wording import say


def entry(action: str, **after: Any) -> Any:
    return SimpleNamespace(action=action, before={}, after=after)


def test_an_audit_sentence_holds_its_target_and_escapes_it() -> None:
    said = audit_words(entry("member.invite", email="<b>@x.test"))
    assert said == 'invited <span class="strong">&lt;b&gt;@x.test</span>'
    with translation.override("et"):
        # The name does not stand at the end everywhere.
        said = audit_words(entry("member.change_role", email="jaan@x.test"))
    assert said == 'muutis liikme <span class="strong">jaan@x.test</span> rolli'


def test_without_a_target_the_sentence_is_whole_too() -> None:
    assert audit_words(entry("member.invite")) == "invited somebody"
    assert audit_words(entry("workspace.update", name="Kohvik")) == "changed the workspace&#x27;s settings"
    assert audit_words(entry("made.up", name="<i>")) == "made.up"


def test_every_sentence_with_a_target_has_one_without() -> None:
    assert set(ABOUT) <= set(ACTIONS)
    for language in ("en", "ru", "et", "zh-hant"):
        with translation.override(language):
            for words in ABOUT.values():
                assert str(words).count("%(target)s") == 1, words


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "threads, first comment, link cards"), ("zh-hant", "threads、first comment、link cards")],
)
def test_a_list_is_written_as_its_language_does(language: str, said: str) -> None:
    with translation.override(language):
        assert listed(["threads", "first comment", "link cards"]) == said
        assert listed(["threads"]) == "threads"
        assert listed([]) == ""


def test_a_change_there_is_one_sentence_whatever_became_of_it() -> None:
    assert change_words(SimpleNamespace(kind="edit", state="failed")) == "The change on the network failed"  # type: ignore[arg-type]
    # A state that nobody has words for is still under way, as far as anybody knows.
    assert change_words(SimpleNamespace(kind="delete", state="wanted")) == str(CHANGES["delete", ""])  # type: ignore[arg-type]


def test_our_own_network_has_a_name_in_every_language() -> None:
    assert network_name("practice") == "Practice"
    with translation.override("ru"):
        assert network_name("practice") == "Учебная сеть"
        assert network_name("bluesky") == "Bluesky"
        refused = say("%(network)s refused the post: %(answer)s", {"network": "Practice", "answer": "No."})
    assert refused.startswith("Учебная сеть")


@pytest.mark.parametrize(
    ("name", "initials"), [("Кофейня «Луммус»", "КЛ"), ("露木咖啡館", "露"), ("mari@x.test", "MX"), ("«»", "?")]
)
def test_initials_are_letters(name: str, initials: str) -> None:
    assert avatar(name)["initials"] == initials
