"""Every kind of record that the connector makes, held against the network's lexicons by its own validators."""

import pytest

from tests.contracts import find_folder
from tests.networks.bluesky.records import list_records
from tests.realnet.servers.bluesky import validate_records
from tests.realnet.setup import cache_folder

pytestmark = pytest.mark.realnet


@pytest.mark.parametrize("source", ["the lexicons of the server's own package", "the official lexicons"])
def test_every_kind_of_record_follows_the_lexicons(source: str) -> None:
    lexicons = find_folder("bluesky/lexicons") if source.startswith("the official") else None
    records = list_records()
    wrong = [{**records[0], "text": "x" * 301}, {**records[0], "createdAt": "yesterday"}]
    answers = validate_records(cache_folder(), lexicons, [*records, *wrong])
    assert answers[: len(records)] == ["ok"] * len(records)
    assert "grapheme" in answers[-2], "the validator does refuse"
    assert "createdAt" in answers[-1], "the validator does refuse"
