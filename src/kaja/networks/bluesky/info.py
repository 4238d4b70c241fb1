"""What is true of Bluesky as a whole."""

from kaja.kernel.problems import gettext_noop
from kaja.networks.bluesky.limits import LABELS, MAX_IMAGES, NETWORK
from kaja.networks.kit.connector import FormField, NetworkInfo
from kaja.networks.kit.options import Choice, OptionField

INFO = NetworkInfo(
    key="bluesky",
    name=NETWORK,
    connect="form",
    form=(
        FormField(
            "handle",
            gettext_noop("Handle"),
            help=gettext_noop("As in your profile, without the @ sign."),
            placeholder="name.bsky.social",
        ),
        FormField(
            "password",
            gettext_noop("App password"),
            secret=True,
            help=gettext_noop(
                "Made at Bluesky under Settings, Privacy and security, App passwords. Not the main password."
            ),
            placeholder="xxxx-xxxx-xxxx-xxxx",
        ),
        FormField(
            "server",
            gettext_noop("Server"),
            help=gettext_noop("Leave it empty: Kaja finds the server by the handle. Only for a server of your own."),
            placeholder="https://pds.example.org",
            required=False,
        ),
    ),
    options=(
        OptionField(
            "content_label",
            gettext_noop("Content label"),
            "choice",
            help=gettext_noop("Bluesky hides the media behind this warning."),
            choices=(
                Choice("", gettext_noop("None")),
                Choice(LABELS[0], gettext_noop("Suggestive")),
                Choice(LABELS[1], gettext_noop("Nudity")),
                Choice(LABELS[2], gettext_noop("Adult")),
                Choice(LABELS[3], gettext_noop("Graphic media")),
            ),
        ),
    ),
    link_card=True,
    max_images=MAX_IMAGES,
    settle_seconds=10.0,
    idempotent=True,
    help=gettext_noop("Posts of up to 300 characters, with pictures, a video or a link card."),
    # https://bsky.app/settings/app-passwords, read 2026-11-22.
    guide=(
        gettext_noop("In Bluesky open Settings, then Privacy and security, then App passwords."),
        gettext_noop("Choose “Add App Password”, name it Kaja, and create it."),
        gettext_noop("Copy the four groups of letters and paste them below. Never give your main password to Kaja."),
    ),
    open_credentials=frozenset({"identifier", "did"}),
    known_again={"handle": "handle", "server": "base_url"},
)
