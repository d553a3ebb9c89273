"""docs/operators.md, the page of what is supported: out of mcu_runtime/operators.def and of the models that the tests of each row
run. MOTE_WRITE_DOCS=1 writes it."""

from __future__ import annotations

import re
from pathlib import Path

from cases import GENERATORS, case
from document import section, write_section
from tflite_builder import ACTIVATIONS, OPERATORS, PADDINGS
from tflite_reader import TYPES, read_operators

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "operators.md"
CASES = 150
WORDS = {"activation": {v: k for k, v in ACTIVATIONS.items()}, "padding": {v: k for k, v in PADDINGS.items()}}

# What the format has and this runtime refuses (mcu_runtime/operators/), beyond what the page says above its table.
REFUSED = {
    "ARG_MAX": "an axis that is computed",
    "ARG_MIN": "an axis that is computed",
    "BATCH_MATMUL": "more than 5 dimensions",
    "CALL_ONCE": "a subgraph with more than VAR_HANDLE, and ASSIGN_VARIABLE of constants",
    "CONCATENATION": "a fused activation; inputs of other scales than the output's",
    "CONV_2D": "computed weights",
    "DEPTHWISE_CONV_2D": "computed weights; a depth_multiplier that is not the shapes'",
    "EXPAND_DIMS": "an axis that is computed",
    "FULLY_CONNECTED": "computed weights; shuffled weights",
    "GATHER": "constant indices out of range; computed ones out of range are taken as the nearest",
    "MAXIMUM": "inputs of other scales than the output's",
    "MEAN": "axes that are computed; 2^23 elements or more a value",
    "MINIMUM": "inputs of other scales than the output's",
    "PACK": "inputs of other scales than the output's",
    "PAD": "paddings that are computed or negative",
    "PADV2": "paddings that are computed or negative; a value of another scale than the output's",
    "REDUCE_MAX": "axes that are computed",
    "RESIZE_BILINEAR": "align_corners and half_pixel_centers together; a size that is computed",
    "RESIZE_NEAREST_NEIGHBOR": "a size that is computed",
    "SLICE": "begins or sizes that are computed",
    "SPLIT": "an axis that is computed",
    "SPLIT_V": "an axis or sizes that are computed",
    "STRIDED_SLICE": "begins, ends or strides that are computed; offset; two ellipses",
    "SUM": "axes that are computed; 2^23 elements or more a value",
    "SVDF": "computed weights",
    "TRANSPOSE": "a permutation that is computed",
    "TRANSPOSE_CONV": "computed weights",
    "UNIDIRECTIONAL_SEQUENCE_LSTM": "peepholes, projection, layer norm, diagonal recurrence; another activation than TANH",
}


def rows() -> list[dict]:
    text = (ROOT / "mcu_runtime" / "operators.def").read_text()
    names = "symbol name code function options slots types inputs_min inputs_max outputs memory".split()
    return [
        dict(zip(names, [value.strip() for value in row.split(",")]))
        for row in re.findall(r"^MOTE_OPERATOR\((.*)\)$", text, re.MULTILINE)
    ]


def in_order(types: set[str]) -> str:
    if len(types) >= 5:  # rows that move elements take all (kAllTypes), whether a few random models have them or not
        return "any"
    first = ["int8", "uint8", "int16", "int4"]
    return "/".join(sorted(types, key=lambda t: (first.index(t) if t in first else 9, TYPES.index(t))))


def types_text(row: dict, operators) -> str:
    """Types by position, as the tests' models have them; what some of them leave out in brackets."""
    variadic = [[op.inputs for op in operators], [op.outputs for op in operators]]
    texts = []
    for lists, many in zip(variadic, (row["inputs_max"] == "255", row["outputs"] == "kMany")):
        positions = []
        longest = max(map(len, lists))
        if many:
            types = in_order({t for one in lists for t in one})
            positions = [types, "…"]
        else:
            for i in range(longest):
                there = {one[i] for one in lists if i < len(one) and one[i] is not None}
                if there:
                    optional = any(i >= len(one) or one[i] is None for one in lists)
                    positions.append(f"[{in_order(there)}]" if optional else in_order(there))
        texts.append(", ".join(positions) or "none")
    return " → ".join(texts)


def options_text(row: dict, operators) -> str:
    words = []
    for name, slot, kind, _ in OPERATORS[row["name"]][2]:
        if slot >= int(row["slots"]) or kind == "string":
            continue
        seen = {op.options.get(name) for op in operators} - {None}
        if name in WORDS and seen:
            words.append(f"{name} " + "/".join(WORDS[name][value] for value in sorted(seen)))
        elif kind != "bool" or seen == {False, True}:
            words.append(name)
        elif seen == {True}:
            words.append(f"{name} only")
    return ", ".join(words) or "–"


def page_text() -> str:
    lines = ["| operator | row | types | options | refused |", "| --- | --- | --- | --- | --- |"]
    last = None
    for row in sorted(rows(), key=lambda row: (row["name"], len(row["symbol"]))):
        operators = [
            op
            for seed in range(CASES)
            for op in read_operators(case(row["symbol"], seed).file)
            if op.code == int(row["code"])
        ]
        refused = REFUSED.get(row["name"], "") if row["name"] != last else ""
        lines.append(
            f"| {row['name'] if row['name'] != last else ''} | `{row['symbol']}` | {types_text(row, operators)} "
            f"| {options_text(row, operators)} | {refused} |"
        )
        last = row["name"]
    return "\n".join(lines) + "\n"


def test_the_page_is_what_the_table_and_the_tests_say():
    table = rows()
    assert sorted(row["symbol"] for row in table) == sorted(GENERATORS)
    assert set(REFUSED) <= {row["name"] for row in table}
    text = page_text()
    write_section(PAGE, "operators", text)
    assert text == section(PAGE, "operators"), "docs/operators.md is stale: run with MOTE_WRITE_DOCS=1"


def test_the_readme_has_the_count():
    table = rows()
    count = len({row["name"] for row in table})
    assert f"[{count} operators](docs/operators.md) in {len(table)} rows" in (ROOT / "README.md").read_text()
