"""Pages that nobody wrote: markup, encodings and labels put together by chance, the same for the same seed.

`python -m tests.content.strange_pages 100000` reads that many in this process and says which stumble.
"""

import random
import sys

LABELS = [
    "utf-8", "utf-16", "gb2312", "gb18030", "big5", "euc-kr", "euc-jp", "shift_jis", "iso-2022-jp", "windows-874",
    "windows-1255", "iso-8859-8-i", "koi8-u", "x-user-defined", "hz-gb-2312", "punycode", "idna", "undefined", "utf-7",
    "unicode_escape", "raw_unicode_escape", "rot13", "zlib", "base64", "mbcs", "", "\0", "utf-8;x", "é", "a" * 300,
]  # fmt: skip
PIECES = [
    "<title>", "</title>", "<meta property=og:title content='", "'>", "<meta charset=", "<![", "<!", "<![CDATA[", "]]>",
    "<!--", "-->", "--!>", "<?php", "<script>", "</script", "<svg><title>", "<template>", "<table><tr>", "</p></b></i>",
    "<frameset>", "<plaintext>", "&#0;", "&#xD800;", "&#x110000;", "&notit;", "&", "<", ">", "\0", "\ud7ff", "\ufeff",
    "כותרת", "العنوان", "標題", "ខ្មែរ", "👩‍👩‍👧", "\u202e", "<meta name=description content=\"", "\"", "'", "=", "/>",
    "<meta property=og:image content=//[>", "<meta property=og:image content=", "http://[::1", "javascript:alert(1)",
    "<a " , "<b>", "<div>", " " * 500, "x" * 2000,
]  # fmt: skip
MARKS = [b"", b"", b"", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"]


def make_page(chance: random.Random) -> tuple[bytes, str]:
    """The bytes of a page and its Content-Type."""
    text = "".join(chance.choices(PIECES, k=chance.randint(1, 200)))
    codec = chance.choice(["utf-8", "utf-16-le", "gb18030", "cp932", "latin-1"])
    content = bytearray(chance.choice(MARKS) + text.encode(codec, "replace"))
    for _ in range(chance.choice([0, 0, 3, 50])):
        content[chance.randrange(len(content))] = chance.randrange(256)
    if chance.random() < 0.3:
        content += bytes(chance.choices(range(256), k=chance.randint(1, 3000)))
    quote = chance.choice(["", '"', "'"])
    kind = f"text/html; charset={quote}{chance.choice(LABELS)}{quote}" if chance.random() < 0.7 else "text/html"
    return bytes(content), kind


def main() -> int:
    from kaja.content.pages import read_head

    bad = 0
    for seed in range(int(sys.argv[1])):
        try:
            read_head(*make_page(random.Random(seed)), "https://x.test/")
        except Exception as error:  # noqa: BLE001 finding these is what it is for
            bad += 1
            print(f"seed {seed}: {type(error).__name__}: {error}")
    print(f"{bad} of {sys.argv[1]} stumbled")
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())
