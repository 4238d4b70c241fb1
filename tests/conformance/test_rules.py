"""The pure half of the contract, for every registered connector."""

import copy
import re
from collections.abc import Iterable
from importlib import import_module
from importlib.util import find_spec

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kaja.kernel.problems import Problem
from kaja.networks.kit.connector import is_drawing_on
from kaja.networks.kit.content import LinkCard, Media, Part
from kaja.networks.registry import CONNECTORS
from tests.conformance.description import Description
from tests.needed import needs


def find_description(network: str) -> Description:
    """Beside this suite, or with the network itself, for one that is not in the product."""
    beside = f"tests.conformance.{network}"
    described = import_module(beside if find_spec(beside) else f"kaja.networks.{network}.described").DESCRIPTION
    assert isinstance(described, Description)
    return described


DESCRIPTIONS = {name: find_description(name) for name in CONNECTORS}
every_network = pytest.mark.parametrize("network", sorted(CONNECTORS))
PICTURE = Media("k", "image", "image/png", 1000, 10, 10)
WORDS = st.sampled_from(
    [
        "Echo",
        "эхо",
        "kaja",
        "回聲",
        "👩‍👩‍👧",
        "#tag",
        "@a.example",
        "https://example.org/a_(b)?c=d",
        "e\u0301",
        ".",
        "!",
        "\n",
        "\n\n",
    ]
)
TEXTS = st.lists(WORDS, max_size=400).map(" ".join)


def find_errors(problems: Iterable[Problem]) -> list[Problem]:
    return [problem for problem in problems if problem.severity == "error"]


@every_network
@pytest.mark.parametrize(("width", "height"), [(60_000, 300), (300, 60_000)])
def test_a_panorama_that_becomes_a_stripe_is_said(network: str, width: int, height: int) -> None:
    described = DESCRIPTIONS[network]
    panorama = Media("k", "image", "image/png", 1_000_000, width, height, "All around")
    draft = described.make_draft("x", parts=(Part("x", (panorama,)),))
    [said] = [p for p in described.connector.rules.check(draft, described.facts) if p.code == "image_thin"]
    assert said.severity == "warning"
    assert said.field == "parts.0.media.0"
    assert said.params["times"] == 200
    assert min(int(said.params["width"]), int(said.params["height"])) < 30
    usual = described.make_draft("x", parts=(Part("x", (Media("k", "image", "image/png", 1, 6000, 900, "x"),)),))
    assert "image_thin" not in [p.code for p in described.connector.rules.check(usual, described.facts)]


@every_network
def test_is_registered_under_its_own_key(network: str) -> None:
    info = CONNECTORS[network].info
    assert info.key == network
    assert info.connect == "oauth" or info.form, "a form has fields"
    names = [field.name for field in info.form] + [field.name for field in info.options]
    assert len(names) == len(set(names))
    assert all(field.label for field in info.form)
    assert all(field.label for field in info.options)
    for option in info.options:
        assert (option.kind == "choice") == bool(option.choices)


@every_network
def test_there_is_a_way_to_connect(network: str) -> None:
    connector = CONNECTORS[network]
    assert (connector.consent is not None) or connector.info.connect == "form"
    assert hasattr(connector.accounts, "connect") == (connector.info.connect == "form")
    assert bool(connector.info.consent_button) == (connector.consent is not None)
    assert len({slot.key for slot in connector.info.apps}) == len(connector.info.apps)
    assert connector.consent is not None or not connector.info.apps


@every_network
def test_exactly_one_stage_is_irreversible(network: str) -> None:
    described = DESCRIPTIONS[network]
    card = LinkCard("https://example.org/", "T", "D", PICTURE)
    for fields in ({}, {"media": (PICTURE, PICTURE)}, {"link_card": card}, {"text": "@a.example"}, {"kind": "comment"}):
        stages = needs(described.connector.publisher).stages(described.make_outgoing(**fields), described.facts)
        assert [stage.irreversible for stage in stages].count(True) == 1, fields
        assert len({stage.name for stage in stages}) == len(stages)


