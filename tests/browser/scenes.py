"""Scenes for tests and pictures, planted through Kaja's own actions: `python -m tests.browser.scenes`, and on a line of
its input `["room", {"slug": "acme"}]`.

Runs inside a running installation (its `KAJA_HOME` is in the environment) and prints what it made, as JSON. What only a
network could have answered, on channels that nobody here has an account for, is written into the rows directly.
"""

import io
import json
import sys
from collections.abc import Callable
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.browser.pictures import draw_picture
from tests.browser.words import WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kaja.content.models import Post
    from kaja.workspaces.actor import Actor
    from kaja.workspaces.models import User, Workspace

PASSWORD = "correct horse battery staple"
OWNER = "mari@lummus.test"
MADE = "MADE "
"""Before what a scene returned; other lines are what was said on the way."""


def make_person(email: str, name: str = "Mari Tamm", language: str = "") -> dict[str, Any]:
    """Somebody who has signed in nowhere yet; made when there is none."""
    from kaja.workspaces.models import User

    if not User.objects.filter(email=email).exists():
        User.objects.create_user(email, PASSWORD, name=name, language=language)
    return {"email": email}


def sign_in(email: str = OWNER, name: str = "Mari Tamm", language: str = "", theme: str = "") -> dict[str, Any]:
    """A person, made when there is none, and the cookie of a browser that they are signed in with."""
    from django.test import Client

    from kaja.workspaces.models import User

    make_person(email, name)
    user = User.objects.get(email=email)
    user.language, user.theme = language, theme
    user.save()
    client = Client(HTTP_HOST="127.0.0.1")
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return {"cookie": client.cookies["kaja_session"].value, "email": email}


@contextmanager
def inside(slug: str, email: str = OWNER) -> "Iterator[tuple[Actor, Workspace, User]]":
    """The workspace's scope and a person of it."""
    from kaja.kernel.tenancy import SystemPurpose, system_scope, workspace_scope
    from kaja.workspaces.models import Member
    from kaja.workspaces.queries import actor_of

    with system_scope(SystemPurpose.SIGN_IN):
        member = Member.objects.select_related("user", "workspace").get(workspace__slug=slug, user__email=email)
    with workspace_scope(member.workspace_id):
        yield actor_of(member, member.user), member.workspace, member.user


def make_workspace(slug: str, name: str = "", language: str = "en", email: str = OWNER) -> dict[str, Any]:
    """A workspace in Tallinn's time without anything in it."""
    from kaja.workspaces.actions import create_workspace
    from kaja.workspaces.models import User

    if not User.objects.filter(email=email).exists():
        sign_in(email, language=language)
    user = User.objects.get(email=email)
    create_workspace(user, name=name or WORDS[language].place, slug=slug, time_zone="Europe/Tallinn", language=language)
    return {"slug": slug}


def add_person(slug: str, email: str, name: str, role: str = "content_manager") -> dict[str, Any]:
    """A colleague, with the cookie of their browser."""
    from kaja.kernel.tenancy import SystemPurpose, system_scope
    from kaja.workspaces.models import Member, User, Workspace

    made = sign_in(email, name)
    with system_scope(SystemPurpose.CREATE_WORKSPACE):
        workspace = Workspace.objects.get(slug=slug)
        Member.objects.get_or_create(workspace=workspace, user=User.objects.get(email=email), defaults={"role": role})
    return made


def add_practice(slug: str, name: str, kind: str = "plain", email: str = OWNER) -> dict[str, Any]:
    """A practice channel, connected over HTTP as a person would."""
    from django.conf import settings

    from kaja.channels.actions import connect_channel

    with inside(slug, email) as (actor, workspace, _):
        pass
    form = {"name": name, "kind": kind, "base_url": settings.PRACTICE_URL}
    channel = connect_channel(actor, workspace, "practice", form)
    owner = {"workspace": workspace.id.hex, "url": channel.url}
    return {"channel": str(channel.id), "account": channel.handle or channel.account_id, **owner}


