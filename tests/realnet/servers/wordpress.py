"""WordPress (Debian trixie's package, 6.8) on MariaDB and PHP's built-in server, all from Debian's packages.

`install` also prepares a database and a site once, so that a test run only copies them.
"""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.ports import free_port
from tests.realnet.servers.debian import PrivateApt, library_path
from tests.realnet.servers.processes import running, wait_for_http

HERE = Path(__file__).parent
PACKAGES = ("php-cli", "php-mysql", "php-gd", "php-xml", "php-mbstring", "mariadb-server-core")
# Without compiled code, so that they run on the machine's own PHP.
SITE_PACKAGES = ("wordpress", "wordpress-theme-twentytwentyfive", "php-getid3")
EXTENSIONS = (
    *("mysqlnd", "mysqli", "mbstring", "gd", "dom", "xml", "simplexml", "xmlreader", "ctype", "fileinfo"),
    *("iconv", "tokenizer", "exif"),
)
SHARED = ("posix",)  # loaded where present

CONFIGURATION = """<?php
define('DB_NAME', 'wordpress'); define('DB_USER', 'wordpress'); define('DB_PASSWORD', 'wordpress');
define('DB_HOST', 'localhost:' . getenv('KAJA_TEST_WP_SOCKET'));
define('DB_CHARSET', 'utf8mb4'); define('DB_COLLATE', '');
foreach (['AUTH_KEY', 'SECURE_AUTH_KEY', 'LOGGED_IN_KEY', 'NONCE_KEY',
          'AUTH_SALT', 'SECURE_AUTH_SALT', 'LOGGED_IN_SALT', 'NONCE_SALT'] as $name) {
    define($name, 'only-for-tests' . $name);
}
define('WP_ENVIRONMENT_TYPE', 'local'); define('WP_HTTP_BLOCK_EXTERNAL', true); define('DISABLE_WP_CRON', true);
define('AUTOMATIC_UPDATER_DISABLED', true); define('FS_METHOD', 'direct');
$table_prefix = 'wp_';
if (!defined('ABSPATH')) { define('ABSPATH', __DIR__ . '/'); }
require_once ABSPATH . 'wp-settings.php';
"""


@dataclass(frozen=True)
class WordPress:
    """A running site; `passwords` are application passwords by user name (admin, editor, author, ...)."""

    url: str
    version: str
    passwords: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True)
