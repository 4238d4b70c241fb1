"""No post and no answer lost, none sent twice, none stuck: workers killed and stopped, the database restarted, answers
dropped."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.storm import PACE, Storm
from tests.chaos.world import World
from tests.thorough import times

POSTS, REPLIES, ACTS = 2_100, times(420, at_night=2_100), 100


@pytest.fixture
def world() -> Iterator[World]:
    folder = Path(tempfile.mkdtemp(prefix="kaja-chaos-"))
    world = World(folder, PACE)
    yield world
    world.close()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.chaos
def test_a_storm_loses_doubles_and_strands_nothing(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    storm = Storm(world, seed=20261122, posts=POSTS, channels=120, seconds=75, replies=REPLIES, acts=ACTS)
    count = storm.run(limit=1500)
    with capsys.disabled():
        print(f"\nchaos: {count.report()}")
    assert count.duplicates == []
    assert count.lost == []
    assert count.shared == []
    assert count.twins > (POSTS + REPLIES) // 10
    assert count.stuck == []
    assert count.wrong == []
    assert count.untold == []
    assert count.sent + len(count.left_to_a_person) == POSTS + REPLIES
    assert count.done == ACTS
    assert count.share >= 0.14
    kinds = [name for name in count.events if name.startswith("killed at ")]
    assert len(kinds) >= 5, count.events
    assert count.events["stopped beyond the lease"] >= 3
