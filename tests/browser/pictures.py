"""Pictures for the scenes, drawn here, so that nobody else's photograph is needed."""

import io

from PIL import Image, ImageDraw, ImageFilter

PAPER, INK, COFFEE, CRUST = "#efe6d8", "#2f3e46", "#5b3a29", "#c98b4e"
GROUNDS = ("#b9d0cf", "#e8c9a0", "#d9b8a8", "#c7cfb5", "#bfc6d9")


def draw_picture(number: int, size: tuple[int, int] = (1200, 900)) -> bytes:
    """A JPEG: a cup from above, buns on a plate, or a loaf, on one of five grounds."""
    width, height = size
    image = Image.new("RGB", size, GROUNDS[number % len(GROUNDS)])
    draw = ImageDraw.Draw(image)
    for place in range(0, width + height, 140):
        draw.line((place, 0, place - height, height), fill=PAPER, width=3)
    middle = (width // 2, height // 2)
    (_draw_cup, _draw_buns, _draw_loaf)[number % 3](draw, middle, min(size) // 3)
    out = io.BytesIO()
    image.filter(ImageFilter.GaussianBlur(0.8)).save(out, "JPEG", quality=88)
    return out.getvalue()


def _circle(draw: ImageDraw.ImageDraw, at: tuple[int, int], radius: int, fill: str) -> None:
    draw.ellipse((at[0] - radius, at[1] - radius, at[0] + radius, at[1] + radius), fill=fill)


def _draw_cup(draw: ImageDraw.ImageDraw, at: tuple[int, int], radius: int) -> None:
    _circle(draw, at, int(radius * 1.2), "#fbf8f2")
    _circle(draw, at, int(radius * 0.78), INK)
    _circle(draw, at, int(radius * 0.7), COFFEE)
    for step in range(4):
        inset = int(radius * (0.52 - step * 0.12))
        box = (at[0] - inset, at[1] - inset // 2, at[0] + inset, at[1] + inset)
        draw.arc(box, 20, 160, fill="#e9d3b4", width=9)


def _draw_buns(draw: ImageDraw.ImageDraw, at: tuple[int, int], radius: int) -> None:
    _circle(draw, at, int(radius * 1.35), "#6d8ea0")
    _circle(draw, at, int(radius * 1.2), "#8fb0bf")
    for column in (-1, 0, 1):
        for row in (-1, 1):
            place = (at[0] + int(column * radius * 0.66), at[1] + int(row * radius * 0.36))
            _circle(draw, place, int(radius * 0.33), CRUST)
            _circle(draw, place, int(radius * 0.2), "#e2b27a")
            _circle(draw, place, int(radius * 0.08), COFFEE)


def _draw_loaf(draw: ImageDraw.ImageDraw, at: tuple[int, int], radius: int) -> None:
    box = (at[0] - int(radius * 1.5), at[1] - int(radius * 0.7), at[0] + int(radius * 1.5), at[1] + int(radius * 0.7))
    draw.rounded_rectangle(box, radius // 2, fill=COFFEE)
    inner = (box[0] + 18, box[1] + 14, box[2] - 18, box[3] - 26)
    draw.rounded_rectangle(inner, radius // 2, fill=CRUST)
    for step in range(-2, 3):
        x = at[0] + int(step * radius * 0.5)
        draw.line((x - 40, at[1] + radius // 3, x + 40, at[1] - radius // 3), fill="#f1dcbb", width=16)
