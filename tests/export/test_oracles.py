"""Exported files in other runtimes: every byte equal in tflite-micro, and a table of agreement for LiteRT.

MOTE_BUILD_DIR names the build folder (default: build), which has the target export_cases. MOTE_WRITE_DOCS=1 writes
docs/agreement.md; without it the table is only compared where it has to hold.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
import tflite_micro
from ai_edge_litert import interpreter as litert
from document import section, write_section

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("MOTE_BUILD_DIR", "build")
SEEDS = 20
RESOLVERS = {
    "reference kernels": litert.OpResolverType.BUILTIN_REF,
    "as it comes": litert.OpResolverType.AUTO,
}


@pytest.fixture(scope="module")
def cases(tmp_path_factory) -> list[Path]:
    program = BUILD / "tests" / "export" / "export_cases"
    assert program.exists(), f"{program} is missing: build the target export_cases, or set MOTE_BUILD_DIR"
    folder = tmp_path_factory.mktemp("cases")
    subprocess.run([program, folder, str(SEEDS)], check=True)
    found = sorted(folder.glob("*.tflite"))
    assert len(found) == 12 * SEEDS
    return found


def operator_of(case: Path) -> str:
    return case.stem.rsplit("-", 1)[0]


def samples_of(case: Path, shape) -> tuple[np.ndarray, np.ndarray]:
    inputs = np.fromfile(case.with_suffix(".in"), np.int8).reshape(-1, *shape)
    return inputs, np.fromfile(case.with_suffix(".out"), np.int8).reshape(len(inputs), -1)


def run_litert(case: Path, resolver) -> tuple[np.ndarray, np.ndarray]:
    interpreter = litert.Interpreter(
        model_path=str(case), experimental_op_resolver_type=resolver, num_threads=1
    )
    interpreter.allocate_tensors()
    source, target = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    inputs, expected = samples_of(case, source["shape"][1:])
    outputs = []
    for sample in inputs:
        interpreter.set_tensor(source["index"], sample[np.newaxis])
        interpreter.invoke()
        outputs.append(interpreter.get_tensor(target["index"]).reshape(-1))
    return np.stack(outputs), expected


def test_every_byte_is_equal_in_tflite_micro(cases):
    for case in cases:
        interpreter = tflite_micro.runtime.Interpreter.from_bytes(case.read_bytes(), arena_size=1 << 20)
        inputs, expected = samples_of(case, interpreter.get_input_details(0)["shape"][1:])
        for index, sample in enumerate(inputs):
            interpreter.set_input(sample[np.newaxis], 0)
            interpreter.invoke()
            actual = interpreter.get_output(0).reshape(-1)
            assert np.array_equal(actual, expected[index]), f"{case.stem}, sample {index}: {actual} {expected[index]}"


def agreement(cases) -> dict[str, dict[str, tuple[float, int, int]]]:
    """By operator and resolver: share of equal bytes, largest difference, bytes."""
    table: dict = defaultdict(dict)
    for label, resolver in RESOLVERS.items():
        differences = defaultdict(list)
        for case in cases:
            actual, expected = run_litert(case, resolver)
            differences[operator_of(case)].append(np.abs(actual.astype(int) - expected.astype(int)).ravel())
        for name, parts in differences.items():
            all_of = np.concatenate(parts)
            table[name][label] = (float(np.mean(all_of == 0)), int(all_of.max()), all_of.size)
    return table


def test_litert_loads_every_file_and_the_table_of_agreement_holds(cases):
    table = agreement(cases)
    lines = [
        "Written by `tests/export/test_oracles.py`: random models of each operator, exported, compared with",
        f"the device runtime byte by byte ({SEEDS} models of 32 samples each). `tflite-micro` agrees on every byte.",
        f"`ai-edge-litert` rounds elsewhere in places; share of equal bytes, and the largest difference in codes:",
        "",
        "| operator | output bytes | tflite-micro | LiteRT, " + " | LiteRT, ".join(RESOLVERS) + " |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name in sorted(table):
        cells = [f"{share:.4f}, {largest}" for share, largest, _ in (table[name][label] for label in RESOLVERS)]
        lines.append(f"| {name} | {table[name]['as it comes'][2]} | 1.0000, 0 | " + " | ".join(cells) + " |")
    text = "\n".join(lines) + "\n"
    path = ROOT / "docs" / "agreement.md"
    write_section(path, "exports", text)
    # The reference kernels do not depend on the processor, so their column is held to the letter.
    column = lambda page: re.findall(r"^\| ([a-zA-Z0-9_ ]+) \| \d+ \| [^|]+ \| ([^|]+) \|", page, re.M)
    assert column(text) == column(section(path, "exports")), "docs/agreement.md is stale: run again with MOTE_WRITE_DOCS=1"
    for name in ("ADD", "AVERAGE_POOL_2D", "CONCATENATION", "MAX_POOL_2D", "RELU6", "RESHAPE"):
        assert table[name]["reference kernels"][:2] == (1.0, 0), name
