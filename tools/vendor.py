"""Fetch the third-party files of the screen from npm into `src/kaja/static/vendor`, and record what came.

Run it by hand to change a version or to add an icon (a name in `tools/icons.txt`): `python tools/vendor.py`.
npm itself checks each package against the registry's checksum; the manifest holds what a test compares later.
"""

import hashlib
import json
import re
import subprocess
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENDOR = ROOT / "src/kaja/static/vendor"
ICONS = ROOT / "tools/icons.txt"

PACKAGES = {
    "htmx.org": "4.0.1",
    "@fontsource-variable/inter": "5.3.0",
    "lucide-static": "1.62.0",
    "emojibase-data": "17.0.0",
}
FILES = {
    "htmx.org": {"dist/htmx.min.js": "htmx.min.js", "LICENSE": "htmx.LICENSE"},
    "@fontsource-variable/inter": {
        "files/inter-latin-wght-normal.woff2": "inter-latin.woff2",
        "files/inter-latin-ext-wght-normal.woff2": "inter-latin-ext.woff2",
        "files/inter-cyrillic-wght-normal.woff2": "inter-cyrillic.woff2",
        "LICENSE": "inter.LICENSE",
    },
    "lucide-static": {"LICENSE": "lucide.LICENSE"},
    "emojibase-data": {"LICENSE": "emojibase.LICENSE"},
}
LANGUAGES = ("en", "ru", "et", "zh-hant")
NEWEST_EMOJI = 15  # Unicode version; newer ones are empty boxes on many readers' devices
PARTS = 2  # the group of skin tones and hair, which do not stand alone


def fetch(package: str, version: str, folder: Path) -> Path:
    """Unpack one npm package and return its folder."""
    name = subprocess.run(
        ["npm", "pack", "--silent", f"{package}@{version}"], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.split()[-1]
    with tarfile.open(folder / name) as archive:
        archive.extractall(folder / package, filter="data")
    return folder / package / "package"


def render_sprite(lucide: Path) -> str:
    """One SVG file with a symbol for each listed icon."""
    symbols = []
    for name in ICONS.read_text().split():
        svg = (lucide / "icons" / f"{name}.svg").read_text()
        body = re.search(r"<svg[^>]*>(.*)</svg>", svg, re.DOTALL)
        if body is None:
            raise SystemExit(f"{name}: no <svg> in the package")
        inner = re.sub(r"\s+", " ", body.group(1)).strip()
        symbols.append(
            f'<symbol id="{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" '
            f'stroke-linecap="round" stroke-linejoin="round">{inner}</symbol>'
        )
    return '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"


def render_emoji(data: Path, language: str) -> str:
    """Emoji in the usual order, each with its name and the words that find it: CLDR's in the language, and English."""
    names = {each["hexcode"]: each["label"] for each in json.loads((data / "en/data.json").read_text())}
    chosen = [
        each
        for each in json.loads((data / language / "data.json").read_text())
        if each.get("group", PARTS) != PARTS and each["version"] <= NEWEST_EMOJI
    ]
    rows = []
    for each in sorted(chosen, key=lambda each: each["order"]):
        label = each["label"].lower()
        words = {*each.get("tags", []), *([] if language == "en" else [names[each["hexcode"]]])}
        rows.append([each["emoji"], label, " ".join(sorted(word.lower() for word in words))])
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":")) + "\n"


def main() -> None:
    """Fetch, copy, and write `manifest.json`."""
    VENDOR.mkdir(parents=True, exist_ok=True)
    manifest = []
    with tempfile.TemporaryDirectory() as temporary:
        for package, version in PACKAGES.items():
            source = fetch(package, version, Path(temporary))
            written = []
            for inside, name in FILES[package].items():
                data = (source / inside).read_bytes()
                # A source map is not shipped, so the browser must not be told to ask for it.
                data = re.sub(rb"\n//# sourceMappingURL=\S+\s*$", b"\n", data) if name.endswith(".js") else data
                (VENDOR / name).write_bytes(data)
                written.append(name)
            if package == "lucide-static":
                (VENDOR / "icons.svg").write_text(render_sprite(source))
                written.append("icons.svg")
            if package == "emojibase-data":
                for language in LANGUAGES:
                    (VENDOR / f"emoji-{language}.json").write_text(render_emoji(source, language))
                    written.append(f"emoji-{language}.json")
            files = {name: hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() for name in sorted(written)}
            manifest.append({"name": package, "version": version, "package": f"npm:{package}", "files": files})
    (VENDOR / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")


if __name__ == "__main__":
    main()
