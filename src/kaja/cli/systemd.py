"""`kaja service`: Kaja as a service of systemd, which starts it with the machine and again after a crash."""

import os
import pwd
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import click

from kaja.cli.failures import BadSetting, CommandFailed, FolderUnusable
from kaja.config import environment
from kaja.kernel.postgres import write_private

NAME = "kaja"
SYSTEM_UNITS = Path("/etc/systemd/system")
SYSTEM_SETTINGS = Path("/etc/kaja/kaja.env")
SYSTEM_HOME = Path("/var/lib/kaja")
BOOTED = Path("/run/systemd/system")
"""There exactly while systemd runs the machine: sd_booted(3)."""

HOMES = tuple(Path("/", *parts) for parts in (["home"], ["root"], ["run", "user"]))
"""What ProtectHome= hides (systemd.exec(5))."""
# Exit codes that another start cannot fix: a setting, a second Kaja, a taken port, an unusable folder (failures.py).
HOPELESS = "2 3 4 5"

UNIT = """\
# Written by `kaja service install`; written anew by the next one. Settings belong into {settings}.
[Unit]
Description=Kaja, the workplace of a social media team
Wants=network-online.target
After=network-online.target

[Service]
{user}EnvironmentFile=-{settings}
Environment=PYTHONUNBUFFERED=1
ExecStart={command} up
Restart=on-failure
RestartSec=5
RestartPreventExitStatus={hopeless}
# `kaja up` ends its parts in order: calls under way are finished and written.
KillMode=mixed
TimeoutStopSec=60
UMask=0077
LimitNOFILE=65536
NoNewPrivileges=yes
{walls}
[Install]
WantedBy={wanted_by}
"""
# What a user's own systemd may not set up everywhere.
WALLS = """\
PrivateTmp=yes
ProtectSystem=full
ProtectHome={home}
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectControlGroups=yes
RestrictSUIDSGID=yes
LockPersonality=yes
ReadWritePaths={data}
"""


@dataclass(frozen=True)
class Place:
    """Where one kind of service keeps its files, and whose it is. `account` is empty for a person's own service."""

    unit: Path
    settings: Path
    home: Path
    account: str = ""

    @property
    def systemctl(self) -> list[str]:
        return ["systemctl"] if self.account else ["systemctl", "--user"]


def own_place() -> Place:
    """The service of the person who calls: it runs as they do."""
    base = Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config").expanduser()
    return Place(base / "systemd/user" / f"{NAME}.service", base / "kaja/kaja.env", environment.get_home())


def system_place(account: str) -> Place:
    home = Path(os.environ["KAJA_HOME"]) if os.environ.get("KAJA_HOME") else SYSTEM_HOME
    return Place(SYSTEM_UNITS / f"{NAME}.service", SYSTEM_SETTINGS, home, account)


@click.group()
def service() -> None:
    """Start Kaja with the machine, through systemd."""


_system = click.option("--system", is_flag=True, help="For the whole machine (as root); else for you alone.")
_account = click.option("--account", default=NAME, show_default=True, help="With --system: whom it runs as.")


@service.command()
@_system
@_account
@click.option("--print", "only_print", is_flag=True, help="Print the unit, and change nothing.")
def install(system: bool, account: str, only_print: bool) -> None:
    """Write the unit and a file of settings, enable and start it, and say what was done.

    The settings (KAJA_..., DATABASE_URL) that are in your environment now go into that file; one that is there stays.
    """
    place = system_place(account) if system else own_place()
    command = find_command()
    if only_print:
        click.echo(render_unit(place, command), nl=False)
        return
    if system:
        if os.geteuid() != 0:
            raise CommandFailed("--system writes into /etc: call it as root. Without it, the service is yours alone.")
        make_account(place)
        refuse_unreachable(command, account)
    try:
        write_files(place, command)
    except OSError as error:
        raise FolderUnusable(f"{error.filename} cannot be written ({error.strerror}).") from error
    begin(place)


@service.command()
@_system
@_account
def uninstall(system: bool, account: str) -> None:
    """Stop the service and take its unit away; the data and the settings stay."""
    place = system_place(account) if system else own_place()
    if not place.unit.exists():
        raise CommandFailed(f"There is no {place.unit}: nothing to take away.")
    if BOOTED.is_dir():
        _systemctl(place, "disable", "--now", NAME)
    try:
        place.unit.unlink()
    except OSError as error:
        raise FolderUnusable(f"{place.unit} cannot be taken away ({error.strerror}).") from error
    if BOOTED.is_dir():
        _systemctl(place, "daemon-reload")
    click.echo(f"Taken away: {place.unit}. {place.settings} and the data in {place.home} stay.")


def find_command() -> list[str]:
    """How this very installation is called, whatever the PATH will be."""
    beside = Path(sys.executable).with_name("kaja")
    # The interpreter's own path, not what its link points to: the link is what makes it this environment's.
    return [str(beside)] if beside.exists() else [sys.executable, "-m", "kaja"]


