"""Components that hold what stands between their tags; every template has them without loading. `/ui` shows each in all
its states. Those that hold nothing are in `kaja.py`."""

from collections.abc import Mapping
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString

from kaja.web.kit.listing import Pager, Shown
from kaja.web.kit.page import address
from kaja.web.templatetags.kaja import icon

register = template.Library()

Context = Mapping[str, Any]


def _render(name: str, content: str, **values: Any) -> SafeString:
    return SafeString(render_to_string(f"components/{name}.html", {"content": content, **values}))


@register.simple_block_tag(takes_context=True, end_name="end_listing")
def listing(context: Context, content: str, shown: Shown[Any], label: str = "", live: str = "") -> SafeString:
    """A list with its filters and pages around its rows, or what stands there without any; `live` names the topics that
    it follows. A listing with columns is a table, and its rows are `{% row %}`, else `{% item %}`."""
    empty, slug = shown.empty, getattr(getattr(context.get("request"), "workspace", None), "slug", "")
    href = address(empty.href, slug) if empty.href and not empty.href.startswith(("#", "/")) else empty.href
    values = {"shown": shown, "label": label, "live": live, "empty": empty, "href": href}
    return _render("listing", content, **values)


@register.simple_block_tag(end_name="end_item")
def item(
    content: str, key: Any, name: str = "", selected: bool = False, off: bool = False, css: str = "", prefix: str = ""
) -> SafeString:
    """One row of a list. With a `name` it can be selected, and that is what it is called; `off` where it may not be.
    With a `prefix` its key makes an id that addresses can name."""
    return _row("li", content, key, name, selected=selected, off=off, css=css, prefix=prefix)


@register.simple_block_tag(end_name="end_row")
def row(content: str, key: Any) -> SafeString:
    """One row of a table."""
    return _row("tr", content, key, "", selected=False, off=False)


def _row(
    tag: str, content: str, key: Any, name: str, *, selected: bool, off: bool, css: str = "", prefix: str = ""
) -> SafeString:
    box = ""
    if name:
        box = format_html(
            '<input type="checkbox" class="list-box" value="{}" aria-label="{}"{}{}>',
            key,
            name,
            SafeString(" checked") if selected else "",
            SafeString(" disabled") if off else "",
        )
    classes = " ".join(filter(None, (css, "selected" if selected else "")))
    look = format_html(' class="{}"', classes) if classes else ""
    known = format_html(' id="{}-{}"', prefix, key) if prefix else ""
    return format_html(
        '<{0}{5} data-item="{1}" tabindex="-1"{2}>{3}{4}</{0}>', SafeString(tag), key, look, box, content, known
    )


@register.inclusion_tag("components/pager.html")
def pager(where: Pager, newest_first: bool = False) -> dict[str, Any]:
    """The ways to other pages of a list."""
    return {"pager": where, "newest_first": newest_first}


@register.inclusion_tag("components/filters.html")
def filters(menus: Any, clear: str = "") -> dict[str, Any]:
    """Filters as menus, what is chosen as chips."""
    return {"menus": menus, "clear": clear}


@register.simple_block_tag(end_name="end_section")
def section(content: str, title: str, lead: str = "", html_id: str = "", live: str = "") -> SafeString:
    """A part of a page under its heading; `lead` says what it is for."""
    return _render("section", content, title=title, lead=lead, id=html_id, live=live)


@register.filter
def same(value: object, other: object) -> bool:
    """Whether two values are the same, for a component that takes a yes or no."""
    return value == other


@register.simple_block_tag(end_name="end_tabs")
def tabs(content: str, label: str) -> SafeString:
    """Pages beside each other; holds `{% tab %}`s."""
    return format_html('<nav class="tabs" aria-label="{}">{}</nav>', label, content)


