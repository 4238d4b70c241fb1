"""What the benchmarks print is what was spent."""

import subprocess
import sys

from benchmarks.delivery import cpu_of_trees

SPENT = 0.3
BURN = f"import time\nwhile time.process_time() < {SPENT}: pass"
LAST = f"{BURN}\nprint('burnt', flush=True)\ninput()"
PARENT = f"""
import subprocess, sys
print("ready", flush=True)
sys.stdin.readline()
subprocess.run([sys.executable, "-c", {BURN!r}], check=True)
subprocess.Popen([sys.executable, "-c", {LAST!r}], stdin=subprocess.PIPE).wait()
"""


def test_processes_that_begin_and_end_while_it_is_measured_count() -> None:
    """PostgreSQL starts one for each connection."""
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        try:
            assert parent.stdin is not None
            assert parent.stdout is not None
            assert parent.stdout.readline() == "ready\n"
            before = cpu_of_trees([parent.pid])
            parent.stdin.write("go\n")
            parent.stdin.flush()
            assert parent.stdout.readline() == "burnt\n"
            # Both are whole, but for the ticks that the kernel counts in.
            assert cpu_of_trees([parent.pid]) - before > 2 * SPENT - 0.05
        finally:
            parent.kill()
