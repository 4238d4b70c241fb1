"""Whether a channel still works: asked every six hours, of one in trouble every quarter of an hour."""

from datetime import timedelta

from kaja.channels.checking import inspect_account, keep_finding
from kaja.channels.models import Health
from kaja.networks.kit.connector import Connector
from kaja.reading.topics import Answer, Asked

WHAT = "channel.health"
CHECK_EVERY = timedelta(hours=6)
CHECK_TROUBLED_EVERY = timedelta(minutes=15)


class HealthTopic:
    """A look at the account that also brings its limits, permissions and budgets."""

    what = WHAT
    on_broken = True
    share: float | None = None
    spread: float | None = CHECK_EVERY.total_seconds()

    def is_for(self, connector: Connector) -> bool:
        return True

    async def ask(self, asked: Asked) -> Answer:
        finding = await inspect_account(asked.connector, asked.session)

        def keep() -> None:
            keep_finding(asked.row.channel_id, finding, asked.session, asked.row.health)

        troubled = finding.health == Health.UNREACHABLE or (
            finding.health == Health.RECONNECT and asked.row.health != Health.RECONNECT
        )
        every = CHECK_TROUBLED_EVERY if troubled else CHECK_EVERY
        return Answer(every.total_seconds(), keep=keep)
