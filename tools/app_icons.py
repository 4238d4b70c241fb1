"""The icons of the installed application, drawn from the favicon: `.venv/bin/python -m tools.app_icons` writes them.

`any` is the favicon itself; what the device cuts into a shape of its own (`maskable`, Apple's) has paper to its edges
and the mark within the middle four fifths (W3C, Web App Manifest, “safe zone”, read 2026-11-30); a badge is the mark
alone.
"""

import re
from pathlib import Path

import vl_convert

STATIC = Path(__file__).resolve().parents[1] / "src" / "kaja" / "static"
FOLDER = STATIC / "app"
PAPER = "#f8f6f1"
SAFE = 0.72
"""How large the mark is drawn there."""
ICONS = {
    "icon-192.png": (192, "any"),
    "icon-512.png": (512, "any"),
    "maskable-192.png": (192, "cut"),
    "maskable-512.png": (512, "cut"),
    "apple-180.png": (180, "cut"),
    "badge-96.png": (96, "badge"),
}


def draw(side: int, kind: str) -> bytes:
    """A PNG of `side` pixels."""
    favicon = (STATIC / "favicon.svg").read_text()
    found = re.search(r"<rect[^>]*/>(.*)</svg>", favicon, re.DOTALL)
    assert found, "the favicon is a rectangle and a mark"
    ink = "#ffffff" if kind == "badge" else "#2b4bb8"
    paths = f'<g fill="none" stroke="{ink}" stroke-width="2.25" stroke-linecap="round">{found[1]}</g>'
    if kind == "cut":
        gap = 12 * (1 - SAFE)
        smaller = f'<g transform="translate({gap} {gap}) scale({SAFE})">{paths}</g>'
        paths = f'<rect width="24" height="24" fill="{PAPER}"/>{smaller}'
    elif kind == "any":
        paths = f'<rect width="24" height="24" rx="5" fill="{PAPER}"/>{paths}'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="{side}" height="{side}" viewBox="0 0 24 24">{paths}</svg>'
    return bytes(vl_convert.svg_to_png(svg, scale=1.0))


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, (side, kind) in ICONS.items():
        (FOLDER / name).write_bytes(draw(side, kind))