def add_shown_channels(slug: str, language: str = "en", email: str = OWNER) -> dict[str, Any]:
    """Channels of real networks, for looking at only: nothing is ever sent to them, their posts lie in the future."""
    from kaja.channels.actions import store_connection
    from kaja.channels.slots import set_slots
    from kaja.networks.kit.connector import Connected
    from kaja.networks.kit.facts import Facts
    from kaja.networks.mastodon.limits import Limits, render_limits

    place = WORDS[language].place
    shown = {
        "bluesky": Connected(
            Facts("did:plc:lummus", "lummus.test", place, "https://bsky.app/profile/lummus.test"), {}, "https://pds.test"
        ),
        "mastodon": Connected(
            Facts("1", "lummus@social.test", place, "https://social.test/@lummus", limits=render_limits(Limits())),
            {}, "https://social.test",
        ),
        "wordpress": Connected(
            Facts(
                "blog.lummus.test#1", "blog.lummus.test", f"{place} blog", "https://blog.lummus.test",
                limits={"user_id": 1, "user_name": "Mari"}, permissions=("publish_posts", "upload_files"),
                terms={"categories": ("News", "Recipes"), "tags": ()},
            ),
            {}, "https://blog.lummus.test",
        ),
    }  # fmt: skip
    made = {}
    with inside(slug, email) as (actor, _, _user):
        for network, connected in shown.items():
            channel = store_connection(actor, network, connected)
            times = [(day, datetime(2000, 1, 1, 9, 0).time()) for day in (0, 2, 4)]
            set_slots(actor, channel.id, times)
            made[network] = str(channel.id)
    return made


def add_post(
    slug: str, text: str, channels: list[str], at: str = "", pictures: int = 0, email: str = OWNER
) -> dict[str, Any]:
    """A draft, or a post that is scheduled when `at` (ISO, with a zone) is given."""
    from kaja.publishing.actions import schedule_post

    with inside(slug, email) as (actor, _, _user):
        post = write_post(actor, text, channels, pictures)
        if at:
            schedule_post(actor, post, datetime.fromisoformat(at))
    return {"post": str(post.id)}


def write_post(
    actor: "Actor",
    text: str,
    channels: Any = (),
    pictures: int = 0,
    state: str = "draft",
    labels: Any = (),
    **more: Any,
) -> "Post":
    """A draft or an idea, inside the scope."""
    from uuid import UUID

    from kaja.content.actions import create_post
    from kaja.content.document import Document, PartDocument
    from kaja.kernel.tenancy import current_workspace_id
    from kaja.media.item import MediaItem
    from kaja.media.upload import upload_asset

    media = []
    workspace_id = current_workspace_id()
    assert workspace_id is not None
    for number in range(pictures):
        content = draw_picture(number + len(text))
        asset = upload_asset(actor, workspace_id, io.BytesIO(content), f"lummus-{number}.jpg", len(content))
        media.append(MediaItem(asset=asset.id, alt=WORDS["en"].alt))
    document = Document(parts=(PartDocument(text=text, media=tuple(media)),))
    ids = [UUID(str(each)) for each in channels]
    return create_post(actor, document, ids, state=state, labels=list(labels), **more)


def demo(slug: str = "lummus") -> dict[str, Any]:
    """The café of the README's pictures."""
    from django.utils import timezone

    from tests.browser.demo import furnish

    cookie = sign_in()["cookie"]
    make_workspace(slug)
    practice = add_practice(slug, "Lummus practice")
    shown = add_shown_channels(slug)
    add_person(slug, "jaan@lummus.test", "Jaan Kask")
    channels = {name[0]: channel for name, channel in shown.items()} | {"p": practice["channel"]}
    with inside(slug) as (actor, workspace, _), timezone.override(workspace.time_zone):
        made = furnish(actor, channels)
    return {"cookie": cookie, "slug": slug, "account": practice["account"], **made}


def room(slug: str) -> dict[str, Any]:
    """A workspace with one practice channel, and the cookie of its owner."""
    email = f"mari.{slug}@lummus.test"
    cookie = sign_in(email)["cookie"]
    make_workspace(slug, email=email)
    return {"cookie": cookie, "slug": slug, **add_practice(slug, f"Kohvik {slug}", email=email)}


