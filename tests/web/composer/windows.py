"""What a person does on the composer's page."""

import io

from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

from kaja.channels.models import Channel


def picture(number: int = 0, size: tuple[int, int] = (900, 600)) -> bytes:
    image = Image.new("RGB", size, ("#c8553d", "#588b8b", "#f28f3b", "#2d3047", "#93b7be")[number % 5])
    ImageDraw.Draw(image).ellipse((200, 100, 700, 500), fill="#ffd5c2")
    out = io.BytesIO()
    image.save(out, "JPEG")
    return out.getvalue()


def saved(page: Page) -> None:
    expect(page.locator("#save-state")).to_contain_text("Saved")


def choose(page: Page, channel: Channel) -> None:
    page.locator(f'label.chip:has(input[value="{channel.id}"])').click()