class Programs:
    """Where the machine's or the unpacked programs are."""

    cache: Path

    @property
    def root(self) -> Path:
        return self.cache / "wordpress-root"

    @property
    def environment(self) -> dict[str, str]:
        return {"LD_LIBRARY_PATH": library_path(self.root)}

    def php(self) -> list[str]:
        """The command that runs PHP with every extension that WordPress needs."""
        if own := shutil.which("php"):
            loaded = subprocess.run([own, "-m"], capture_output=True, text=True, check=True).stdout.lower().split()
            if set(EXTENSIONS) <= set(loaded):
                return [own, "-d", "sendmail_path=/bin/true"]
        for program in sorted(self.root.glob("usr/bin/php[0-9]*")):
            return [str(program), "-n", "-c", str(self.root / "php.ini")]
        raise RuntimeError(
            "PHP is not there (or the machine's own lacks extensions): run `python -m tests.realnet.setup`"
        )

    def write_php_ini(self) -> None:
        """Maintainer scripts, which would switch extensions on, do not run: name them ourselves."""
        folders = sorted(self.root.glob("usr/lib/php/20*"))
        if not folders:
            return
        lines = [f'extension_dir = "{folders[0]}"', "sendmail_path = /bin/true"]
        lines += [f"extension = {name}" for name in (*EXTENSIONS, *SHARED) if (folders[0] / f"{name}.so").exists()]
        lines += ["upload_max_filesize = 8M", "post_max_size = 9M"]
        if (folders[0] / "opcache.so").exists():  # parsing WordPress anew for each request takes most of its time
            lines += ["zend_extension = opcache", "opcache.enable_cli = 1"]
        (self.root / "php.ini").write_text("\n".join(lines) + "\n")

    def mariadbd(self, data: Path) -> list[str]:
        program = shutil.which("mariadbd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        root = Path("/") if program else self.root
        command = [program or str(root / "usr/sbin/mariadbd"), "--no-defaults", f"--datadir={data}"]
        command += [f"--lc-messages-dir={root / 'usr/share/mysql'}", f"--character-sets-dir={self.sql(root)}/charsets"]
        command += ["--innodb-log-file-size=8M", "--innodb-buffer-pool-size=32M", "--innodb-flush-log-at-trx-commit=0"]
        command += ["--performance-schema=OFF", "--plugin-maturity=unknown"]
        return [*command, "--user=root"] if os.geteuid() == 0 else command

    @staticmethod
    def sql(root: Path) -> Path:
        return root / "usr/share/mysql"

    def system_tables(self) -> str:
        """What mariadb-install-db feeds to a new server."""
        root = Path("/") if shutil.which("mariadbd", path="/usr/sbin:/usr/bin") else self.root
        names = ("mysql_system_tables.sql", "mysql_performance_tables.sql", "mysql_system_tables_data.sql")
        text = "\n".join((self.sql(root) / name).read_text() for name in names)
        return f"create database if not exists mysql;\nuse mysql;\nset @auth_root_socket=NULL;\n{text}"


def install(cache: Path) -> None:
    """Fetch the packages, make the database and the site, unless they are there."""
    programs = Programs(cache)
    if not (programs.root / "done").exists():
        shutil.rmtree(programs.root, ignore_errors=True)
        apt = PrivateApt.native(cache / "apt-native")
        apt.update()
        if missing := apt.resolve(PACKAGES):
            apt.extract(missing, programs.root)
        programs.root.mkdir(exist_ok=True)
        programs.write_php_ini()
        pages = PrivateApt.of_suite(cache / "apt-trixie", "trixie")
        pages.update()
        pages.extract(SITE_PACKAGES, programs.root / "site-packages")
        (programs.root / "done").touch()
    template = cache / "wordpress-template"
    if not (template / "done").exists():
        shutil.rmtree(template, ignore_errors=True)
        template.mkdir(parents=True)
        _prepare(programs, template)
        (template / "done").touch()


def _prepare(programs: Programs, template: Path) -> None:
    _copy_resolved(programs.root / "site-packages", "usr/share/wordpress", template / "site")
    (template / "site/wp-config.php").write_text(CONFIGURATION)
    (template / "site/wp-content/uploads").mkdir(parents=True, exist_ok=True)
    data = template / "data"
    data.mkdir()
    environment = {**os.environ, **programs.environment}
    subprocess.run(
        [*programs.mariadbd(data), "--bootstrap", "--skip-networking"],
        input=programs.system_tables(), text=True, check=True, capture_output=True, env=environment,
    )  # fmt: skip
    with _database(programs, template):
        _set_up_site(programs, template, "http://127.0.0.1:1")


def _copy_resolved(root: Path, source: str, target: Path) -> None:
    """Copy a folder of an unpacked package; its absolute links point into the unpacked tree, not into the machine."""
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted((root / source).iterdir()):
        real = path
        while real.is_symlink():
            link = real.readlink()
            real = root / str(link).lstrip("/") if link.is_absolute() else real.parent / link
        if real.is_dir():
            _copy_resolved(root, str(real.relative_to(root)), target / path.name)
        elif real.exists():
            shutil.copyfile(real, target / path.name)


@contextmanager
def _database(programs: Programs, folder: Path) -> Iterator[None]:
    # A Unix socket's path is limited to about 100 bytes, so it does not live under the (long) test folder.
    socket = _socket(folder)
    orders = folder / "start.sql"
    orders.write_text(
        "create database if not exists wordpress character set utf8mb4;\n"
        "create user if not exists wordpress@localhost identified by 'wordpress';\n"
        "grant all on wordpress.* to wordpress@localhost;\n"
    )
    command = [*programs.mariadbd(folder / "data"), "--skip-networking", f"--socket={socket}"]
    command += [f"--pid-file={folder / 'database.pid'}", f"--init-file={orders}"]
    log = folder / "database.log"
    with running(command, log, programs.environment) as process:
        _wait_for_socket(socket, process, log)
        yield


def _socket(folder: Path) -> Path:
    return Path(tempfile.gettempdir()) / f"kaja-wp-{hashlib.sha256(str(folder).encode()).hexdigest()[:16]}.sock"


def _wait_for_socket(socket: Path, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        if socket.exists() and "ready for connections" in log.read_text(errors="replace"):
            return
        time.sleep(0.05)
    raise RuntimeError(f"MariaDB does not start; its log ends: {log.read_text(errors='replace')[-2000:]}")


def _set_up_site(programs: Programs, folder: Path, url: str) -> dict[str, str]:
    done = subprocess.run(
        [*programs.php(), str(HERE / "wordpress_setup.php"), str(folder / "site"), url],
        capture_output=True, text=True, check=False, env={**os.environ, **_site_environment(programs, folder)},
    )  # fmt: skip
    if done.returncode or not done.stdout.strip().startswith("{"):
        raise RuntimeError(f"setting WordPress up failed: {done.stdout[-1000:]} {done.stderr[-1000:]}")
    answer: dict[str, str] = json.loads(done.stdout)
    return answer


def _site_environment(programs: Programs, folder: Path) -> dict[str, str]:
    return {**programs.environment, "KAJA_TEST_WP_SOCKET": str(_socket(folder))}


@contextmanager
def serve(cache: Path, folder: Path) -> Iterator[WordPress]:
    """A fresh site under `folder` on a free loopback port; gone when the block is left."""
    programs, template = Programs(cache), cache / "wordpress-template"
    if not (template / "done").exists():
        raise RuntimeError("WordPress is not there: run `python -m tests.realnet.setup`")
    try:
        for name in ("data", "site"):
            shutil.copytree(template / name, folder / name)
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        with _database(programs, folder):
            answer = _set_up_site(programs, folder, url)
            log = folder / "php.log"
            command = [*programs.php(), "-S", f"127.0.0.1:{port}", "-t", folder / "site", HERE / "wordpress_router.php"]
            environment = {**_site_environment(programs, folder), "PHP_CLI_SERVER_WORKERS": "3"}
            with running(command, log, environment) as process:
                wait_for_http(f"{url}/wp-json/", process, log)
                yield WordPress(url, answer.pop("version"), answer)
    finally:
        for name in ("data", "site"):  # 90 MB that nobody looks at; the logs stay
            shutil.rmtree(folder / name, ignore_errors=True)