def three(slug: str, language: str = "en", email: str = OWNER) -> dict[str, Any]:
    """About three of everything, in every state that a page shows."""
    from tests.browser.desk import furnish
    from tests.browser.states import settle_states
    from tests.browser.talk import talk

    words = WORDS[language]
    make_workspace(slug, language=language, email=email)
    practice = add_practice(slug, f"{words.place} {slug}"[:60], email=email)
    shown = add_shown_channels(slug, language, email)
    add_person(slug, f"jaan.{slug}@lummus.test", words.people[1])
    add_person(slug, f"liis.{slug}@lummus.test", words.people[2], "approver")
    with inside(slug, email) as (actor, workspace, _):
        made = settle_states(actor, workspace, words, practice["channel"], shown)
        made |= talk(actor, words, [practice["channel"], shown["mastodon"], shown["bluesky"]])
        made |= furnish(actor, words)
    return {"slug": slug, **made, **shown, "practice": practice["channel"], "account": practice["account"]}


def every_page() -> dict[str, Any]:
    """What the walk through every page needs: no, three and three hundred things, in every language."""
    people = {language: f"mari.{language}@lummus.test" for language in WORDS}
    cookies = {
        language: sign_in(email, WORDS[language].people[0], language)["cookie"] for language, email in people.items()
    }
    return {
        "cookies": cookies,
        "none": make_workspace("none", language="ru", email=people["ru"]),
        "three": three("three", "en", people["en"]),
        "three-et": three("three-et", "et", people["et"]),
        "three-ru": three("three-ru", "ru", people["ru"]),
        "three-zh": three("three-zh", "zh-hant", people["zh-hant"]),
        "many": many("many", email=people["en"]),
    }


def held(slug: str, language: str = "en") -> dict[str, Any]:
    """A workspace that a restored backup has stopped, and the cookie of its owner."""
    from tests.browser.unsettled import hold_back

    email, words = f"mari.{slug}@lummus.test", WORDS[language]
    cookie = sign_in(email, words.people[0], language)["cookie"]
    make_workspace(slug, language=language, email=email)
    practice = add_practice(slug, f"{words.place} {slug}"[:60], email=email)
    shown = add_shown_channels(slug, language, email)
    with inside(slug, email) as (actor, workspace, _):
        hold_back(actor, workspace, words, [practice["channel"], shown["mastodon"], shown["bluesky"]])
    return {"slug": slug, "cookie": cookie}


def troubled(slug: str, language: str = "en") -> dict[str, Any]:
    """A workspace in a crisis, and the cookie of its owner."""
    from tests.browser.troubled import trouble

    email = f"mari.{slug}@lummus.test"
    cookie = sign_in(email, WORDS[language].people[0], language)["cookie"]
    made = three(slug, language, email)
    with inside(slug, email) as (actor, _, _user):
        return {**made, "cookie": cookie, **trouble(actor, WORDS[language])}


def reviewed(slug: str, language: str = "en") -> dict[str, Any]:
    """Somebody with a new password who has not said yet what else may open the account."""
    from tests.browser.unsettled import forget_password

    email = f"mari.{slug}@lummus.test"
    cookie = sign_in(email, WORDS[language].people[0], language)["cookie"]
    make_workspace(slug, language=language, email=email)
    with inside(slug, email) as (actor, _, user):
        forget_password(actor, user)
    return {"slug": slug, "cookie": cookie}


def consenting(slug: str, language: str = "en") -> dict[str, Any]:
    """The operator, who has given consent and has to choose, and whose developer app is in trouble."""
    from tests.browser.consents import wait_for_choice

    email, words = f"mari.{slug}@lummus.test", WORDS[language]
    cookie = sign_in(email, words.people[0], language)["cookie"]
    make_workspace(slug, language=language, email=email)
    with inside(slug, email) as (_, _, user):
        choice = wait_for_choice(user, words.place)
    return {"slug": slug, "cookie": cookie, "choice": choice}


