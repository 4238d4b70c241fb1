"""Files of the screen: third-party ones are what their manifest says, icons exist, colours have contrast."""

import hashlib
import json
import re
from pathlib import Path

import pytest

import kaja

SOURCE = Path(kaja.__path__[0])
STATIC = SOURCE / "static"
VENDOR = STATIC / "vendor"
TEMPLATES = [*SOURCE.rglob("*.html"), *SOURCE.rglob("*.txt")]


def test_vendored_files_are_exactly_those_of_the_manifest() -> None:
    manifest = json.loads((VENDOR / "manifest.json").read_text())
    listed = {name: digest for entry in manifest for name, digest in entry["files"].items()}
    found = {
        str(file.relative_to(VENDOR)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in VENDOR.rglob("*")
        if file.is_file() and file.name != "manifest.json"
    }
    assert found == listed
    assert all(entry["version"] and entry["package"].startswith("npm:") for entry in manifest)
    # Every package brings its licence along.
    assert all(any("LICENSE" in name for name in entry["files"]) for entry in manifest)


def test_every_icon_named_in_a_template_exists() -> None:
    sprite = set(re.findall(r'<symbol id="([^"]+)"', (VENDOR / "icons.svg").read_text()))
    used = {}
    for file in TEMPLATES:
        for name in re.findall(r'{% icon "([^"]+)"', file.read_text()):
            used[name] = file.name
    assert len(used) > 20
    assert {name: where for name, where in used.items() if name not in sprite} == {}


def test_no_template_needs_inline_style_or_script() -> None:
    for file in TEMPLATES:
        text = file.read_text()
        assert not re.search(r"\sstyle=|<style|\son[a-z]+=\"|<script>|javascript:", text), file


def test_every_stylesheet_and_script_named_in_a_template_exists() -> None:
    named = {name for file in TEMPLATES for name in re.findall(r'{% static "([^"]+)" %}', file.read_text())}
    assert len(named) > 10
    missing = [name for name in named if not (STATIC / name).exists() and not name.startswith(("mfa/", "account/"))]
    assert missing == []


def test_every_module_that_a_script_imports_exists() -> None:
    imports, missing = 0, []
    for file in STATIC.rglob("*.js"):
        if VENDOR not in file.parents:
            for name in re.findall(r'(?:from|import)\s+"(\.[^"]+)"', file.read_text()):
                imports += 1
                if not (file.parent / name).resolve().is_file():
                    missing.append(f"{file.relative_to(STATIC)}: {name}")
    assert imports > 40
    assert missing == []


def blocks() -> dict[str, dict[str, str]]:
    text = (STATIC / "css/tokens.css").read_text()
    found: dict[str, dict[str, str]] = {}
    for selector, body in re.findall(r"(:root[^{]*){([^}]*)}", text):
        # The first block of a selector draws; later ones only answer the device (motion, fingers).
        found.setdefault(selector.strip(), dict(re.findall(r"(--[\w-]+):\s*([^;]+);", body)))
    return found


LIGHT = blocks()[":root"]
DARK = blocks()[':root[data-theme="dark"]']


def test_both_ways_to_dark_are_the_same_drawing() -> None:
    assert blocks()[':root:not([data-theme="light"])'] == DARK


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    ("text", "ground", "least"),
    [
        *[(text, ground, 4.5) for text in ("ink", "muted") for ground in ("paper", "surface", "sunken", "hover")],
        *[("accent", ground, 4.5) for ground in ("paper", "surface")],
        ("on-accent", "accent", 4.5),
        ("on-accent", "accent-strong", 4.5),
        ("paper", "needs", 4.5),
        *[(state, f"{state}-soft", 4.5) for state in ("planned", "underway", "done", "needs")],
        *[("ink", f"{state}-soft", 4.5) for state in ("planned", "underway", "done", "needs")],
        *[("needs", ground, 4.5) for ground in ("paper", "surface")],
        *[("line-strong", ground, 3.0) for ground in ("paper", "surface")],
        *[("focus", ground, 3.0) for ground in ("paper", "surface", "sunken")],
    ],
)
def test_contrast(theme: str, text: str, ground: str, least: float) -> None:
    tokens = LIGHT if theme == "light" else LIGHT | DARK
    ratio = contrast(tokens[f"--{text}"], tokens[f"--{ground}"])
    assert ratio >= least, f"{text} on {ground} in {theme}: {ratio:.2f}"
