"""Open dialogs, menus and unfolded parts: axe-core finds nothing in them either, and nothing sticks out."""

from typing import Any

import pytest

from tests.browser.album import Album
from tests.browser.conftest import OpenWindow, Watched
from tests.browser.layers import LAYERS, Layer, open_layer
from tests.browser.looking import LARGE, NIGHT, judge


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.name)
def test_layer(open_window: OpenWindow, album: Album, scenes: dict[str, Any], layer: Layer, console: Watched) -> None:
    for pattern in layer.allow:
        console.allow(pattern)
    wrong: list[str] = []
    for view in (LARGE, NIGHT):
        if view.width not in layer.widths:
            continue
        page = open_window(
            scenes["cookies"]["en"],
            viewport={"width": view.width, "height": view.height},
            color_scheme=view.theme,
            has_touch=view.width == 390,
        )
        open_layer(page, layer, scenes["three"])
        wrong += judge(page, album, f"layer-{layer.name}", "three", view, layer.root)
    assert wrong == [], "\n".join(wrong)
