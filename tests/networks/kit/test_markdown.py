"""The little Markdown that people type, as HTML lines: everything else is text."""

import pytest

from kaja.networks.kit.markdown import link_addresses, parse_markdown, render_line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("**Rye** & *wheat*\n`<b>`", "<strong>Rye</strong> &amp; <em>wheat</em><br><code>&lt;b&gt;</code>"),
        ("[bread](https://x.test/?a=1&b=2)", '<a href="https://x.test/?a=1&amp;b=2">bread</a>'),
        ("[https://a.test](https://b.test)", '<a href="https://b.test">https://a.test</a>'),
        ("[run](javascript:alert)", "[run](javascript:alert)"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("![a](https://x.test/a.png)", '!<a href="https://x.test/a.png">a</a>'),
    ],
)
def test_a_line_is_html_that_holds_nothing_else(text: str, line: str) -> None:
    [paragraph] = parse_markdown(text).children
    assert paragraph.type == "paragraph"
    assert render_line(paragraph) == line


@pytest.mark.parametrize(
    ("text", "linked"),
    [
        ("see https://x.test.", 'see <a href="https://x.test">https://x.test</a>.'),
        ("https://x.test/a_(b)", '<a href="https://x.test/a_(b)">https://x.test/a_(b)</a>'),
        ("(https://x.test/)", '(<a href="https://x.test/">https://x.test/</a>)'),
        ("a < b", "a &lt; b"),
        ("", ""),
    ],
)
def test_addresses_become_links(text: str, linked: str) -> None:
    assert link_addresses(text) == linked
