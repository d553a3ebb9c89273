"""Lines and branches of mcu_runtime/ that its own tests run, by file.

    tests/coverage.py [--build build-coverage] [--lines 100] [--branches 95] [--list]

Builds the runtime with coverage counters and without optimization, runs its C++ tests, the conformance tests and the replay of
the fuzzers' corpora, merges what each copy of a line or branch has counted (the static and the shared library, that of
the fuzzers, which has no sanitizers here, and every instance of a template), and ends with status 1 under the limits. --list names what was not run.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ROOM = ROOT / "mcu_runtime"


def run(command, **options) -> None:
    print("+", " ".join(str(part) for part in command), flush=True)
    subprocess.run([str(part) for part in command], check=True, **options)


def build_and_test(build: Path, cases: int) -> None:
    flags = "--coverage -O0 -fprofile-update=atomic"
    run(["cmake", "-S", ROOT, "-B", build, "-G", "Ninja", "-DMOTE_HOST=OFF", "-DMOTE_TESTS=ON", "-DMOTE_RUNTIME_SHARED=ON",
         "-DMOTE_TEST_SANITIZERS=OFF", "-DMOTE_FUZZING=OFF",
         f"-DMOTE_TEST_PYTHON={sys.executable}", "-DCMAKE_BUILD_TYPE=Debug", f"-DCMAKE_CXX_FLAGS={flags}",
         "--log-level=WARNING"])  # fmt: skip
    run(["cmake", "--build", build, "--parallel", str(os.cpu_count() or 2)])
    for counts in build.rglob("*.gcda"):
        counts.unlink()
    environment = dict(os.environ, MOTE_CONFORMANCE_CASES=str(cases))
    # Not the mutants: they take long without optimization, and show nothing that the corpus does not.
    run(["ctest", "--test-dir", build, "--output-on-failure", "--no-tests=error", "-E", "mutants|agreement"], env=environment)


def collect(build: Path):
    """{file: {line: count}}, {file: {(line, branch): count}}."""
    lines, branches = defaultdict(lambda: defaultdict(int)), defaultdict(lambda: defaultdict(int))
    reports = []
    notes = [path.resolve() for path in build.rglob("*.gcno")]
    for number in range(0, len(notes), 20):
        names = [str(path) for path in notes[number : number + 20]]
        # To standard output, one object a line: as files, copies of one source overwrite each other.
        output = subprocess.run(["gcov", "--json-format", "--branch-probabilities", "--stdout", *names], cwd=build, check=True,
                                capture_output=True, text=True).stdout  # fmt: skip
        reports += [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    for report in reports:
        for file in report["files"]:
            name = Path(report["current_working_directory"], file["file"]).resolve()
            if not name.is_relative_to(ROOM) or name.is_relative_to(ROOM / "device"):
                continue
            for line in file["lines"]:
                at = line["line_number"]
                lines[name][at] += line["count"]
                taken = own_branches(line["branches"])
                for index, branch in enumerate(taken):
                    # Copies of a line may be compiled to different numbers of branches: they are told apart by that.
                    branches[name][(at, len(taken), index)] += branch["count"]
    return lines, branches


def own_branches(branches):
    """Those that the source has: where exceptions are on, each call is one too, of returning and of throwing."""
    own = []
    for branch in branches:
        if not branch["throw"]:
            own.append(branch)
        elif own and own[-1]["fallthrough"]:
            own.pop()
    return own


def report(lines, branches, listed: bool) -> tuple[float, float]:
    totals = [0, 0, 0, 0]
    print(f"{'file':48} {'lines':>12} {'':>7} {'branches':>12}")
    for name in sorted(lines):
        missed = sorted(at for at, count in lines[name].items() if count == 0)
        untaken = defaultdict(int)
        for (at, _, _), count in branches[name].items():
            untaken[at] += count == 0
        untaken = {at: count for at, count in sorted(untaken.items()) if count}
        all_lines, all_branches = len(lines[name]), len(branches[name])
        totals[0] += all_lines - len(missed)
        totals[1] += all_lines
        totals[2] += all_branches - sum(untaken.values())
        totals[3] += all_branches
        short = str(name.relative_to(ROOM))
        figures = f"{all_lines - len(missed):5}/{all_lines:5} {share(all_lines - len(missed), all_lines):6.1f}%"
        figures += f" {all_branches - sum(untaken.values()):5}/{all_branches:5} {share(all_branches - sum(untaken.values()), all_branches):6.1f}%"
        print(f"{short:48} {figures}")
        if listed and missed:
            print(f"    lines not run: {', '.join(map(str, missed))}")
        if listed and untaken:
            print(f"    branches not taken: {', '.join(f'{at} ({count})' if count > 1 else str(at) for at, count in untaken.items())}")
    line_share, branch_share = share(totals[0], totals[1]), share(totals[2], totals[3])
    print(f"{'all':48} {totals[0]:5}/{totals[1]:5} {line_share:6.1f}% {totals[2]:5}/{totals[3]:5} {branch_share:6.1f}%")
    return line_share, branch_share


def share(part: int, whole: int) -> float:
    return 100.0 * part / whole if whole else 100.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, default=ROOT / "build-coverage")
    parser.add_argument("--cases", type=int, default=100, help="random models an operator")
    parser.add_argument("--lines", type=float, default=100.0)
    parser.add_argument("--branches", type=float, default=95.0)
    parser.add_argument("--list", action="store_true", help="name lines and branches that were not run")
    parser.add_argument("--report-only", action="store_true", help="of the counts that are there")
    options = parser.parse_args()
    if not options.report_only:
        build_and_test(options.build.resolve(), options.cases)
    line_share, branch_share = report(*collect(options.build.resolve()), options.list)
    if line_share < options.lines or branch_share < options.branches:
        print(f"under the limits of {options.lines:g} % of lines and {options.branches:g} % of branches; --list says where")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
