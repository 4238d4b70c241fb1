"""What is true of the practice network as a whole."""

from kaja.kernel.problems import gettext_noop, pgettext_noop
from kaja.networks.kit.connector import FormField, NetworkInfo
from kaja.networks.kit.grants import AppSlot
from kaja.networks.kit.options import Choice, OptionField

PRACTICE = "http://127.0.0.1:8001"
"""Where it is unless something else is set; Kaja puts the address of its own into the form."""

INFO = NetworkInfo(
    key="practice",
    name=pgettext_noop("name of a network", "Practice"),
    connect="form",
    form=(
        FormField(
            "name",
            gettext_noop("Account name"),
            help=gettext_noop("Any name. The account is made for you; nothing that it posts is public."),
            placeholder="Blue Door Bakery",
        ),
        FormField(
            "kind",
            gettext_noop("Kind of account"),
            help=gettext_noop("How the account treats a repeated call. Plain is a good start."),
            default="plain",
            choices=(
                Choice("plain", gettext_noop("Plain: a repeated call makes a second post")),
                Choice("keyed", gettext_noop("Remembers keys: a repeated call makes no second post")),
                Choice("staged", gettext_noop("Two stages: a post is prepared, then published")),
            ),
        ),
        FormField(
            "base_url",
            gettext_noop("Address of the practice network"),
            help=gettext_noop("Where the practice network of this Kaja is; it leads nowhere else."),
            default=PRACTICE,
        ),
    ),
    options=(
        OptionField("title", gettext_noop("Title"), "text", max_length=200),
        OptionField(
            "content_warning",
            gettext_noop("Content warning"),
            "text",
            help=gettext_noop("Shown instead of the post until somebody opens it."),
            max_length=200,
        ),
    ),
    max_images=4,
    practice=True,
    idempotent="by account",  # the kind `keyed` remembers keys
    stages_text="by account",  # the kind `staged` makes a container of every post
    # The server stores within 2 s of a call and lists after at most 10 s (`lists_complete_after` of an account).
    settle_seconds=15.0,
    help=gettext_noop("A network of your own to try everything on. Nothing here is public."),
    guide=(
        gettext_noop("Nothing has to be prepared: the account is made for you."),
        gettext_noop("What you post there is seen only on the practice network's own page, beside this Kaja."),
    ),
    consent_button=gettext_noop("Give consent at the practice network"),
    apps=(
        AppSlot(
            "",
            gettext_noop("An app at the practice network, so that people can give consent there."),
            (
                gettext_noop("Open the practice network's own pages, beside this Kaja, and there “Apps”."),
                gettext_noop("Create an app there, with the redirect address shown above."),
                gettext_noop("Copy its id and its secret into the fields below; the secret is shown only once."),
            ),
            webhook=True,
        ),
    ),
    stage_words={"container": pgettext_noop("step of a delivery", "prepare")},
    known_again={"name": "name"},
)
