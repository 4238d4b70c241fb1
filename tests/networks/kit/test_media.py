"""Pictures on their way to a network."""

import io
from typing import Any

import pytest
from PIL import Image, ImageCms

from kaja.networks.kit.image_rules import ImageRefused, ImageRules
from kaja.networks.kit.media import fit_image

RULES = ImageRules(max_bytes=1_000_000, max_side=2000)


def save(picture: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def reopen(content: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(content))
    picture.load()
    return picture


def make_noise(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """A picture that hardly compresses."""
    noise = Image.effect_noise((width, height), 80).convert(mode)
    if mode == "RGBA":
        noise.putalpha(Image.effect_noise((width, height), 80))
    return noise


def test_what_fits_is_not_touched() -> None:
    content = save(Image.new("RGB", (64, 48), "red"), "PNG")
    fitted = fit_image(content, RULES)
    assert (fitted.content, fitted.mime, fitted.width, fitted.height) == (content, "image/png", 64, 48)


def test_metadata_goes_and_the_picture_stays_upright() -> None:
    picture = Image.new("RGB", (60, 40), "red")
    picture.paste("blue", (0, 0, 30, 40))
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: rotate by 90 degrees clockwise to show
    exif[0x010F] = "Secret camera"
    exif.get_ifd(0x8825)[2] = (59.0, 26.0, 0.0)  # where it was taken
    fitted = fit_image(save(picture, exif=exif), RULES)
    shown = reopen(fitted.content)
    assert (fitted.width, fitted.height) == shown.size == (40, 60)
    assert not shown.getexif()
    assert b"Secret camera" not in fitted.content
    red, _, blue = shown.convert("RGB").getpixel((20, 5))  # type: ignore[misc]
    assert blue > red, "the left half is on top now"


@pytest.mark.parametrize(("key", "kind"), [("comment", "JPEG"), ("xmp", "JPEG"), ("xmp", "WEBP")])
def test_other_metadata_goes_too(key: str, kind: str) -> None:
    content = save(Image.new("RGB", (60, 40)), kind, **{key: b"<x>Secret note</x>"})
    assert b"Secret note" in content
    assert b"Secret note" not in fit_image(content, RULES).content


def test_colours_keep_their_profile() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    content = save(Image.new("RGB", (3000, 40)), icc_profile=profile)
    assert reopen(fit_image(content, RULES).content).info.get("icc_profile") == profile


@pytest.mark.parametrize(
    ("picture", "kind"),
    [(make_noise(2400, 2000), "PNG"), (make_noise(3000, 2500), "JPEG"), (make_noise(1200, 1200, "RGBA"), "PNG")],
    ids=["png", "jpeg", "transparent"],
)
def test_large_ones_become_small_enough(picture: Image.Image, kind: str) -> None:
    fitted = fit_image(save(picture, kind, **({"quality": 98} if kind == "JPEG" else {})), RULES)
    shown = reopen(fitted.content)
    assert len(fitted.content) <= RULES.max_bytes
    assert max(shown.size) <= 2000
    assert shown.size == (fitted.width, fitted.height)
    assert Image.MIME[shown.format or ""] == fitted.mime
    assert abs(shown.width / shown.height - picture.width / picture.height) < 0.02, "the shape stays"
    if picture.mode == "RGBA":
        assert fitted.mime == "image/webp"
        assert "A" in shown.getbands()


def test_transparency_becomes_white_where_only_jpeg_is_taken() -> None:
    picture = Image.new("RGBA", (50, 50), (255, 0, 0, 0))
    fitted = fit_image(save(picture, "PNG"), ImageRules(max_bytes=100_000, mimes=("image/jpeg",)))
    assert fitted.mime == "image/jpeg"
    assert reopen(fitted.content).getpixel((25, 25)) == (255, 255, 255)


@pytest.mark.parametrize("kind", ["TIFF", "BMP", "GIF"])
def test_other_formats_are_converted(kind: str) -> None:
    fitted = fit_image(save(Image.new("P" if kind == "GIF" else "RGB", (50, 40)), kind), RULES)
    assert fitted.mime in RULES.mimes
    assert reopen(fitted.content).size == (50, 40)


def test_an_animation_becomes_its_first_frame_where_it_is_not_taken() -> None:
    frames = [Image.new("RGB", (40, 40), color) for color in ("red", "blue")]
    content = save(frames[0], "GIF", save_all=True, append_images=frames[1:])
    still = reopen(fit_image(content, RULES).content)
    assert getattr(still, "n_frames", 1) == 1
    assert still.convert("RGB").getpixel((5, 5)) == (255, 0, 0)
    kept = fit_image(content, ImageRules(1_000_000, ("image/gif",), animated=True))
    assert kept.content == content


@pytest.mark.parametrize(
    "content",
    [b"", b"GIF89a", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.4", save(make_noise(90, 90))[:900]],
    ids=["empty", "head", "svg", "pdf", "cut"],
)
def test_what_is_no_picture_is_refused(content: bytes) -> None:
    with pytest.raises(ImageRefused) as refused:
        fit_image(content, ImageRules(max_bytes=400))
    assert refused.value.problem.code == "image_unreadable"
    assert refused.value.problem.fix


def test_a_bomb_is_not_opened() -> None:
    content = save(Image.new("1", (12_000, 12_000)), "PNG")
    assert len(content) < 100_000
    with pytest.raises(ImageRefused) as refused:
        fit_image(content, RULES)
    assert refused.value.problem.code == "image_too_many_pixels"
    assert "100 megapixels" in refused.value.problem.text()


def test_what_cannot_become_small_enough_is_refused() -> None:
    with pytest.raises(ImageRefused) as refused:
        fit_image(save(make_noise(900, 900)), ImageRules(max_bytes=1000))
    assert refused.value.problem.code == "image_too_large"


def test_ratios() -> None:
    rules = ImageRules(1, ratios=(0.8, 1.91))
    assert rules.allows_ratio(100, 100)
    assert not rules.allows_ratio(50, 100)
    assert ImageRules(1).allows_ratio(1, 1000)
