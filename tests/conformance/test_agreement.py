"""Which outside runtime agrees with the contract, operator by operator: a table in docs/agreement.md.

MOTE_WRITE_DOCS=1 writes it; without it the columns that do not depend on the processor are compared with the page.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cases import GENERATORS, case
from document import section, write_section

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "agreement.md"
CASES = 60
# LiteRT's reference kernels of these read what nobody wrote, and give other numbers in each run.
UNSTEADY = {"resize_bilinear", "sum", "sum_int16", "svdf", "svdf_int16"}


def litert_rows(operator: str) -> dict[str, dict]:
    """For each set of kernels: elements, equal, largest difference, cases that were refused, cases that aborted."""
    totals = {
        name: dict(elements=0, equal=0, largest=0, refused=0, aborted=0) for name in ("reference", "default")
    }
    first = 0
    while first < CASES:
        command = [sys.executable, str(Path(__file__).with_name("litert_worker.py")), operator, str(first), str(CASES)]
        done = subprocess.run(command, capture_output=True, text=True)
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        for line in lines:
            if "kernels" not in line:
                continue
            total = totals[line["kernels"]]
            if isinstance(line["row"], str):
                total["refused"] += 1
                continue
            elements, equal, largest = line["row"]
            total["elements"] += elements
            total["equal"] += equal
            total["largest"] = max(total["largest"], largest)
        if done.returncode == 0:
            return totals
        assert lines and done.returncode < 0, f"{' '.join(command)}: {done.stderr[-2000:]}"
        totals[lines[-1].get("begin", "default")]["aborted"] += 1
        first = lines[-1]["seed"] + 1
    return totals


def cell(total: dict) -> str:
    words = []
    if total["elements"]:
        words.append(f"{total['equal'] / total['elements']:.4f}, {total['largest']}")
    if total["refused"]:
        words.append("refuses all" if total["refused"] == CASES else f"refuses {total['refused']} of {CASES}")
    if total["aborted"]:
        words.append(f"aborts in {total['aborted']} of {CASES}")
    return "; ".join(words)


def test_the_table_of_agreement_is_what_the_runtimes_say():
    operators = sorted(GENERATORS)
    with ThreadPoolExecutor(2) as pool:
        totals = dict(zip(operators, pool.map(litert_rows, operators)))
    lines = ["| operator | oracle of the tests | LiteRT, reference kernels | LiteRT, as it comes |", "| --- | --- | --- | --- |"]
    for operator in operators:
        formulas = sum(case(operator, seed).known is not None for seed in range(CASES))
        oracle = "tflite-micro" if not formulas else "formula" if formulas == CASES else "tflite-micro and formula"
        row = totals[operator]
        of_reference = "differs from run to run" if operator in UNSTEADY else cell(row["reference"])
        lines.append(f"| {operator} | {oracle} | {of_reference} | {cell(row['default'])} |")
    text = "\n".join(lines) + "\n"
    write_section(PAGE, "operators", text)
    # The reference kernels do not depend on the processor, so their column is held to the letter.
    columns = lambda page: re.findall(r"^\| (\w+) \| ([^|]+) \| ([^|]+) \|", page, re.MULTILINE)
    assert columns(text) == columns(section(PAGE, "operators")), "docs/agreement.md is stale: run with MOTE_WRITE_DOCS=1"
