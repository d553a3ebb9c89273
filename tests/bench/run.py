"""Measures, and writes docs/benchmarks.md: `make bench`.

Each section is a function that runs one program of this folder and gives Markdown; SECTIONS lists them. A program prints
a JSON list of flat objects, one a row.
"""
import argparse
import json
import os
import pathlib
import platform
import subprocess
import sys

HEAD = """\
# Benchmarks

Written by `make bench` (`tests/bench/run.py`); every number is measured by the program named with it.
Machine: {cpu}, {cores} cores, {system}, {compiler}.
"""


def run(build, program, *arguments):
    """The rows that a program of tests/bench prints."""
    path = build / "tests" / "bench" / program
    if not path.exists():
        sys.exit(f"bench: {path} is missing; run 'make build'")
    environment = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "0", **os.environ}
    done = subprocess.run([path, *map(str, arguments)], stdout=subprocess.PIPE, text=True, env=environment)
    if done.returncode != 0:
        sys.exit(f"bench: {program} failed with status {done.returncode}")
    return json.loads(done.stdout)


def text(value):
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 100 else f"{value:,.0f}"
    if isinstance(value, int):
        return f"{value:,}"
    return str(value)


def table(rows, columns=None):
    """Markdown; `columns`: keys and headings, by default all keys of the first row."""
    columns = columns or {key: key.replace("_", " ") for key in rows[0]}
    lines = ["| " + " | ".join(columns.values()) + " |", "| " + " | ".join("---" for _ in columns) + " |"]
    for row in rows:
        lines.append("| " + " | ".join(text(row.get(key, "")) for key in columns) + " |")
    return "\n".join(lines)


def train_step(build):
    rows = run(build, "bench_train_step")
    return ("## A bit-true training step against a float one\n\n"
            "`bench_train_step`: forward, backward and optimizer of one batch, both networks in one run; the bound is a "
            "ratio of 1.3.\n\n" + table(rows))


SECTIONS = [train_step]


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines() if os.path.exists("/proc/cpuinfo") else []:
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build"))
    parser.add_argument("--output", type=pathlib.Path, default=pathlib.Path("docs/benchmarks.md"))
    parser.add_argument("--only", action="append", choices=[section.__name__ for section in SECTIONS],
                        help="print just this section")
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    if arguments.only:
        for section in SECTIONS:
            if section.__name__ in arguments.only:
                print(section(build))
        return
    compiler = subprocess.run(["c++", "--version"], capture_output=True, text=True).stdout.splitlines()[0]
    parts = [HEAD.format(cpu=processor(), cores=os.cpu_count(), system=platform.system(), compiler=compiler)]
    for section in SECTIONS:
        print(f"bench: {section.__name__} ...", file=sys.stderr)
        parts.append(section(build) + "\n")
    page = "\n".join(parts)
    temporary = arguments.output.with_suffix(".md.tmp")
    temporary.write_text(page)
    temporary.replace(arguments.output)
    print(page)


if __name__ == "__main__":
    main()
