"""The screenshots that a reviewer looks through: `screenshots-review/LANE/index.html`."""

import html
import os
import shutil
from pathlib import Path

from playwright.sync_api import Page

# Lanes run at the same time.
FOLDER = Path(__file__).resolve().parents[2] / "screenshots-review" / os.environ.get("KAJA_TEST_LANE", "by-hand")


class Album:
    """Pictures by scene and page; `close` writes the page that shows them."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self.folder = folder
        self.pictures: dict[str, list[str]] = {}
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)

    def keep(self, page: Page, place: str, view: str) -> None:
        """A picture of what the window shows."""
        name = f"{place}--{view}.png"
        page.screenshot(path=str(self.folder / name), animations="disabled")
        self.pictures.setdefault(place, []).append(name)

    def close(self) -> None:
        rows = []
        for place, names in sorted(self.pictures.items()):
            shown = "".join(
                f'<figure><a href="{name}"><img src="{name}" alt="" loading="lazy"></a>'
                f"<figcaption>{html.escape(name.partition('--')[2].removesuffix('.png'))}</figcaption></figure>"
                for name in names
            )
            rows.append(f'<h2 id="{place}">{place}</h2><div>{shown}</div>')
        style = (
            "body{font:15px sans-serif;margin:2rem;background:#888;color:#000}div{display:flex;flex-wrap:wrap;gap:1rem}"
            "figure{margin:0}img{height:320px;border:1px solid #444}figcaption{font-size:12px}"
        )
        index = "".join(f'<li><a href="#{place}">{place}</a></li>' for place in sorted(self.pictures))
        (self.folder / "index.html").write_text(
            f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Kaja, every page</title>'
            f"<style>{style}</style><h1>Kaja, every page</h1><ul>{index}</ul>{''.join(rows)}</html>"
        )
