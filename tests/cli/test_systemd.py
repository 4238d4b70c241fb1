"""`kaja service`: what it writes is what systemd reads, and it says what it did."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from kaja.cli.failures import FolderUnusable
from kaja.cli.systemd import Place, make_account, quote, render_unit
from tests.cli.conftest import Installation
from tests.system import find_program

pytestmark = pytest.mark.alone


def verify(unit: Path) -> str:
    """What systemd's own reader says against a unit; empty when it is content."""
    command = [find_program("systemd-analyze"), "--man=no", "verify", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    # Other units of this machine are read along; only what is said of ours counts.
    return "\n".join(line for line in done.stderr.splitlines() if unit.name in line or "kaja" in line)


@pytest.fixture
def config(installation: Installation, tmp_path: Path) -> Path:
    folder = tmp_path / "my config"
    installation.settings["XDG_CONFIG_HOME"] = str(folder)
    return folder


def test_install_writes_a_unit_that_systemd_reads_and_says_what_to_do(installation: Installation, config: Path) -> None:
    installation.settings["KAJA_MAIL_FROM"] = 'The "Café" <news@kaja.test> 100% $HOME'
    done = installation.kaja("service", "install")
    assert done.returncode == 0, done.stderr
    unit, settings = config / "systemd/user/kaja.service", config / "kaja/kaja.env"
    for path in (unit, settings):
        assert f"{path}" in done.stdout
    # No systemd runs in a container: then the way to start it by hand stands there.
    assert Path("/run/systemd/system").is_dir() or "systemctl --user enable --now kaja" in done.stdout
    assert verify(unit) == ""
    assert settings.stat().st_mode & 0o777 == 0o600, "it may hold a password"
    # A shell reads these lines as systemd does: double quotes, backslashes.
    read = subprocess.run(["sh", "-c", f'. "{settings}"; echo "$KAJA_MAIL_FROM|$KAJA_PORT|$KAJA_HOME"'],
                          capture_output=True, text=True, check=True).stdout.strip()  # fmt: skip
    assert read == f'The "Café" <news@kaja.test> 100% $HOME|{installation.port}|{installation.home}'


def test_a_second_install_keeps_the_settings_and_uninstall_keeps_the_data(
    installation: Installation, config: Path
) -> None:
    assert installation.kaja("service", "install").returncode == 0
    settings = config / "kaja/kaja.env"
    settings.write_text("KAJA_PORT=9999\n")
    again = installation.kaja("service", "install")
    assert f"Kept: the settings in {settings}" in again.stdout
    assert settings.read_text() == "KAJA_PORT=9999\n"
    gone = installation.kaja("service", "uninstall")
    assert gone.returncode == 0, gone.stderr
    assert not (config / "systemd/user/kaja.service").exists()
    assert settings.exists()
    missing = installation.kaja("service", "uninstall")
    assert missing.returncode == 1
    assert "nothing to take away" in missing.stderr


def test_a_setting_that_a_service_cannot_have_is_refused(installation: Installation, config: Path) -> None:
    installation.settings["KAJA_KEYS"] = '{\n"k1": "x"\n}'
    done = installation.kaja("service", "install")
    assert done.returncode == 2
    assert "KAJA_KEYS has more than one line" in done.stderr
    assert not (config / "systemd").exists()


def test_a_folder_that_cannot_be_written_is_named(installation: Installation, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    installation.settings["XDG_CONFIG_HOME"] = str(tmp_path / "file")
    done = installation.kaja("service", "install")
    assert done.returncode == 5
    assert str(tmp_path / "file") in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("program", ["/opt/kaja/bin/kaja", "/srv/my kaja/100%/bin/kaja"])
def test_the_units_of_a_machine_are_read_too(tmp_path: Path, program: str) -> None:
    place = Place(tmp_path / "kaja.service", Path("/etc/kaja/kaja.env"), Path("/var/lib/kaja"), "daemon")
    place.unit.write_text(render_unit(place, [program]))
    said = verify(place.unit)
    # The program does not exist here, and systemd says so by the path that it read: the quoting is right.
    assert re.findall(r"Command (.+) is not executable", said) == [program], said
    assert len(said.splitlines()) == 1, said
    assert "User=daemon" in place.unit.read_text()
    assert "ProtectSystem=full" in place.unit.read_text()


def test_words_are_quoted_for_systemd() -> None:
    assert quote("/plain/kaja") == "/plain/kaja"
    assert quote('/a b/"c"/$d/50%') == '"/a b/\\"c\\"/$$d/50%%"'


def test_a_data_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    owner = "daemon" if os.geteuid() == 0 else "root"
    with pytest.raises(FolderUnusable, match="does not belong to"):
        make_account(Place(tmp_path / "u", tmp_path / "s", tmp_path, owner))


@pytest.mark.parametrize(
    "home", ["home/anna/kaja", "root/kaja", "run/user/1000/kaja", "var/lib/kaja", "homestead/kaja"]
)
def test_systemd_hides_no_home_in_which_the_data_lie(home: str) -> None:
    place = Place(Path("/etc/kaja.service"), Path("/etc/kaja.env"), Path("/", home), "kaja")
    hidden = home in ("var/lib/kaja", "homestead/kaja")
    assert f"ProtectHome={'yes' if hidden else 'no'}\n" in render_unit(place, ["/usr/bin/kaja"])