def many(slug: str, number: int = 300, language: str = "en", email: str = OWNER) -> dict[str, Any]:
    """Hundreds of posts in one month, and ideas, channels, people, labels and notices enough to scroll."""
    from tests.browser.desk import furnish
    from tests.browser.states import crowd
    from tests.browser.talk import talk

    words = WORDS[language]
    make_workspace(slug, language=language, email=email)
    practice = add_practice(slug, f"{words.place} {slug}"[:60], email=email)
    with inside(slug, email) as (actor, workspace, user):
        made = crowd(actor, workspace, user, words, practice["channel"], number)
        made |= talk(actor, words, [practice["channel"]], number)
        return {"slug": slug, **made, **furnish(actor, words, number)}


def forgotten(email: str) -> dict[str, Any]:
    """A person, and the path of the link that a letter about their forgotten password would carry."""
    from allauth.account.forms import default_token_generator
    from allauth.account.utils import user_pk_to_url_str
    from django.urls import reverse

    from kaja.workspaces.models import User

    sign_in(email, "Liis Sepp")
    user = User.objects.get(email=email)
    key = default_token_generator.make_token(user)
    return {"path": reverse("account_reset_password_from_key", args=[user_pk_to_url_str(user), key])}


def broken() -> dict[str, Any]:
    """The pages of errors, of outages and of addresses that nobody has proven yet, as they are sent."""
    from django.template.loader import render_to_string

    import kaja.web
    from kaja.config.outage import Outage
    from kaja.kernel.problems import Problem

    context = {"reference": "0a1b2c3d4e5f", "retry": None, "was_sending": True}
    outages = {kind: render_to_string("outage.html", {**context, "outage": kind}) for kind in Outage}
    kept = {"outage": Outage.BUSY, "fields": [("name", "Autumn")], "address": "/w/acme/groups/campaigns/new"}
    outages["kept"] = render_to_string("outage.html", {**context, **kept})  # type: ignore[index]
    names = [path.stem for path in (Path(kaja.web.__file__).parent / "templates/errors").glob("[0-9]*.html")]
    page = {"bare": True, "problem": Problem("media_too_large", "What was sent has 300 MB.")}
    errors = {name: render_to_string(f"errors/{name}.html", page) for name in names}
    # Where a mail server is set up, which the tests' installation has not: addresses are proven by mail.
    asked = {"confirmation": {"email_address": {"email": OWNER}, "key": "a-key"}, "can_confirm": True}
    proofs = {
        "proof-sent": render_to_string("account/verification_sent.html"),
        "proof-asked": render_to_string("account/email_confirm.html", asked),
        "proof-too-late": render_to_string("account/email_confirm.html"),
    }
    return {**{str(k): v for k, v in outages.items()}, **errors, **proofs}


SCENES: dict[str, Callable[..., dict[str, Any]]] = {
    each.__name__: each
    for each in (
        make_person,
        sign_in,
        make_workspace,
        add_person,
        add_practice,
        add_post,
        demo,
        room,
        three,
        every_page,
        forgotten,
        held,
        troubled,
        reviewed,
        consenting,
        broken,
    )
}


def next_day(days: int, hour: int, minute: int = 0) -> datetime:
    """A time in Tallinn some days from today."""
    from zoneinfo import ZoneInfo

    day = datetime.now(ZoneInfo("Europe/Tallinn")) + timedelta(days=days)
    return day.replace(hour=hour, minute=minute, second=0, microsecond=0)


def main() -> None:
    """One scene for each line `[NAME, ARGUMENTS]` that comes: to load Django anew takes longer than most of them."""
    from kaja.cli.application import application

    with application():
        from django.db import connections
        from django.utils import translation

        for line in sys.stdin:
            name, arguments = json.loads(line)
            made = SCENES[name](**arguments)
            # Nothing stays for the next one: no language, and no connection to a database that may be gone by then.
            translation.deactivate()
            connections.close_all()
            print(MADE + json.dumps(made), flush=True)


if __name__ == "__main__":
    main()
