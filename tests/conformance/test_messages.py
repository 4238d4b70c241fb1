"""Every message of a connector, read in the source and in its data: no place of a template without a value."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import kaja.networks

ROOT = Path(kaja.networks.__file__).parent
PLACE = re.compile(r"%\((\w+)\)[.\d]*[sdf]")
NAMES = ("code", "message", "field", "fix", "params", "severity")


QUOTED = ast.Dict([ast.Constant("network"), ast.Constant("answer")], [ast.Constant("")] * 2)
"""What `kit/refusals.py` gives to the problem of a case; tests/networks/kit/test_refusals.py holds that."""


def read_text(node: ast.expr | None) -> str:
    """The literal of a string, or of `gettext_noop("...")`; empty for anything else."""
    if isinstance(node, ast.Call) and node.args and getattr(node.func, "id", "") == "gettext_noop":
        node = node.args[0]
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def list_problems() -> Iterator[tuple[str, dict[str, ast.expr]]]:
    for path in sorted(ROOT.rglob("*.py")):
        calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        quoting = [node.args[0] for node in calls if getattr(node.func, "id", "") == "Case"]
        for node in calls:
            if getattr(node.func, "id", "") == "Problem":
                given = dict(zip(NAMES, node.args, strict=False))
                given |= {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
                if node in quoting and "params" not in given:
                    given["params"] = QUOTED
                yield f"{path.relative_to(ROOT)}:{node.lineno}", given


PROBLEMS = dict(list_problems())


def test_they_are_found() -> None:
    assert len(PROBLEMS) > 50


@pytest.mark.parametrize("place", sorted(PROBLEMS))
def test_every_place_of_a_message_has_a_value(place: str) -> None:
    given = PROBLEMS[place]
    text = read_text(given.get("message")) + read_text(given.get("fix"))
    assert "%" not in PLACE.sub("", text), "a lone percent sign, or another kind of place"
    params = given.get("params")
    if params is None:
        assert not PLACE.search(text)
    elif isinstance(params, ast.Dict):
        names = {key.value for key in params.keys if isinstance(key, ast.Constant)}
        assert set(PLACE.findall(text)) <= names


def list_told() -> Iterator[tuple[str, str, str, set[str]]]:
    """Where a problem of a network's data is told, of which network, its code, and the places that are filled there."""
    for path in sorted(ROOT.glob("*/*.py")):
        tree = ast.parse(path.read_text())
        texts = {
            target.id: node.value.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
        quoting = [argument for node in calls if getattr(node.func, "id", "") == "Case" for argument in node.args]
        for node in calls:
            asked = node.func
            if isinstance(asked, ast.Attribute) and getattr(asked.value, "id", "") == "WORDS" and node.args:
                code = node.args[0]
                named = texts.get(code.id, "") if isinstance(code, ast.Name) else read_text(code)
                filled = {keyword.arg for keyword in node.keywords if keyword.arg}
                quoted = {"network", "answer"} if node in quoting else set()
                yield f"{path.relative_to(ROOT)}:{node.lineno}", path.parent.name, str(named), filled | quoted


TOLD = {place: (network, code, filled) for place, network, code, filled in list_told()}
DATA = {path.parent.name: tomllib.loads(path.read_text())["problems"] for path in sorted(ROOT.glob("*/network.toml"))}


@pytest.mark.parametrize("place", sorted(TOLD))
def test_every_place_of_a_message_in_the_data_has_a_value(place: str) -> None:
    network, code, filled = TOLD[place]
    told = DATA[network][code]
    text = told["message"] + told.get("fix", "")
    assert "%" not in PLACE.sub("", text), "a lone percent sign, or another kind of place"
    assert set(PLACE.findall(text)) <= filled


@pytest.mark.parametrize("network", sorted(DATA))
def test_every_problem_of_the_data_is_told_somewhere(network: str) -> None:
    assert set(DATA[network]) == {code for each, code, _ in TOLD.values() if each == network}
