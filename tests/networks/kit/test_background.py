"""Files that a network looks at in its own time: waited for, sent again, told apart when a post was refused."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from kaja.networks.kit import background
from kaja.networks.kit.background import Background
from kaja.networks.kit.content import Media, Outgoing
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.guards import Failed
from kaja.networks.kit.http import Session
from kaja.networks.kit.outcome import reconnect_problem, refused_problem, target_gone
from kaja.networks.kit.results import Later, NeedsReconnect, Rejected
from kaja.networks.kit.steps import Sending

FACTS = Facts("1", "@kohvik", "Kohvik")
GONE, ODD = Failed(Rejected(target_gone("Some"))), Failed(Rejected(refused_problem("Some", "odd")))
CLOSED = Failed(NeedsReconnect(reconnect_problem("Some")))
FRESH = datetime.now(UTC).isoformat()
OLD = (datetime.now(UTC) - timedelta(hours=13)).isoformat()


class Network:
    """Says of each file in turn whether it is ready, or fails; numbers what it is sent."""

    def __init__(self, *states: bool | Failed) -> None:
        self.states = list(states)
        self.sent = 0
        self.files = Background("Some", self._send, self._is_ready, kept=timedelta(hours=12))

    async def _send(self, media: Media, facts: Facts, session: Session) -> tuple[str, bool]:
        self.sent += 1
        return f"new-{self.sent}", False

    async def _is_ready(self, number: str, session: Session) -> bool:
        state = self.states.pop(0)
        if isinstance(state, Failed):
            raise state
        return state


def make_sending(files: Sequence[dict[str, object]], stage: str = "prepare") -> Sending:
    media = tuple(Media(f"m{number}", "image", "image/png", 1, 1, 1) for number in range(max(len(files), 1)))
    noted = {"media": {f"m{number}": each for number, each in enumerate(files)}}
    return Sending(stage, Outgoing("post", "0" * 32, datetime.now(UTC), "x", media), noted, FACTS, Session())


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "POLL_SECONDS", 0.0)
    monkeypatch.setattr(background, "POLLS", 2)


async def test_a_file_is_sent_and_what_it_is_there_is_kept() -> None:
    noted = await Network().files.upload(make_sending([], "media-0"))
    [taken] = noted.checkpoint["media"].values()
    assert (taken["id"], taken["ready"]) == ("new-1", False)
    assert datetime.fromisoformat(taken["at"]) <= datetime.now(UTC)


@pytest.mark.parametrize(
    ("taken", "states", "number", "sent"),
    [
        ({"id": "1", "ready": True, "at": FRESH}, [], "1", 0),
        ({"id": "1", "ready": False, "at": FRESH}, [False, True], "1", 0),
        ({"id": "1", "ready": True, "at": OLD}, [True], "new-1", 1),
        ({"id": "1", "ready": True, "at": FRESH, "gone": True}, [True], "new-1", 1),
    ],
)
async def test_files_are_waited_for_and_sent_again(
    taken: dict[str, object], states: list[bool], number: str, sent: int
) -> None:
    network = Network(*states)
    ready = await network.files.make_ready(make_sending([taken]))
    assert (ready["m0"]["id"], ready["m0"]["ready"], network.sent, network.states) == (number, True, sent, [])


@pytest.mark.parametrize(
    ("states", "kind", "code"),
    [
        ([False, False], Later, "processing"),
        ([ODD], Rejected, "media_unreadable"),
        ([GONE], Rejected, "target_gone"),
        ([CLOSED], NeedsReconnect, "needs_reconnect"),
    ],
)
async def test_what_does_not_become_ready_is_told(states: list[bool | Failed], kind: type, code: str) -> None:
    with pytest.raises(Failed) as failed:
        await Network(*states).files.make_ready(make_sending([{"id": "1", "ready": False, "at": FRESH}]))
    assert (type(failed.value.result), failed.value.problem.code) == (kind, code)


async def test_an_edit_sends_only_what_is_new() -> None:
    network = Network(True)
    sending = make_sending([{}, {}])
    filled = await network.files.fill(sending.outgoing.media, {"m0": "7"}, FACTS, Session())
    assert [(each["id"], each["ready"]) for each in filled.values()] == [("7", True), ("new-1", True)]
    assert network.sent == 1


async def test_after_a_refusal_it_is_known_which_files_are_lost() -> None:
    files: list[dict[str, object]] = [{"id": str(number), "ready": True} for number in range(4)]
    lost = await Network(True, False, GONE, ODD).files.find_lost(make_sending(files))
    assert lost == {"m1": {"id": "1", "ready": False}, "m2": {"id": "2", "ready": True, "gone": True}}
    with pytest.raises(Failed):
        await Network(CLOSED).files.find_lost(make_sending(files[:1]))
