"""Static files: answered whole under ASGI, and kept for a server that still runs the version before."""

import json
import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

from django.test import AsyncClient

COLLECT = """
import json, sys
from pathlib import Path
import django
django.setup()
from django.conf import settings
settings.STATICFILES_DIRS = [Path(sys.argv[1])]
from kaja.cli.migrate import collect_static
collect_static()
"""


async def test_a_static_file_is_not_streamed() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        answer: Any = await AsyncClient().get("/static/css/tokens.css")
        content = b"".join([part async for part in answer]) if answer.streaming else answer.content
        part = await AsyncClient().get("/static/css/tokens.css", headers={"Range": "bytes=2-5"})
        same = await AsyncClient().get(
            "/static/css/tokens.css", headers={"If-Modified-Since": answer["Last-Modified"], "Range": ""}
        )
    assert (answer.status_code, answer["Content-Type"]) == (200, 'text/css; charset="utf-8"')
    assert int(answer["Content-Length"]) == len(content) > 1000
    assert (part.status_code, part.content) == (206, content[2:6])
    assert (same.status_code, same.content) == (304, b"")


def collect(home: Path, source: Path) -> dict[str, str]:
    """Collect into a data folder; the manifest's names."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("KAJA_", "PYTEST"))}
    environment |= {"KAJA_HOME": str(home), "DJANGO_SETTINGS_MODULE": "kaja.config.settings"}
    done = subprocess.run(
        [sys.executable, "-c", COLLECT, str(source)], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    paths: dict[str, str] = json.loads((home / "static" / "staticfiles.json").read_text())["paths"]
    return paths


def test_an_upgrade_keeps_the_files_of_the_version_that_still_runs(tmp_path: Path) -> None:
    home, source = tmp_path / "home", tmp_path / "source"
    home.mkdir()
    source.mkdir()
    names = []
    for colour in ("red", "green", "blue"):
        (source / "kaja.css").write_text(f"p {{ color: {colour} }}")
        (source / f"only-{colour}.css").write_text("p { }")
        names.append(collect(home, source)["kaja.css"])
        (source / f"only-{colour}.css").unlink()
    assert len(set(names)) == 3
    there = [(home / "static" / name).exists() for name in names]
    assert there == [False, True, True], "the version before stays, older ones go"
    assert (home / "static" / "only-green.css").exists()
    assert not (home / "static" / "only-red.css").exists()
