"""Names and keys of files on their way up."""

from dataclasses import replace

import pytest

from kaja.networks.kit.content import Media
from kaja.networks.kit.uploads import MOST_NAME, list_keys, name_upload

PICTURE = Media("k", "image", "image/png", 1000, 10, 10, filename="image.png")


@pytest.mark.parametrize(
    ("filename", "mime", "begins", "ends"),
    [
        ("image.png", "image/png", "image-", ".png"),
        ("image.png", "image/jpeg", "image-", ".jpg"),
        ("日" * 120 + ".png", "image/png", "日日日", ".png"),
        ("क्षि" * 60 + ".mov", "video/quicktime", "क्षि", ".mov"),
        ("👩‍👩‍👧" * 40 + ".webp", "image/webp", "👩‍👩‍👧", ".webp"),
        ("x" * 300 + ".mkv", "video/x-matroska", "xxx", ".mkv"),
        ("", "image/gif", "file-", ".gif"),
        (".png", "image/png", "file-", ".png"),
        ("без окончания", "image/png", "file-", ".png"),
    ],
)
def test_a_long_name_is_cut_by_bytes_and_keeps_the_ending_of_its_content(
    filename: str, mime: str, begins: str, ends: str
) -> None:
    name = name_upload(replace(PICTURE, filename=filename), mime)
    assert name.startswith(begins)
    assert name.endswith(ends)
    assert len(name.encode()) <= MOST_NAME
    assert name.encode().decode() == name


def test_no_two_uploads_have_one_name() -> None:
    assert len({name_upload(PICTURE, "image/png") for _ in range(1000)}) == 1000


def test_each_use_of_a_file_in_a_post_has_its_own_key() -> None:
    other = replace(PICTURE, key="other")
    assert list_keys([PICTURE, other, replace(PICTURE, alt="b"), PICTURE]) == ["k", "other", "k#2", "k#3"]
