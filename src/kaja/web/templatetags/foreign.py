"""`{% foreign_link address %}...{% end_foreign_link %}`: how somebody else's address gets into a page."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from kaja.web.foreign import web_address

register = template.Library()
register.filter("web_address", web_address)


@register.simple_block_tag(end_name="end_foreign_link")
def foreign_link(content: str, address: object, css: str = "") -> SafeString:
    """A link to another site, in a window of its own; plain text when the address is none of the web."""
    kind = format_html(' class="{}"', css) if css else ""
    href = web_address(address)
    if not href:
        return format_html("<span>{}</span>", content)
    return format_html('<a{} href="{}" target="_blank" rel="noopener noreferrer">{}</a>', kind, href, content)
