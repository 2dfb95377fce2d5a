#!/usr/bin/env python3
"""Days of ever more invocations over 50,000 functions: `benches/growth/run.py FROSTLINE LARGEST`.

Prints a line a size, from 10^6 in steps of ten: invocations, CPU seconds of the whole program (user and
system, all threads), and its largest resident set in MiB. The trace is made and removed beside.
"""

import os
import subprocess
import sys
import tempfile

FUNCTIONS = 50_000


def run(output, *arguments):
    """CPU seconds and peak memory in MiB of one run of the program."""
    child = subprocess.Popen([frostline, *arguments], stdout=output)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        sys.exit(f"{arguments} exited with {child.returncode}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


frostline, largest = sys.argv[1], int(float(sys.argv[2]))
invocations = 10**6
while invocations <= largest:
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as output:
        day = os.path.join(folder, "day")
        size = ["--functions", str(FUNCTIONS), "--invocations", str(invocations)]
        run(output, "trace", "synth", "--like", "azure-2019", *size, "--days", "1", "--out", day, "--quiet")
        cpu_s, peak_mib = run(output, "simulate", "--quiet", "--trace", f"azure-functions-2019={day}")
        output.seek(0)
        if f"{invocations:,}" not in output.read().decode():
            sys.exit(f"the summary does not hold all {invocations} invocations")
    print(invocations, f"{cpu_s:.3f}", f"{peak_mib:.1f}", flush=True)
    invocations *= 10
