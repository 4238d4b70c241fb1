"""What people wrote is laid out in its own direction: Hebrew and Arabic from the right, on pages of any language."""

import re

from tests.web.markup import blank, list_places, list_templates

WORDS = frozenset(
    """
    author campaign.name card.html card.post.campaign card.post.summary card.row.owner card.row.summary channel
    channel.handle choice.label delivery.channel delivery.variant.post.summary difference.channel each.channel
    each.delivery.channel each.name entry.actor_name error event.who first_text fix flash.text found.text
    hit.label hit.note item.choice.name label line.reason member.user menu.chosen.name name new notice old option.value
    each.event.delivery.channel
    other person post.campaign post.channel.name post.draft.first_comment post.draft.link_card.description
    post.draft.link_card.title post.options.categories post.options.content_warning post.options.excerpt
    post.options.spoiler_text post.options.title post.owner post.summary post.title problem query request.workspace.name
    row.channel.name each.entry.actor_name each.post.summary each.note row.what run.text segment.text session.what tag
    token.name token.user user version.revision.author_name who workspace workspace.name
    """.split()  # noqa: SIM905
)
"""Variables that hold what a person, a workspace or a network wrote. A new one belongs here."""

_DIRECTED = re.compile(r"""\bdir=["']?(?:auto|ltr)""")  # left to right: dates, code
_INPUT = re.compile(r"<(textarea|input)\b((?:\{%.*?%\}|\{\{.*?\}\}|[^>])*)>", re.DOTALL)
_TYPED = re.compile(r"""\btype=["']?(?:text|search)\b""")


def test_every_text_of_people_stands_where_its_direction_is_found() -> None:
    missing = [
        f"{path.name}: {place.expression}"
        for path in list_templates()
        for place in list_places(path.read_text())
        if place.name in WORDS
        and not any(
            _DIRECTED.search(attributes) or name in ("bdi", "title", "script") for name, attributes, _ in place.around
        )
    ]
    assert missing == []


def test_every_place_to_type_in_finds_the_direction() -> None:
    missing = []
    for path in list_templates():
        for tag, attributes in _INPUT.findall(blank(path.read_text(), keep_tags=True)):
            if (tag == "textarea" or _TYPED.search(attributes)) and not _DIRECTED.search(attributes):
                missing.append(f"{path.name}: <{tag}{attributes[:60]}")
    assert missing == []


def test_a_text_without_direction_is_noticed() -> None:
    [place] = list_places('<p class="x{% if x %} y{% endif %}">{% icon "x" %} {{ post.summary|default:"" }}</p>')
    assert place.name in WORDS
    assert [name for name, _, _ in place.around] == ["p"]
    assert (
        list(list_places('<a title="{{ post.summary }}">{% blocktranslate %}{{ name }}{% endblocktranslate %}')) == []
    )
