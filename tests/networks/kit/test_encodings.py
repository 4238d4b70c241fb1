"""Foreign pages are read as a browser reads them; what a stranger's label may choose is the standard's list alone."""

import encodings.aliases

import pytest
from webencodings.labels import LABELS

from kaja.networks.kit.encodings import decode_json, decode_page

HTML = "text/html; charset="


@pytest.mark.parametrize(
    ("content", "label", "text"),
    [
        ("“quoted”—so €".encode("cp1252"), "iso-8859-1", "“quoted”—so €"),
        ("“quoted”".encode("cp1252"), "us-ascii", "“quoted”"),
        ("镕 € 㑇".encode("gb18030"), "gb2312", "镕 € 㑇"),  # beyond the 1980 set that the label names
        ("똠방각하".encode("cp949"), "euc-kr", "똠방각하"),
        ("㗎 嘅 咗".encode("big5hkscs"), "big5", "㗎 嘅 咗"),
        ("①㍻髙".encode("cp932"), "shift_jis", "①㍻髙"),
        (b"\xad\xa1\xa1\xc1\xc6\xfc", "euc-jp", "①～日"),
        ("ราคา “๑๐๐” €".encode("cp874"), "tis-620", "ราคา “๑๐๐” €"),
        ("ўЎ".encode("cp1251"), "windows-1251", "ўЎ"),
        (b"\xae\xbe", "koi8-u", "ўЎ"),
        (b"a\x81b", "windows-1252", "a\x81b"),
        ("Õhtu".encode("utf-16-le"), "utf-16", "Õhtu"),
        ("Õhtu".encode("utf-16-be"), "utf-16be", "Õhtu"),
        ("šalom".encode(), "UTF8", "šalom"),
        (b"<title>hidden", "iso-2022-kr", "\ufffd"),
    ],
)
def test_labels_mean_what_they_mean_to_a_browser(content: bytes, label: str, text: str) -> None:
    assert decode_page(content, HTML + label) == text
    assert decode_page(content, f'text/html;charset="{label.upper()}"; x=y') == text


def test_a_mark_wins_over_the_header_and_the_header_over_the_page() -> None:
    page = "<meta charset=windows-1251>é"
    assert decode_page(b"\xef\xbb\xbf" + page.encode(), HTML + "big5").endswith(">é")
    assert decode_page(b"\xff\xfe" + page.encode("utf-16-le"), HTML + "utf-8").endswith(">é")
    assert decode_page(page.encode(), HTML + "utf-8").endswith(">é")
    assert decode_page("<meta charset=windows-1251>й".encode("cp1251"), "text/html").endswith(">й")


@pytest.mark.parametrize(
    "meta",
    [
        "<meta charset=windows-1251>",
        "<META CHARSET = 'Windows-1251' />",
        "<meta http-equiv=Content-Type content='text/html; charset=cp1251'>",
        "<!-- <meta charset=utf-8> --><meta charset=cp1251>",
        "<meta charset=rot13><meta charset=cp1251>",
    ],
)
def test_what_the_page_says_counts_as_in_the_standard(meta: str) -> None:
    assert decode_page((meta + "й").encode("cp1251"), "text/html").endswith("й")


def test_what_only_looks_like_the_pages_word_does_not_count() -> None:
    for text in ('<a title="<meta charset=cp1251>">', "<!-- <meta charset=cp1251>", "<metadata charset=cp1251>"):
        assert decode_page(f"{text}Õ".encode(), "text/html").endswith("Õ"), text


def test_a_page_that_says_nothing_is_utf_8_or_windows_1252() -> None:
    assert decode_page("Õhtu".encode()) == "Õhtu"
    assert decode_page("café “x”".encode("cp1252")) == "café “x”"
    assert decode_page("<meta charset=utf-16>Õhtu".encode()).endswith("Õhtu"), "it was readable as ASCII"


def test_no_other_codec_of_python_is_ever_chosen_by_a_label() -> None:
    ours = {name for names in encodings.aliases.aliases.items() for name in names}
    strange = {"punycode", "idna", "undefined", "utf_7", "utf-7", "unicode_escape", "raw_unicode_escape", "hex", "zlib"}
    content = b"+AGE- \\u0041 aGk= x-9ca <title>t</title>"
    for label in (ours | strange) - LABELS.keys():
        assert decode_page(content, HTML + label) == content.decode(), label


@pytest.mark.parametrize("content", [b"[" * 200_000, b'{"a":' * 200_000, b"\xff", b"", b"nope", b"1" * 6000])
def test_what_is_no_json_is_a_value_error(content: bytes) -> None:
    with pytest.raises(ValueError):
        decode_json(content)


def test_json_gives_text_that_can_be_kept() -> None:
    content = rb'{"na\u0000me": ["a\u0000b", "\ud83d\ude00", "\ud800x", {"deep": "\uDC00"}, 1, null]}'
    assert decode_json(content) == {"name": ["ab", "😀", "?x", {"deep": "?"}, 1, None]}
    assert decode_json("\ufeff{}".encode()) == {}
    assert decode_json('"Õhtu"'.encode("utf-16")) == "Õhtu"
