"""Names follow the grammar of CONTRIBUTING.md, so that a reader knows from a name what a call does."""

import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

KAJA = Path(__file__).resolve().parents[2] / "src/kaja"

CONTRIBUTING = Path(__file__).resolve().parents[2] / "CONTRIBUTING.md"


def read_verbs(kind: str) -> frozenset[str]:
    found = re.search(rf"^{kind}: ([a-z\s]+)\.$", CONTRIBUTING.read_text(), re.MULTILINE)
    assert found, f"CONTRIBUTING.md names no verbs for {kind}"
    return frozenset(found[1].split())


READS = read_verbs("Reading")
VERBS = READS | read_verbs("Doing")

NOUNS = {
    "kaja.channels.queries.channel_order",  # columns to order by
    "kaja.kernel.clock.now",
    "kaja.kernel.ids.new_id",
    "kaja.kernel.jobs.job",  # a decorator
    "kaja.kernel.loops.telling",  # a context
    "kaja.kernel.problems.gettext_noop",  # the library's own word, which its tools look for
    "kaja.kernel.problems.pgettext_noop",
    "kaja.workspaces.actions.signing_up.one_by_one",  # a context
}
"""Names that are what they are everywhere."""

PERSONS = {"actor", "user", "member"}
"""Who does it: the first argument of an action that a page, the API or the command line calls."""


@dataclass(frozen=True)
class Function:
    module: str
    name: str
    node: ast.FunctionDef | ast.AsyncFunctionDef

    @property
    def path(self) -> str:
        return f"{self.module}.{self.name}"

    @property
    def room(self) -> str:
        return self.module.split(".")[1]

    @property
    def first(self) -> str:
        arguments = [*self.node.args.posonlyargs, *self.node.args.args]
        return arguments[0].arg if arguments else ""


@cache
def find_modules() -> dict[str, ast.Module]:
    found = {}
    for file in sorted(KAJA.rglob("*.py")):
        if "migrations" not in file.parts:
            parts = file.relative_to(KAJA).with_suffix("").parts
            found[".".join(("kaja", *parts)).removesuffix(".__init__")] = ast.parse(file.read_text())
    return found


@cache
def find_functions() -> dict[str, Function]:
    return {
        f"{module}.{node.name}": Function(module, node.name, node)
        for module, tree in find_modules().items()
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_")
    }


@cache
def find_callers() -> dict[str, frozenset[str]]:
    """The rooms that use a function of another room, by the function's path."""
    known = find_functions()
    callers: dict[str, set[str]] = {}
    for module, tree in find_modules().items():
        room = module.split(".")[1] if "." in module else ""
        names: dict[str, str] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
        paths = set(names.values())
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in names:
                paths.add(f"{names[node.value.id]}.{node.attr}")
        for path in paths & known.keys():
            if known[path].room != room:
                callers.setdefault(path, set()).add(room)
    return {path: frozenset(rooms) for path, rooms in callers.items()}


def follows_grammar(name: str) -> bool:
    """A verb, or what it gives of its argument: `facts_of(channel)`, `to_plain(picture)`."""
    first, _, rest = name.partition("_")
    return first in VERBS or first == "to" or "_of" in f"{name}_"[len(first) :] or (first == "could" and bool(rest))


def test_a_public_function_begins_with_a_verb() -> None:
    """Public is what another room calls."""
    called = {path: find_functions()[path] for path in find_callers()}
    assert len(called) > 200, "the callers were not found"
    wrong = [path for path, function in called.items() if not follows_grammar(function.name) and path not in NOUNS]
    assert not [path for path in wrong if not path.endswith(".main")]


def test_every_exception_is_still_needed() -> None:
    assert find_functions().keys() >= NOUNS
    assert not [path for path in NOUNS if follows_grammar(path.rpartition(".")[2])]


def test_an_action_says_first_who_does_it() -> None:
    """What changes something for a person names the person, so that nobody forgets to ask what they may."""
    wrong = [
        path
        for path, rooms in find_callers().items()
        if ".actions" in path
        and path not in NOUNS
        and rooms & {"web", "api", "cli"}
        and find_functions()[path].name.split("_")[0] not in READS
        and find_functions()[path].first not in PERSONS
    ]
    assert not wrong


@pytest.mark.parametrize("kind", ["queries", "policy"])
def test_who_only_reads_says_so(kind: str) -> None:
    """Queries and policies change nothing: their names begin with what only reads."""
    called = [find_functions()[path] for path in find_callers() if path not in NOUNS]
    found = [each for each in called if kind in each.module.split(".")]
    assert found
    assert not [each.path for each in found if each.name.split("_")[0] not in READS and "_of" not in each.name]


@pytest.mark.parametrize("word", ["utils", "helpers", "manager", "service", "misc", "common"])
def test_no_module_is_called_what_says_nothing(word: str) -> None:
    assert not [module for module in find_modules() if word in module.split(".")]
