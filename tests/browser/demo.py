"""The café of the README's pictures: a week of posts on four channels. Imported inside a running application only."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from kaja.content.actions.groups import save_campaign
from kaja.content.models import Post
from kaja.delivery.models import State
from kaja.delivery.problems import CHOOSE, MISSED, fill_params
from kaja.networks.kit.outcome import refused_problem
from kaja.publishing.actions import schedule_post
from kaja.workspaces.actor import Actor
from tests.browser.scenes import write_post
from tests.browser.states import candidate, mark_sent, stop_at
from tests.browser.words import WORDS

TEXTS = WORDS["en"].posts
# Day of the week, hour, minute, number of the text, channels (p, b, m, w), pictures, campaign
WEEK = (
    (0, 8, 0, 0, "pbm", 2, True),
    (0, 17, 30, 1, "m", 0, False),
    (1, 9, 0, 3, "bm", 1, False),
    (1, 12, 15, 4, "bmw", 0, False),
    (2, 9, 0, 2, "pb", 1, True),
    (2, 16, 0, 5, "pbm", 1, False),
    (3, 8, 30, 0, "pm", 1, False),
    (3, 18, 0, 1, "bm", 0, False),
    (4, 9, 0, 2, "pbmw", 1, True),
    (4, 11, 30, 3, "b", 0, False),
    (5, 10, 0, 5, "pbm", 1, True),
    (6, 11, 0, 3, "m", 1, False),
)


def shown_week() -> datetime:
    """Monday of the week in the pictures: the next one, so that nothing in it is late when they are taken."""
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    return today + timedelta(days=7 - today.weekday())


def furnish(actor: Actor, channels: dict[str, str]) -> dict[str, Any]:
    """Plans the week; `channels` are ids by the first letter of the network."""
    campaign = save_campaign(actor, "Winter menu", colour="ink")
    monday = shown_week()
    for day, hour, minute, text, letters, pictures, campaigned in WEEK:
        own: dict[str, Any] = {"campaign": campaign.id} if campaigned else {}
        options = {channels["w"]: {"title": TEXTS[text].partition(".")[0]}} if "w" in letters else {}
        post = write_post(
            actor, TEXTS[text], [channels[each] for each in letters], pictures, options=_by_id(options), **own
        )
        schedule_post(actor, post, monday + timedelta(days=day, hours=hour, minutes=minute))
    for idea in WORDS["en"].ideas:
        write_post(actor, idea, state="idea")
    made = {"week": monday.date().isoformat()}
    for back in range(1, 6):
        post = _planned(actor, TEXTS[back % len(TEXTS)], [channels["p"]], monday + timedelta(days=8))
        mark_sent(post, timezone.now() - timedelta(days=back), "https://social.test/1")
    _needs(actor, channels["p"], monday)
    draft = write_post(actor, TEXTS[2], [channels[each] for each in "bmp"], 3)
    made["draft"] = str(draft.id)
    return made


def _by_id(options: dict[str, Any]) -> Any:
    from uuid import UUID

    return {UUID(channel): own for channel, own in options.items()}


def _planned(actor: Actor, text: str, channels: list[str], at: datetime) -> Post:
    post = write_post(actor, text, channels)
    schedule_post(actor, post, at)
    return post


def _needs(actor: Actor, channel: str, monday: datetime) -> None:
    """What the page of things that wait shows."""
    at = monday + timedelta(days=9, hours=10)
    stop_at(
        _planned(actor, TEXTS[4], [channel], at), State.FAILED, refused_problem("Practice", "Write it in Estonian too.")
    )
    twins = [candidate(TEXTS[5], number) for number in range(2)]
    stop_at(_planned(actor, TEXTS[5], [channel], at), State.UNCERTAIN, CHOOSE, candidates=twins)
    stop_at(_planned(actor, TEXTS[1], [channel], at), State.MISSED, fill_params(MISSED, minutes=30))