def render_unit(place: Place, command: list[str]) -> str:
    """The text of the unit (systemd.service(5), systemd.exec(5))."""
    in_homes = any(Path(each).is_relative_to(homes) for each in (place.home, command[0]) for homes in HOMES)
    walls = WALLS.format(home="no" if in_homes else "yes", data=quote(str(place.home))) if place.account else ""
    return UNIT.format(
        settings=escape(str(place.settings)),
        user=f"User={place.account}\nGroup={place.account}\n" if place.account else "",
        command=" ".join(quote(part) for part in command),
        hopeless=HOPELESS,
        walls=walls,
        wanted_by="multi-user.target" if place.account else "default.target",
    )


def escape(text: str) -> str:
    """systemd reads % as a specifier."""
    return text.replace("%", "%%")


def quote(text: str) -> str:
    """A word of a command line (systemd.syntax(7), Quoting; systemd.service(5), Command lines)."""
    escaped = escape(text).replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    return f'"{escaped}"' if any(letter.isspace() or letter in "\"'\\;$" for letter in text) else escaped


def render_settings(place: Place) -> str:
    """The settings of this environment, as systemd reads them (systemd.exec(5), EnvironmentFile=)."""
    names = sorted(n for n in os.environ if n.startswith("KAJA_") or n == "DATABASE_URL")
    values = {name: os.environ[name] for name in names} | {"KAJA_HOME": str(place.home)}
    lines = ["# Settings of Kaja's service, one NAME=value a line; docs/operations.md lists them."]
    for name, value in values.items():
        if "\n" in value:
            raise BadSetting(f"{name} has more than one line, which a service cannot be given. Fix it first.")
        escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$").replace("`", "\\`")
        lines.append(f'{name}="{escaped}"')
    return "\n".join(lines) + "\n"


def write_files(place: Place, command: list[str]) -> None:
    """Write the unit; the settings only when there are none, because somebody may have changed them."""
    if place.settings.exists():
        click.echo(f"Kept: the settings in {place.settings}.")
    else:
        place.settings.parent.mkdir(parents=True, exist_ok=True)
        write_private(place.settings, render_settings(place))  # they may hold a password
        click.echo(f"Written: the settings, {place.settings} (readable only for its owner).")
    place.unit.parent.mkdir(parents=True, exist_ok=True)
    place.unit.write_text(render_unit(place, command))
    click.echo(f"Written: the unit, {place.unit}.")


def make_account(place: Place) -> None:
    """The system account that the service runs as, and its data folder."""
    try:
        account = pwd.getpwnam(place.account)
    except KeyError:
        command = ["useradd", "--system", "--user-group", "--home-dir", str(place.home), "--shell", "/usr/sbin/nologin"]
        done = subprocess.run([*command, place.account], capture_output=True, text=True, check=False)
        if done.returncode:
            raise CommandFailed(f"The account {place.account} cannot be made: {done.stderr.strip()}") from None
        account = pwd.getpwnam(place.account)
        click.echo(f"Made: the account {place.account}, which nobody can sign in to.")
    if not place.home.exists():
        place.home.mkdir(parents=True, mode=0o700)
        os.chown(place.home, account.pw_uid, account.pw_gid)
        click.echo(f"Made: the data folder {place.home}.")
    elif place.home.stat().st_uid != account.pw_uid:
        raise FolderUnusable(
            f"{place.home} does not belong to {place.account}. Give it to them "
            f"(chown -R {place.account}: {place.home}), or name its owner with --account."
        )


def refuse_unreachable(command: list[str], account: str) -> None:
    """A program in somebody's private folder cannot be started by another account: say so now, not in a log later."""
    reachable = subprocess.run(
        ["setpriv", f"--reuid={account}", f"--regid={account}", "--clear-groups", *command, "--version"],
        capture_output=True,
        check=False,
    )
    if reachable.returncode:
        raise CommandFailed(
            f"{account} cannot start {command[0]}: it stands in a folder that this account may not enter. Install Kaja "
            "where everybody may read it (for example: python3 -m venv /opt/kaja, /opt/kaja/bin/pip install kaja), and "
            "call /opt/kaja/bin/kaja service install --system."
        )


def begin(place: Place) -> None:
    """Enable and start it where systemd runs; else say what to call when it does."""
    words = " ".join(place.systemctl)
    if not BOOTED.is_dir() or shutil.which("systemctl") is None:
        click.echo(
            "systemd does not run this machine, so nothing was started. Where it does, call:\n"
            f"  {words} daemon-reload\n  {words} enable --now {NAME}"
        )
        return
    _systemctl(place, "daemon-reload")
    _systemctl(place, "enable", "--now", NAME)
    click.echo(f"Enabled and started. See it with `{words} status {NAME}`; its log: {_journal(place)}.")
    if not place.account:
        click.echo("It ends when you sign out of the machine, unless an administrator calls: loginctl enable-linger")


def _journal(place: Place) -> str:
    return f"`journalctl {'' if place.account else '--user '}-u {NAME}`"


def _systemctl(place: Place, *arguments: str) -> None:
    done = subprocess.run([*place.systemctl, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip()
        raise CommandFailed(f"{' '.join([*place.systemctl, *arguments])} failed: {said}. The files are written.")
