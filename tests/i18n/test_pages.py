"""Every page and every answer in Russian, Estonian and Chinese: no English is left on it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone, translation
from django.utils.formats import date_format, get_format

from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import User, Workspace
from tests.i18n.catalogues import entries, forms
from tests.i18n.reading import Page, latin_words, read_page
from tests.walls.routes import OTHER_IDS, REQUESTS, ROUTES, Route, form
from tests.walls.world import Inhabited, empty_tables, inhabit

MARK = "OUR-OWN"
# Names that are planted by the world or come with every page.
OWN = {
    MARK,
    "OO",
    "OWN",  # of a handle that is made of it, without what looks like one
    "Acme",
    "acme",
    "Tallinn",
    "Stolen",
    "Thief",
    "push",  # with the next: the server of a device's notices
    "test",
    "CSV",
    "JSON",
    "stolen",
    "Blue",
    "Door",
    "Bakery",
    "Kaja",
    "English",
    "UTC",
    "Ctrl",
}
# allauth's own words in its own catalogues.
OWN |= {"JavaScript", "E-mail", "token"}
# It sets the person's language back to the workspace's, which is English.
SPEAKS_ENGLISH_AFTER = {"settings:profile", "settings:workspace"}
LANGUAGES = {"ru": "ru", "zh-hant": "zh_Hant"}
FOR_DEVELOPERS = {"ui"}
"""Pages for those who work on Kaja, in English."""


@pytest.fixture(scope="module")
def world(django_db_setup: Any, django_db_blocker: Any) -> Iterator[Inhabited]:
    with django_db_blocker.unblock():
        made = inhabit("acme", MARK)
    yield made
    with django_db_blocker.unblock():
        empty_tables()


@pytest.fixture
def acme(world: Inhabited, db: None) -> Inhabited:
    cache.clear()
    return world


@lru_cache
def known_latin(catalogue: str) -> set[str]:
    """The Latin words that the translators left: names of products, formats, keys."""
    return {word for entry in entries(catalogue) for form in forms(entry) for word in latin_words(form)} | OWN


def english_left(page: Page, catalogue: str) -> list[str]:
    known = known_latin(catalogue)
    return [f"{text[:120]!r}: {sorted(words)}" for text in page.texts if (words := latin_words(text) - known)]


def ids_of(route: Route, world: Inhabited) -> dict[str, str]:
    return {**world.ids, **{name: world.ids[other] for name, other in OTHER_IDS.get(route.name, {}).items()}}


def read_answers(client: Client, route: Route, world: Inhabited, language: str) -> Iterator[Page]:
    """What the address answers to reading and, where it takes something, to sending."""
    values = ids_of(route, world)
    address = route.address(values)
    answers = [client.get(address, follow=True)]
    if route.name in REQUESTS and route.name not in SPEAKS_ENGLISH_AFTER:
        answers += [
            REQUESTS[route.name].post(client, address, values, follow=True),
            form().post(client, address, values),
        ]
    for answer in answers:
        if "html" in answer.get("Content-Type", "") and not answer.streaming:
            yield read_page(answer.content.decode(), language)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "route", [pytest.param(route, id=route.name) for route in ROUTES if route.name not in FOR_DEVELOPERS]
)
def test_no_english_is_left(route: Route, language: str, acme: Inhabited) -> None:
    User.objects.filter(email="owner@acme.test").update(language=language)
    found = [
        line
        for client in (acme.browser(), Client(headers={"accept-language": language}))
        for page in read_answers(client, route, acme, language)
        for line in english_left(page, LANGUAGES[language])
    ]
    assert not found, "\n".join(sorted(set(found)))


@pytest.mark.parametrize(
    ("wish", "expected"),
    [("ru-RU,ru;q=0.9", "ru"), ("zh-TW,zh;q=0.9", "zh-hant"), ("et", "et"), ("fi,et;q=0.5", "et"), ("fi", "en")],
)
def test_before_sign_in_the_browser_says_the_language(wish: str, expected: str, db: None) -> None:
    html = Client(headers={"accept-language": wish}).get("/account/login/").content.decode()
    assert read_page(html, expected).lang == expected


@pytest.mark.parametrize(
    ("own", "default", "expected"), [("et", "ru", "et"), ("", "ru", "ru"), ("", "zh-hant", "zh-hant")]
)
def test_the_person_decides_before_the_workspace_and_both_before_the_browser(
    own: str, default: str, expected: str, acme: Inhabited
) -> None:
    User.objects.filter(email="owner@acme.test").update(language=own)
    with workspace_scope(acme.workspace.id):
        assert Workspace.objects.filter(slug="acme").update(language=default) == 1
    answer = acme.browser().get("/w/acme/settings/", headers={"accept-language": "en"})
    assert read_page(answer.content.decode(), expected).lang == expected


def test_dates_are_written_as_each_language_does() -> None:
    moment = datetime(2026, 11, 22, 9, 5, tzinfo=UTC)
    written = {}
    for language in ("en", "ru", "et", "zh-hant"):
        with translation.override(language), timezone.override(UTC):
            written[language] = [date_format(moment, name) for name in ("DATE_FORMAT", "SHORT_DATETIME_FORMAT")]
            assert get_format("FIRST_DAY_OF_WEEK") == 1
    assert written == {
        "en": ["22 Nov 2026", "22 Nov, 09:05"],
        "ru": ["22 ноября 2026", "22 ноября, 09:05"],
        "et": ["22. november 2026", "22. november, 09:05"],
        "zh-hant": ["2026年11月22日", "11月22日 09:05"],
    }
