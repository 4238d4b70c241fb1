"""Every kind of record that the connector makes, held against the official lexicons by the network's own validator."""

import os
from pathlib import Path

import pytest

from tests.networks.bluesky.records import list_records
from tests.realnet.servers.bluesky import validate_records
from tests.realnet.setup import cache_folder

pytestmark = pytest.mark.realnet

LEXICONS = (Path(os.environ.get("KAJA_CONTRACTS", "../shared/contracts")) / "bluesky" / "lexicons").absolute()


def test_every_kind_of_record_follows_the_official_lexicons() -> None:
    assert LEXICONS.is_dir(), "the official lexicons are in KAJA_CONTRACTS"
    records = list_records()
    answers = validate_records(cache_folder(), LEXICONS, [*records, {**records[0], "text": "x" * 301}])
    assert answers[:-1] == ["ok"] * len(records)
    assert "graphemes" in answers[-1], "the validator does refuse"
