"""Keeping WordPress from reading more in a text than stands in it.

When it shows a page it runs shortcodes ("[gallery]", also inside code), turns smileys into pictures and fixes its own
name (do_shortcode, convert_smilies, capital_P_dangit in wp-includes, 6.8, read 2026-11-29). A character written as a
number is shown as itself and recognised by none of them. With three digits, because wp_kses writes it so anyway.

Quotes and dashes still become typographic (wptexturize): that is how a site sets its texts.
"""

import re

_TAG = re.compile(r"(<[^>]*>)")
_GAP = re.compile(r"(\s+|&nbsp;)")
_EIGHTS = ("8-)", "8-O", "8O")
_ENTITY = re.compile(r"&(?=#?\w+;)")


def _write(char: str) -> str:
    return f"&#{ord(char):03d};"


def keep_brackets(fragment: str) -> str:
    """HTML in which no shortcode begins, in texts, code and addresses."""
    return fragment.replace("[", _write("["))


def keep_smileys(text: str) -> str:
    """Escaped text, without tags, in which no smiley is recognised: each stands between spaces and begins so."""
    pieces = _GAP.split(text)
    return "".join(
        _write(piece[0]) + piece[1:] if len(piece) > 1 and (piece[0] in ":;" or piece in _EIGHTS) else piece
        for piece in pieces
    )


def keep(fragment: str) -> str:
    """HTML whose texts are shown as they were typed."""
    pieces = [
        piece if piece.startswith("<") else keep_smileys(piece).replace("Wordpress", f"Word{_write('p')}ress")
        for piece in _TAG.split(fragment)
    ]
    return keep_brackets("".join(pieces))


def keep_entities(text: str) -> str:
    """A title or excerpt, which WordPress takes as HTML: tags and entities that were typed are shown as typed."""
    return _ENTITY.sub("&amp;", text).replace("<", "&lt;")