@every_network
def test_a_budget_of_its_own_holds_back_only_what_draws_on_it(network: str) -> None:
    info = CONNECTORS[network].info
    assert is_drawing_on(info, "any other", media=False), "a budget that nobody named counts for every post"
    for bucket, uses in info.quota_uses.items():
        assert uses
        assert not is_drawing_on(info, bucket, media=False)
        assert is_drawing_on(info, bucket, media=True) == ("media" in uses)


@every_network
def test_check_names_the_field_and_the_fix(network: str) -> None:
    described = DESCRIPTIONS[network]
    assert described.invalid
    for case in described.invalid:
        problems = described.connector.rules.check(case.draft, described.facts)
        found = [problem for problem in find_errors(problems) if problem.field == case.field]
        assert case.code in [problem.code for problem in found], (case, problems)
        assert all(problem.fix for problem in found)


@every_network
def test_check_has_no_memory(network: str) -> None:
    described = DESCRIPTIONS[network]
    for draft in (described.make_draft("Fine"), *(case.draft for case in described.invalid)):
        before = copy.deepcopy((draft.parts, dict(draft.options), dict(described.facts.limits)))
        assert described.connector.rules.check(draft, described.facts) == described.connector.rules.check(
            draft, described.facts
        )
        assert before == (draft.parts, dict(draft.options), dict(described.facts.limits))


@every_network
def test_a_plain_post_is_fine(network: str) -> None:
    described = DESCRIPTIONS[network]
    assert not find_errors(described.connector.rules.check(described.make_draft("Fine"), described.facts))


@every_network
def test_problems_can_be_read(network: str) -> None:
    """No place of a template is left unfilled, in the message or in the fix."""
    described = DESCRIPTIONS[network]
    drafts = [case.draft for case in described.invalid]
    drafts.append(described.make_draft("", parts=(Part("x" * 300_000, (PICTURE,) * 60),)))
    problems = [problem for draft in drafts for problem in described.connector.rules.check(draft, described.facts)]
    assert problems
    for problem in problems:
        for template in (problem.message, problem.fix):
            assert "%(" not in (template % problem.params if problem.params else template), problem
        assert re.fullmatch(r"[a-z][a-z0-9_]*", problem.code)


@every_network
@settings(max_examples=60, deadline=None)
@given(text=TEXTS)
def test_count_agrees_with_check(network: str, text: str) -> None:
    described = DESCRIPTIONS[network]
    draft = described.make_draft(f"a{text}")
    count = described.connector.rules.count(draft.parts[0].text, described.facts, draft.options)
    errors = find_errors(described.connector.rules.check(draft, described.facts))
    assert (count.used > count.limit) == any(problem.field == "parts.0.text" for problem in errors), (count, errors)


@every_network
@settings(max_examples=60, deadline=None)
@given(text=TEXTS)
def test_split_parts_pass_check_and_lose_nothing(network: str, text: str) -> None:
    described = DESCRIPTIONS[network]
    parts = described.connector.rules.split(text, described.facts)
    assert re.sub(r"\s", "", "".join(parts)) == re.sub(r"\s", "", text)
    assert all(part.strip() for part in parts)
    for part in parts:
        assert not find_errors(described.connector.rules.check(described.make_draft(part), described.facts))


@every_network
@settings(max_examples=60, deadline=None)
@given(text=TEXTS)
def test_segments_show_the_text(network: str, text: str) -> None:
    described = DESCRIPTIONS[network]
    segments = described.connector.rules.segments(text, described.facts)
    assert re.sub(r"\s", "", "".join(segment.text for segment in segments)) == re.sub(r"\s", "", text)
    for segment in segments:
        assert segment.text
        assert segment.kind == "text" or segment.href.startswith(("https://", "http://")) or segment.kind != "link"