@register.simple_tag
def tab(href: str, word: str, current: bool = False, symbol: str = "", count: int | None = None) -> SafeString:
    """One of them; `count` says how much there is on it."""
    return format_html(
        '<a class="tab" href="{}"{}>{}{}{}</a>',
        href,
        SafeString(' aria-current="page"') if current else "",
        icon(symbol, "sm") if symbol else "",
        word,
        format_html(' <span class="count count-quiet">{}</span>', count) if count is not None else "",
    )


@register.simple_tag
def tool(
    does: str, symbol: str, word: str, opens: bool = False, size: str = "", shown_for: str = "", key: str = ""
) -> SafeString:
    """A button that is an icon, with its word in words that are not seen. `does` is what a script listens for; `opens`
    says that something opens at it, `key` the key that does the same, `shown_for` where it is of use."""
    return format_html(
        '<button type="button" class="button button-quiet button-small button-icon" data-do="{}"{} title="{}{}"'
        ' aria-label="{}"{}>{}</button>',
        does,
        format_html(' data-for="{}"', shown_for) if shown_for else "",
        word,
        f" ({key})" if key else "",
        word,
        SafeString(' aria-expanded="false"') if opens else "",
        icon(symbol, size),
    )


@register.simple_block_tag(end_name="end_menu")
def menu(
    content: str, word: str, symbol: str = "", label: str = "", css: str = "button button-small", place: str = ""
) -> SafeString:
    """What opens below a button; holds elements with the class `menu-item`. `label` is for a button without a word;
    `place` is "up", "end" or both."""
    where = " ".join(f"menu-{each}" for each in place.split())
    return _render("menu", content, word=word, symbol=symbol, label=label, css=css, place=where)


@register.simple_block_tag(end_name="end_dialog")
def dialog(content: str, html_id: str, title: str, wide: bool = False) -> SafeString:
    """What opens over the page, by a button with `data-open-dialog`; holds its body, then `{% dialog_foot %}`."""
    return _render("dialog", content, id=html_id, title=title, wide=wide)


@register.simple_block_tag(end_name="end_dialog_foot")
def dialog_foot(content: str) -> SafeString:
    """The buttons of a dialog."""
    return format_html('<div class="dialog-foot">{}</div>', content)


@register.simple_block_tag(end_name="end_popup")
def popup(content: str, html_id: str, label: str) -> SafeString:
    """A menu that one of many things opens (`js/kit/popup.js`): holds buttons with the role of a menu's item."""
    return format_html(
        '<div class="popover popup" id="{}" popover role="menu" aria-label="{}">{}</div>', html_id, label, content
    )


@register.simple_block_tag(end_name="end_bulk")
def bulk(content: str, html_id: str, label: str) -> SafeString:
    """The bar of what is selected; holds what can be done to all of it."""
    return _render("bulk", content, id=html_id, label=label)


@register.simple_block_tag(end_name="end_timeline")
def timeline(content: str) -> SafeString:
    """What happened, in the order of time; holds `{% event %}`s."""
    return format_html('<ol class="timeline">{}</ol>', content)


@register.simple_block_tag(end_name="end_event")
def event(content: str, symbol: str, look: str = "") -> SafeString:
    """One thing that happened."""
    return format_html(
        '<li class="timeline-{}"><span class="timeline-mark">{}</span><div class="timeline-body">{}</div></li>',
        look or "plain",
        icon(symbol, "sm"),
        content,
    )


@register.inclusion_tag("components/figure.html")
def figure(
    value: Any, word: str, unit: str = "", period: str = "", delta: str = "", look: str = "", meaning: str = ""
) -> dict[str, Any]:
    """A number with its unit and period; `delta` compares it, `look` (done, needs) says whether that is good; `meaning`
    is its definition, one press away. None is a gap, and said to be one."""
    known = value is not None and value != ""
    return {
        "value": value, "known": known, "word": word, "unit": unit, "period": period, "delta": delta, "look": look,
        "meaning": meaning,
    }  # fmt: skip


@register.inclusion_tag("components/loading.html")
def loading(lines: int = 3) -> dict[str, Any]:
    """What stands where something is on its way."""
    return {"lines": range(lines)}
