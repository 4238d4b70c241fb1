"""The tree of errors in the documentation is the one in the code."""

import ast
import importlib
import re
from pathlib import Path

from kaja.networks.kit import answers, egress, http, pool, proxies, wire

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/networks/http.md").read_text()
CARRYING = {"HostRefused", "NotSent", "AnswerLost"}


def codes_of(module: object) -> set[str]:
    """Codes of the problems that a module of the door makes."""
    source = Path(str(module.__file__)).read_text()  # type: ignore[attr-defined]
    found = set()
    for call in ast.walk(ast.parse(source)):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "Problem":
            code = call.args[0]
            if isinstance(code, ast.Constant):
                found.add(str(code.value))
            else:
                assert isinstance(code, ast.Name)
                found.add(getattr(module, code.id))
    return found


def test_every_code_of_the_door_is_explained() -> None:
    made = set().union(*(codes_of(module) for module in (egress, pool, proxies, wire, http, answers)))
    rows = re.findall(r"^\| (\w*) *\| `(\w+)` \| (.+) \|$", PAGE, re.MULTILINE)
    assert {code for _, code, _ in rows} == made
    assert len(rows) == len(made)
    assert {error for error, _, _ in rows if error} == CARRYING


def test_the_tree_is_that_of_the_classes() -> None:
    tree = set(re.findall(r"^[├└]── (\w+)", PAGE, re.MULTILINE))
    assert tree == {error.__name__ for error in egress.TransportError.__subclasses__()} == CARRYING
    for name in re.findall(r"`(\w+)\.py`", PAGE):
        importlib.import_module(f"kaja.networks.kit.{name}")
