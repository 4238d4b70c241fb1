"""Time to the first page, and memory at rest: `make bench`, or `python benchmarks/startup.py`.

Starts Kaja twice on a data folder of its own: the first start makes the database, the second is what a person waits
for every day. Memory is read from Linux: PSS counts shared pages in parts, so that the parts may be added up.
"""

import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from kaja.kernel.postgres import free_port

SECONDS_ALLOWED, MB_ALLOWED = 5.0, 250.0
AT_REST = 20.0  # seconds of quiet before memory is read


def first_page(command: list[str], environment: dict[str, str], port: int) -> tuple[float, subprocess.Popen[bytes]]:
    """Seconds from the command to the first whole page of the application (the sign-in page)."""
    begun = time.monotonic()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/account/login/", timeout=30) as answer:
                answer.read()
                return time.monotonic() - begun, process
        except urllib.error.HTTPError:
            process.terminate()
            raise
        except OSError:
            if process.poll() is not None or time.monotonic() - begun > 120:
                sys.exit(f"Kaja did not start (code {process.poll()})")
            time.sleep(0.01)


def memory(parent: int) -> dict[str, tuple[float, float]]:
    """RSS and PSS in MB of every part that a supervisor started, and of itself."""
    found: dict[str, tuple[float, float]] = {}
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            up = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
        children.setdefault(up, []).append(int(folder.name))
    waiting = [(parent, "supervisor")]
    while waiting:
        pid, name = waiting.pop()
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        values = {line.split()[0]: int(line.split()[1]) / 1000 for line in rollup.splitlines()[1:]}
        rss, pss = found.get(name, (0.0, 0.0))
        found[name] = (rss + values["Rss:"], pss + values["Pss:"])
        for child in children.get(pid, []):
            words = Path(f"/proc/{child}/cmdline").read_bytes().decode().split("\0")
            part = next((w for w in ("web", "worker", "kaja.practice") if w in words), "postgres")
            if "up" in words:  # make's child is the supervisor
                part = "supervisor"
            waiting.append((child, part if name == "supervisor" else name))
    return found


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="kaja-bench-") as folder:
        port = free_port()
        environment = {
            **{n: v for n, v in os.environ.items() if not n.startswith(("KAJA_", "DATABASE_URL"))},
            "KAJA_HOME": f"{folder}/home",
            "KAJA_PORT": str(port),
            "KAJA_PRACTICE_PORT": str(free_port()),
        }
        # What `make run` does after the set-up: the check of the set-up, then `kaja up`.
        command = ["make", "--no-print-directory", "run"]
        seconds = []
        for _ in range(2):
            taken, process = first_page(command, environment, port)
            seconds.append(taken)
            if len(seconds) == 2:
                time.sleep(AT_REST)
                parts = memory(process.pid)
            process.send_signal(signal.SIGTERM)
            process.wait(60)
    print(f"machine: {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    first, later = seconds
    print(f"first start to first page:  {first:5.1f} s (makes the database)")
    print(f"later start to first page:  {later:5.1f} s (allowed {SECONDS_ALLOWED:.0f}; {later / SECONDS_ALLOWED:.2f})")
    for name, (rss, pss) in sorted(parts.items()):
        print(f"{name:14} RSS {rss:6.1f} MB  PSS {pss:6.1f} MB")
    both = sum(parts[name][1] for name in ("web", "worker"))
    resident = sum(parts[name][0] for name in ("web", "worker"))
    ratio = resident / MB_ALLOWED
    print(f"web + worker:  RSS {resident:6.1f} MB  PSS {both:6.1f} MB (allowed {MB_ALLOWED:.0f}; {ratio:.2f})")
    return 0 if seconds[1] <= SECONDS_ALLOWED and resident <= MB_ALLOWED else 1


if __name__ == "__main__":
    sys.exit(main())
