"""WordPress: posts as articles of a blog, with an application password."""

from kaja.kernel.problems import gettext_noop, pgettext_noop
from kaja.networks.kit.connector import FormField, NetworkInfo
from kaja.networks.kit.options import OptionField

# Column widths of wp_posts and wp_terms (wp-admin/includes/schema.php, 6.8, read 2026-11-22).
TITLE_BYTES, SLUG_BYTES, TERM_CHARACTERS = 65_535, 200, 200

INFO = NetworkInfo(
    key="wordpress",
    name="WordPress",
    connect="form",
    form=(
        FormField("site", gettext_noop("Address of the site"), placeholder="https://example.org"),
        FormField("username", gettext_noop("User name"), help=gettext_noop("The name you sign in to the site with.")),
        FormField(
            "password",
            gettext_noop("Application password"),
            secret=True,
            help=gettext_noop("Made on the site under Users, Profile, Application Passwords. Not your own password."),
            placeholder="xxxx xxxx xxxx xxxx xxxx xxxx",
        ),
    ),
    options=(
        OptionField(
            "title",
            gettext_noop("Title"),
            "text",
            required=True,
            missing=gettext_noop("A blog article needs a title."),
            max_bytes=TITLE_BYTES,
        ),
        OptionField(
            "slug",
            gettext_noop("Address part"),
            "text",
            help=gettext_noop("The end of the article's link. Left empty, it is made from the title."),
            max_length=SLUG_BYTES,
        ),
        OptionField(
            "excerpt",
            gettext_noop("Excerpt"),
            "longtext",
            help=gettext_noop("Shown in lists and feeds."),
            max_bytes=TITLE_BYTES,
        ),
        OptionField("categories", gettext_noop("Categories"), "terms", max_length=TERM_CHARACTERS),
        OptionField("tags", gettext_noop("Tags"), "terms", max_length=TERM_CHARACTERS),
        OptionField(
            "featured",
            gettext_noop("First picture as featured image"),
            "bool",
            help=gettext_noop("The theme shows it with the title; it does not stand in the text again."),
            default="true",
        ),
    ),
    max_images=50,
    idempotent=True,  # publishing a draft that is public changes nothing; a repeated comment is refused
    settle_seconds=2.0,  # the article is read by its id from the same database
    help=gettext_noop("A blog on your own server or at a host. Text may use simple Markdown."),
    lists_titles=True,
    # Users, Profile, Application Passwords: since WordPress 5.6, read 2026-11-22.
    guide=(
        gettext_noop("In your WordPress dashboard open Users, then Profile, and go down to “Application Passwords”."),
        gettext_noop("Type Kaja as the name and press “Add New Application Password”."),
        gettext_noop(
            "Copy the password that appears, and paste it below with the address of the site and your user name."
        ),
        gettext_noop(
            "The section is missing? The site has to use https, and a security plugin may have switched it off."
        ),
    ),
    stage_words={
        "terms": pgettext_noop("step of a delivery", "categories and tags"),
        "draft": pgettext_noop("step of a delivery", "draft"),
    },
    grant_words={
        "publish_posts": pgettext_noop("what a channel may do", "publish posts"),
        "edit_posts": pgettext_noop("what a channel may do", "edit posts"),
        "delete_posts": pgettext_noop("what a channel may do", "delete posts"),
        "upload_files": pgettext_noop("what a channel may do", "upload files"),
        "moderate_comments": pgettext_noop("what a channel may do", "moderate comments"),
        "manage_categories": pgettext_noop("what a channel may do", "make categories"),
    },
    open_credentials=frozenset({"username"}),
    known_again={"site": "base_url"},
)
