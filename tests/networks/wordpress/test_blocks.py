"""From typed text to block markup."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaja.networks.wordpress.blocks import Attachment, render_blocks, render_comment


def paragraph(inner: str) -> str:
    return f"<!-- wp:paragraph -->\n<p>{inner}</p>\n<!-- /wp:paragraph -->"


@pytest.mark.parametrize(
    ("text", "inner"),
    [
        ("one", "one"),
        ("one\ntwo", "one<br>two"),
        ("**b** *i* _i_ `c`", "<strong>b</strong> <em>i</em> <em>i</em> <code>c</code>"),
        ("a < b & c > d", "a &lt; b &amp; c &gt; d"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("<!-- wp:html -->", "&lt;!-- wp:html --&gt;"),
        ("#hashtag is no heading", "#hashtag is no heading"),
        ("    indented stays text", "indented stays text"),
        ("Title\n===", "Title<br>==="),
        ("snake_case_name and 2*3*4", "snake_case_name and 2<em>3</em>4"),
        (
            "see https://example.org/?a=1&b=2.",
            'see <a href="https://example.org/?a=1&amp;b=2">https://example.org/?a=1&amp;b=2</a>.',
        ),
        ("[Kaja](https://example.org/)", '<a href="https://example.org/">Kaja</a>'),
        ("[x](javascript:alert(1))", "&#091;x](javascript:alert(1))"),
        ("[gallery] and [caption]hours[/caption]", "&#091;gallery] and &#091;caption]hours&#091;/caption]"),
        ("`[gallery ids=1]`", "<code>&#091;gallery ids=1]</code>"),
        (":) and :mrgreen: at 12:30; 8-) ;)", "&#058;) and &#058;mrgreen: at 12:30; &#056;-) &#059;)"),
        ("**:)**", "<strong>&#058;)</strong>"),
        ("typed &amp; and &copy;", "typed &amp;amp; and &amp;copy;"),
        ("a\u00a0:)", "a&nbsp;&#058;)"),
        (
            "https://e.example/[x]",
            '<a href="https://e.example/&#091;x">https://e.example/&#091;x</a>]',
        ),
        ("Wordpress", "Word&#112;ress"),
        ("![alt](https://example.org/x.png)", '!<a href="https://example.org/x.png">alt</a>'),
        ("[https://a.example](https://b.example/)", '<a href="https://b.example/">https://a.example</a>'),
    ],
)
def test_paragraphs(text: str, inner: str) -> None:
    assert render_blocks(text) == paragraph(inner)


def test_blocks() -> None:
    text = "Intro\n\n# One\n\n### Three\n\n- a\n- b\n  1. c\n\n3. x\n4. y\n\n> q\n> r\n\n---\n\n```\na < b -- c\n```"
    assert render_blocks(text).split("\n\n<!-- wp:")[1:] == [
        'heading -->\n<h2 class="wp-block-heading">One</h2>\n<!-- /wp:heading -->',
        'heading {"level":3} -->\n<h3 class="wp-block-heading">Three</h3>\n<!-- /wp:heading -->',
        'list -->\n<ul class="wp-block-list"><!-- wp:list-item -->\n<li>a</li>\n<!-- /wp:list-item -->',
        'list-item -->\n<li>b<!-- wp:list {"ordered":true} -->\n<ol class="wp-block-list"><!-- wp:list-item -->\n'
        "<li>c</li>\n<!-- /wp:list-item --></ol>\n<!-- /wp:list --></li>\n<!-- /wp:list-item --></ul>\n"
        "<!-- /wp:list -->",
        'list {"ordered":true,"start":3} -->\n<ol start="3" class="wp-block-list"><!-- wp:list-item -->\n<li>x</li>\n'
        "<!-- /wp:list-item -->",
        "list-item -->\n<li>y</li>\n<!-- /wp:list-item --></ol>\n<!-- /wp:list -->",
        f'quote -->\n<blockquote class="wp-block-quote">{paragraph("q<br>r")}</blockquote>\n<!-- /wp:quote -->',
        'separator -->\n<hr class="wp-block-separator has-alpha-channel-opacity"/>\n<!-- /wp:separator -->',
        'code -->\n<pre class="wp-block-code"><code>a &lt; b -- c</code></pre>\n<!-- /wp:code -->',
    ]


def test_pictures_and_videos_come_after_the_text() -> None:
    picture = Attachment(7, "https://e.org/a.png?x=1&y=2", "image", 'A "door" <open>')
    markup = render_blocks("Text", [picture, Attachment(8, "https://e.org/b.mp4", "video")])
    assert markup == "\n\n".join(
        [
            paragraph("Text"),
            '<!-- wp:image {"id":7,"sizeSlug":"full","linkDestination":"none"} -->\n'
            '<figure class="wp-block-image size-full"><img src="https://e.org/a.png?x=1&amp;y=2"'
            ' alt="A &quot;door&quot; &lt;open&gt;" class="wp-image-7"/></figure>\n<!-- /wp:image -->',
            '<!-- wp:video {"id":8} -->\n<figure class="wp-block-video">'
            '<video controls src="https://e.org/b.mp4"></video></figure>\n<!-- /wp:video -->',
        ]
    )


PIECES = st.sampled_from(
    [
        "\n",
        "\n\n",
        "- ",
        "1. ",
        "> ",
        "# ",
        "```",
        "---",
        "<b>",
        "<!--",
        "-->",
        "wp:html",
        "**",
        "_",
        "`",
        "[x](",
        ")",
        '" onclick="x',
        "javascript:",
        "https://e.org/<script>",
        "&lt;",
        "  ",
        "эхо",
        "    ",
        "<img src=x onerror=y>",
    ]
)
OURS = re.compile(r"</?(?:p|h[2-6]|ul|ol|li|blockquote|pre|code|strong|em|a|br|hr)\b[^<>]*>")


@given(st.lists(PIECES, max_size=60).map("".join))
def test_no_text_becomes_markup_of_its_own(text: str) -> None:
    markup = render_blocks(text)
    stack: list[str] = []
    for closing, name in re.findall(r"<!-- (/?)wp:([a-z-]+)[^>]*-->", markup):
        if closing:
            assert stack.pop() == name
        else:
            stack.append(name)
    assert stack == []
    without_blocks = re.sub(r"<!-- /?wp:[a-z-]+(?: \{[^>]*\})? -->", "", markup)
    rest = OURS.sub("", without_blocks)
    assert "<" not in rest
    for tag in OURS.findall(without_blocks):
        assert re.fullmatch(
            r"</?\w+(?: (?:class=\"[a-z -]+\"|start=\"\d+\"|href=\"(?:https?|mailto|tel)?[^\"]*\"))*/?>", tag
        ), tag
        assert not re.search(r"href=\"\s*javascript", tag, re.IGNORECASE)


def test_comments_are_text() -> None:
    assert render_comment(" <b>x</b> & https://e.org \\o/\n") == "&lt;b&gt;x&lt;/b&gt; &amp; https://e.org &#92;o/"
