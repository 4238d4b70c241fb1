"""A network stands in its own folder: nothing else of the product knows its key or its name."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from kaja.networks.folders import list_folders
from kaja.networks.kit.connector import NetworkInfo
from kaja.networks.registry import CONNECTORS
from tests.house.test_files import show, text_of, tracked

ROOT = Path(__file__).parents[2]
PRODUCT = ROOT / "src" / "kaja"
TRANSLATIONS = PRODUCT / "locale"
WORDS = frozenset({"practice", "threads"})
"""Keys that are English words, too: of these only the uses as a key count."""


def find_mentions(info: NetworkInfo, *folders: Path) -> list[str]:
    """Where the product speaks of a network outside these folders, which are its own."""
    found = []
    for path in tracked():
        if PRODUCT not in path.parents or TRANSLATIONS in path.parents or any(each in path.parents for each in folders):
            continue
        found += [f"{path.relative_to(ROOT)}:{line}" for line in sorted(set(_find_in(path, info)))]
    return found


def _find_in(path: Path, info: NetworkInfo) -> Iterator[int]:
    names = {info.key.casefold(), info.name.casefold()}
    if names & WORDS or len(info.key) < 4:
        yield from _find_as_key(path, info)
        return
    spoken = re.compile("|".join(rf"\b{re.escape(name)}\b" for name in names), re.IGNORECASE)
    yield from (number for number, line in enumerate(text_of(path).splitlines(), 1) if spoken.search(line))


def _find_as_key(path: Path, info: NetworkInfo) -> Iterator[int]:
    """Code that compares with the key, looks something up by it, or gives it a name; pages that are made for it."""
    if path.suffix != ".py":
        drawn = re.compile(rf"[\"']{re.escape(info.key)}[\"']|\.p-{re.escape(info.key)}\b")
        yield from (number for number, line in enumerate(text_of(path).splitlines(), 1) if drawn.search(line))
        return
    for node in ast.walk(ast.parse(text_of(path))):
        asked: list[ast.expr | None] = []
        if isinstance(node, ast.Compare):
            asked = [node.left, *node.comparators]
        elif isinstance(node, ast.Subscript):
            asked = [node.slice]
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            asked = [node.value]
        elif isinstance(node, ast.Call) and node.args and getattr(node.func, "attr", "") == "get":
            asked = [node.args[0]]
        for each in asked:
            inside = ast.walk(each) if isinstance(node, ast.Compare) and each is not None else [each]
            for value in inside:
                if isinstance(value, ast.Constant) and value.value in (info.key, info.name):
                    yield value.lineno


@pytest.mark.parametrize("network", sorted(CONNECTORS))
def test_a_network_is_known_in_its_own_folder_only(network: str) -> None:
    # The practice network is two: the connector, and the service that it speaks to, which is a room of its own.
    found = find_mentions(CONNECTORS[network].info, list_folders()[network], PRODUCT / "practice")
    assert not found, show(found)


def test_a_mention_would_be_found(tmp_path: Path) -> None:
    """The check itself: without its own folder every network is found."""
    for network, connector in CONNECTORS.items():
        assert find_mentions(connector.info), network
    words = NetworkInfo("threads", "Threads", "oauth", ())
    code = 'A = {"threads": 1}\nif network == "threads":\n    b = found["threads"]\nlist(threads=True)\n'
    path = tmp_path / "invented.py"
    path.write_text(code)
    assert list(_find_in(path, words)) == [2, 3]


# Lines of Python. What a network needs beyond this is the kit's; docs/decisions/0026 says why it is so many.
MOST_LINES = 700
LINES = {"bluesky": 840, "mastodon": 908, "practice": 652, "wordpress": 898}
"""Those that are there shrink and do not grow again."""
AUDIENCE = {"reader.py", "incoming.py", "moderator.py", "replies.py", "hooks.py"}
"""What reads and answers an audience is a part of its own, with a bound of its own."""
MOST_FOR_AUDIENCE = 500


def count_lines(paths: list[Path]) -> dict[str, int]:
    return {path.name: len(text_of(path).splitlines()) for path in paths}


@pytest.mark.parametrize("network", sorted(CONNECTORS))
def test_a_connector_says_only_what_is_its_own(network: str) -> None:
    lines = count_lines(sorted(list_folders()[network].rglob("*.py")))
    audience = {name: count for name, count in lines.items() if name in AUDIENCE}
    own = {name: count for name, count in lines.items() if name not in AUDIENCE}
    assert sum(own.values()) <= LINES.get(network, MOST_LINES), own
    assert sum(audience.values()) <= MOST_FOR_AUDIENCE, audience


@pytest.mark.parametrize("network", sorted(CONNECTORS))
def test_every_network_has_its_page_of_the_documentation(network: str) -> None:
    assert (ROOT / "docs" / "networks" / f"{network}.md").exists()


def test_the_key_of_a_network_is_the_name_of_its_folder() -> None:
    assert set(list_folders()) == set(CONNECTORS)
