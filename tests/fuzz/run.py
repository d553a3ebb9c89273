"""Fuzzes for a while, says how far it came, and, with --record, adds the run to the table of docs/security.md.

    tests/fuzz/run.py --build build --seconds 3600 --workers 2 --record load kernels

New inputs are kept in <build>/fuzz/found/<fuzzer>; one that crashes lies in tests/fuzz/crashers/<fuzzer> afterwards, where
every later `make test` replays it.
"""

from __future__ import annotations

import argparse
import datetime
import os
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
TABLE_END = "<!-- recorded runs end -->"


def fuzz(build: Path, name: str, seconds: int, workers: int, timeout: int):
    """(CPU seconds, executions, edges, corpus, crashes)."""
    program = build / "fuzz" / "tests" / "fuzz" / f"fuzz_{name}"
    found = build / "fuzz" / "found" / name
    crashers = HERE / "crashers" / name
    for folder in (found, crashers):
        folder.mkdir(parents=True, exist_ok=True)
    known = set(crashers.iterdir())
    began = time.time()
    processes = []
    for worker in range(workers):
        command = [
            str(program),
            f"-max_total_time={seconds}",
            "-max_len=8192",
            f"-timeout={timeout}",
            f"-report_slow_units={timeout}",
            "-rss_limit_mb=2048",
            "-reload=30",
            "-print_final_stats=1",
            f"-artifact_prefix={crashers}/",
            str(found),
            str(HERE / "corpus" / name),
        ]
        log = open(found.parent / f"{name}.{worker}.log", "w+")
        processes.append((log, subprocess.Popen(command, stdout=log, stderr=log)))
    executions = edges = 0
    failed = []
    cpu = 0.0
    for log, process in processes:
        _, status, usage = os.wait4(process.pid, 0)
        cpu += usage.ru_utime + usage.ru_stime
        log.seek(0)
        text = log.read()
        executions += int((re.findall(r"stat::number_of_executed_units:\s*(\d+)", text) or [0])[-1])
        edges = max([edges] + [int(cover) for cover in re.findall(r" cov: (\d+)", text)])
        if status != 0:
            failed.append(text[-6000:])
        log.close()
    crashes = len(set(crashers.iterdir()) - known)
    for text in failed:
        print(text)
    corpus = sum(1 for _ in found.iterdir())
    print(
        f"fuzz_{name}: {executions} executions, {edges} edges, {corpus} inputs found, {crashes} crashes "
        f"in {cpu / 3600:.2f} CPU hours ({time.time() - began:.0f} s)"
    )
    if failed:
        print(f"run it again: {program} {crashers}/<the file>")
    return cpu, executions, edges, corpus, max(crashes, len(failed))


def commit() -> str:
    result = subprocess.run(["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    return result.stdout.strip() or "?"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("fuzzers", nargs="+")
    parser.add_argument("--build", type=Path, default=ROOT / "build")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--workers", type=int, default=1, help="processes of each fuzzer, which share what they find")
    parser.add_argument(
        "--timeout", type=int, default=25, help="seconds by the clock for one input; more where the machine has other work"
    )
    parser.add_argument("--record", action="store_true", help="add a row for each fuzzer to docs/security.md")
    options = parser.parse_args()
    rows, bad, version = [], False, commit()
    for name in options.fuzzers:
        cpu, executions, edges, _, crashes = fuzz(options.build.resolve(), name, options.seconds, options.workers, options.timeout)
        bad = bad or crashes != 0
        date = datetime.date.today().isoformat()
        rows.append(f"| {date} | {version} | `fuzz_{name}` | {cpu / 3600:.2f} | {executions} | {edges} | {crashes} |\n")
    if options.record:
        page = ROOT / "docs" / "security.md"
        text = page.read_text()
        page.write_text(text.replace(TABLE_END, "".join(rows) + TABLE_END))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
