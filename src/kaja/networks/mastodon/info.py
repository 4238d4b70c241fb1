"""Mastodon, and servers that speak its API (GoToSocial, Pleroma, Akkoma, snac2 ...)."""

from kaja.kernel.problems import gettext_noop, pgettext_noop
from kaja.networks.kit.connector import FormField, NetworkInfo
from kaja.networks.kit.options import Choice, OptionField

INFO = NetworkInfo(
    key="mastodon",
    name="Mastodon",
    connect="oauth",
    form=(
        FormField(
            "instance",
            gettext_noop("Server"),
            help=gettext_noop("The server where your account lives: the part after the last @ of your handle."),
            placeholder="mastodon.social",
        ),
    ),
    options=(
        OptionField(
            "spoiler_text",
            gettext_noop("Content warning"),
            "text",
            help=gettext_noop("Shown instead of the post until the reader opens it. Its length counts."),
        ),
        OptionField(
            "visibility",
            gettext_noop("Who sees it"),
            "choice",
            choices=(
                Choice("public", gettext_noop("Everybody")),
                Choice("unlisted", gettext_noop("Everybody, but not in public timelines")),
                Choice("private", gettext_noop("Followers only")),
            ),
            default="public",
        ),
        OptionField(
            "sensitive",
            gettext_noop("Hide pictures and videos until clicked"),
            "bool",
        ),
    ),
    names_maker=True,
    max_images=4,
    # Mastodon itself honours the key, compatible servers may not (Facts.limits["idempotent"] says what is known). It
    # writes the key down after the status (app/services/post_status_service.rb at 0194c3c, read 2026-11-22), so a
    # repetition that meets the first call still at work would double it: we look, whatever the server.
    idempotent=False,
    # https://docs.joinmastodon.org/api/rate-limits/, read 2026-11-22.
    quota_uses={"media": frozenset({"media"}), "delete": frozenset({"change"})},
    settle_seconds=30.0,
    # Servers other than Mastodon have been seen to store a status a minute after they broke off the call.
    settle_unkeyed=120.0,
    help=gettext_noop("Any Mastodon server, and compatible ones."),
    # The consent page of an instance, read 2026-11-22.
    guide=(
        gettext_noop("Write the server that your account is on: the part after the last @ of your handle."),
        gettext_noop(
            "Your server asks whether Kaja may post for you. Sign in there as the account that you want to connect."
        ),
        gettext_noop("Allow it, and you come back here by yourself."),
    ),
    grant_words={
        "profile": pgettext_noop("what a channel may do", "see the profile"),
        "read:accounts": pgettext_noop("what a channel may do", "see the account"),
        "read:notifications": pgettext_noop("what a channel may do", "read notifications"),
        "read:statuses": pgettext_noop("what a channel may do", "read posts"),
        "write:statuses": pgettext_noop("what a channel may do", "write posts"),
        "write:media": pgettext_noop("what a channel may do", "upload files"),
        "write:favourites": pgettext_noop("what a channel may do", "like posts"),
        "write:blocks": pgettext_noop("what a channel may do", "block accounts"),
        "write:mutes": pgettext_noop("what a channel may do", "mute accounts"),
        "write:reports": pgettext_noop("what a channel may do", "report posts"),
    },
    open_credentials=frozenset({"scope", "client_id"}),
    known_again={"instance": "base_url"},
    consent_button=gettext_noop("Go on to your server"),
)
