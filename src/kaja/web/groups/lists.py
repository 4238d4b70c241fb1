"""The lists of campaigns and labels."""

from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from kaja.content.groups import page_campaigns, page_labels
from kaja.content.models import Campaign, Label, Post
from kaja.content.queries import PostFilter, list_posts_by_time
from kaja.kernel import clock
from kaja.kernel.pages import Page
from kaja.publishing.progress import Progress, progress_of_campaigns
from kaja.publishing.queries import standings_of_posts
from kaja.web.composer.words import day_in_words
from kaja.web.kit.listing import Asked, Empty, Listing
from kaja.web.kit.page import zone_of

Row = dict[str, Any]
STATE_WORDS = {"under_way": "underway", "done": "done", "needs_you": "needs", "dropped": "cancelled"}


def describe_campaign(campaign: Campaign, progress: Progress, moment: datetime) -> Row:
    """What a campaign's card says: its days, whether it runs, how far it is, and what comes next."""
    today = timezone.localtime(moment).date()
    when = "runs" if campaign.starts_on or campaign.ends_on else ""
    if campaign.starts_on and campaign.starts_on > today:
        when = "comes"
    elif campaign.ends_on and campaign.ends_on < today:
        when = "over"
    return {"campaign": campaign, "progress": progress, "when": when}


def _campaigns(asked: Asked) -> Page[Row]:
    def describe(campaigns: list[Campaign]) -> list[Row]:
        moment = clock.now()
        progress = progress_of_campaigns([each.id for each in campaigns], moment)
        return [describe_campaign(each, progress.get(each.id, Progress()), moment) for each in campaigns]

    return page_campaigns(asked.cursor, asked.limit).map(describe)


MAKE_ONE = Empty(
    "flag",
    _("No campaign yet"),
    _(
        "A campaign holds the posts together that serve one aim: a launch, a season, an event. Name the first one "
        "below."
    ),
)
CAMPAIGNS: Listing[Row] = Listing(
    "campaigns",
    _campaigns,
    Empty(
        "flag",
        _("No campaign yet"),
        _("A campaign holds the posts together that serve one aim: a launch, a season, an event."),
    ),
)
ARCHIVED: Listing[Campaign] = Listing(
    "archived",
    lambda asked: page_campaigns(asked.cursor, asked.limit, archived=True),
    Empty("folder", _("No campaign is archived.")),
    cursor="archived-after",
)


def _posts(asked: Asked) -> Page[Row]:
    zone = zone_of(asked.request)

    def describe(posts: list[Post]) -> list[Row]:
        found = standings_of_posts([post.id for post in posts])
        return [
            {
                "post": post,
                "due": day_in_words(post.due_at, zone) if post.due_at else "",
                "state": STATE_WORDS.get(found[post.id].standing, post.state) if post.id in found else post.state,
            }
            for post in posts
        ]

    wanted = PostFilter(campaign=asked.about["campaign"])
    return list_posts_by_time(wanted, asked.cursor, asked.limit).map(describe)


POSTS: Listing[Row] = Listing(
    "posts",
    _posts,
    Empty(
        "flag",
        _("No post belongs to it yet"),
        _("Choose the campaign when you write a post, or select posts in the calendar and give it to them."),
        "composer:new",
        _("Write a post"),
    ),
)
LABELS: Listing[Label] = Listing(
    "labels",
    lambda asked: page_labels(asked.cursor, asked.limit),
    Empty(
        "tag",
        _("No label yet"),
        _("Labels are free words on posts: a format, a language, a place. They can be filtered by in the calendar."),
    ),
)
