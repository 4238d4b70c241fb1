"""What is true of Discord as a whole."""

from kaja.kernel.problems import gettext_noop, pgettext_noop
from kaja.networks.kit.connector import FormField, NetworkInfo

INFO = NetworkInfo(
    key="discord",
    name="Discord",
    connect="form",
    form=(
        FormField("token", gettext_noop("Bot token"), secret=True),
        FormField("channel", gettext_noop("Channel ID"), placeholder="1180201234567890123"),
    ),
    max_images=10,  # attachments.maxItems
    settle_seconds=5.0,
    guide=(
        gettext_noop("Make an application with a bot in Discord's developer portal, and invite it to your server."),
        gettext_noop("Copy the bot's token, and the ID of the channel that it should post to."),
    ),
    grant_words={"SEND_MESSAGES": pgettext_noop("what a channel may do", "send messages")},
    open_credentials=frozenset({"channel"}),
    help=gettext_noop("Posts of a bot, with up to ten pictures."),
)
