"""Names and keys of files on their way up."""

from dataclasses import replace

import pytest

from kaja.networks.kit.content import Media
from kaja.networks.kit.guards import Failed
from kaja.networks.kit.image_rules import ImageRules
from kaja.networks.kit.outcome import refused_problem
from kaja.networks.kit.results import Later, Rejected
from kaja.networks.kit.uploads import MOST_NAME, have_fetched, list_keys, name_upload

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


@pytest.mark.parametrize(
    ("address", "failure", "told"),
    [
        (None, None, None),
        ("https://kaja.example/f/1", None, "fetched https://kaja.example/f/1"),
        ("https://kaja.example/f/1", Rejected(refused_problem("Some", "no way in")), None),
    ],
)
async def test_a_file_that_the_network_cannot_fetch_is_to_be_sent(
    address: str | None, failure: Rejected | None, told: str | None
) -> None:
    async def ask(url: str) -> str:
        if failure is not None:
            raise Failed(failure)
        return f"fetched {url}"

    medium = replace(PICTURE, publish=lambda lasts, rules: address)
    assert await have_fetched(medium, ImageRules(1_000_000), ask) == told


async def test_trouble_while_a_file_is_fetched_is_told() -> None:
    async def ask(url: str) -> str:
        raise Failed(Later(9.0, refused_problem("Some", "busy")))

    with pytest.raises(Failed):
        await have_fetched(replace(PICTURE, publish=lambda lasts, rules: "https://x"), ImageRules(1), ask)
