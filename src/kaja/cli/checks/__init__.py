"""What `kaja doctor` looks at: the machine, the database, the services."""

from collections.abc import Callable, Iterator

from kaja.cli.checks.database import check_database
from kaja.cli.checks.files import check_files
from kaja.cli.checks.findings import Finding, Level
from kaja.cli.checks.installation import check_installation, check_proxy, check_service, check_way_back
from kaja.cli.checks.machine import check_disk, check_home, check_keys, check_python, check_settings, check_zones
from kaja.cli.checks.reach import check_reach
from kaja.cli.checks.services import check_mail, check_outgoing, check_practice, check_static, check_web

CHECKS: tuple[Callable[[], Iterator[Finding]], ...] = (
    check_python,
    check_zones,
    check_installation,
    check_settings,
    check_home,
    check_disk,
    check_files,
    check_keys,
    check_database,
    check_web,
    check_practice,
    check_outgoing,
    check_static,
    check_mail,
    check_service,
    check_proxy,
    check_reach,
    check_way_back,
)


def examine() -> list[Finding]:
    """Run every check. One that fails itself is a finding, not the end of the examination."""
    findings: list[Finding] = []
    for check in CHECKS:
        try:
            findings.extend(check())
        except Exception as error:  # noqa: BLE001 - whatever it was, the operator wants the other findings too
            name = check.__name__.removeprefix("check_")
            findings.append(Finding(name, Level.BROKEN, f"could not be examined: {type(error).__name__}: {error}"))
    return findings


__all__ = ["Finding", "Level", "examine"]
