"""The self-test that `mote compile --self-test` writes: sound code passes it, on the host and on emulated cores, whatever the
kernels' layouts and the order of rows; a changed weight and a broken kernel are found, and the layer is named.

MOTE_SELFTEST_NETWORKS: random networks a core (default 24). MOTE_COMPILE_PROGRAM: the program mote-compile.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from compiled_networks import ROOT, TARGETS, WARNINGS, Build, compiler_program, text_of
from layer_models import MVE_TABLE, TABLE, Shape, conv, depthwise
from networks import network
from variant_models import BETWEEN, ELEMENTWISE, add, average, largest, model, table

NETWORKS = int(os.environ.get("MOTE_SELFTEST_NETWORKS", "24"))
SEED = 4
DIGITS = (ROOT / "docs" / "examples" / "firmware" / "digits.tflite").read_bytes()  # with golden data in its metadata
STRICT = [*WARNINGS, "-Wconversion", "-Wshadow"]
CHAIN = Shape((9, 10, 4), [conv(8, (3, 3)), depthwise(), table(), conv(12), add(), average(stride=(2, 2)), conv(5, (3, 3))])
OPEN = dict(activation="NONE")  # nothing is clamped, so that what layers compute shows
OPEN_CHAIN = Shape((9, 10, 4), [conv(8, (3, 3), **OPEN), depthwise(**OPEN), conv(12, **OPEN), add(**OPEN), conv(5, (3, 3), **OPEN)])
ODD_POOL = Shape((9, 8, 3), [conv(5, (3, 3)), largest((3, 3)), table(), conv(7)])


def skip_without(core: str) -> None:
    emulator = {"": None, "virt": "qemu-system-riscv32"}.get(TARGETS[core].machine, "qemu-system-arm")
    if not shutil.which(TARGETS[core].compiler) or (emulator and not shutil.which(emulator)):
        pytest.skip(f"needs {core}'s compiler and emulator")


class SelfTests(Build):
    """Models whose output is what their self-test says."""

    def add(self, name: str, file: bytes, arguments: list[str], edit=None) -> None:
        """`edit(folder, name)` changes what was generated before it is compiled."""
        path = self.folder / f"{name}.tflite"
        path.write_bytes(file)
        command = [compiler_program(), path, "--core", self.target.core, "-o", self.generated, "--self-test", *arguments]
        assert text_of(command) is None, f"{name}: {text_of(command)}"
        if edit:
            edit(self.generated, name)
        error = self.compile(self.generated / f"{name}.cc", STRICT, [self.generated])
        assert error is None, f"{name}: {error}"
        self.names.append(name)

    def results(self) -> dict[str, int | str]:
        said = self.run({name: [[np.zeros(0, np.int8)]] for name in self.names})
        return {name: one if isinstance(one, str) else one[0][0] for name, one in said.items()}

    def _bytes(self, name: str, role: str) -> int:
        return 1 if role == "OUTPUT" else 0

    def _write_table(self) -> Path:
        lines, rows = ["const TensorPlace result = {0, 1}, nothing = {0, 0};"], []
        for name in self.names:
            lines.append(f"void {name}_tested(void* arena) {{")
            lines.append(f"  *static_cast<uint8_t*>(arena) = static_cast<uint8_t>({name}_selftest(arena));\n}}")
            places = "nullptr, &nothing, 1, &result, 1"
            rows.append(f"    {{{name.upper()}_ARENA_BYTES, {places}, {name}_tested, nullptr, nullptr, 0}},")
        return self._write_rows(lines, rows)


def layers_of(folder: Path, name: str) -> list[str]:
    """The kernel of each layer."""
    return re.findall(r"^// \d+: .*; (\w+)$", (folder / f"{name}.cc").read_text(), re.MULTILINE)


def damage(layer: int, share: int):
    """Changes one of `share` numbers among its weights: of some few a clamp, or the scale of a channel, would hide what
    they do, and the constants that stand between them may have bits that do nothing."""

    def edit(folder: Path, name: str) -> None:
        path = folder / f"{name}_constants.h"
        text = path.read_text()
        head = re.search(rf"kLayer{layer}(Weights|Data)\[\d+\] = {{\n", text)
        body_end = text.index("};", head.end())
        numbers = list(re.finditer(r"-?\d+", text[head.end() : body_end]))
        for at in reversed(numbers[share // 2 :: share]):
            begin, end = head.end() + at.start(), head.end() + at.end()
            text = text[:begin] + str(int(at[0]) ^ 64) + text[end:]
        path.write_text(text)

    return edit


@pytest.mark.parametrize("core", list(TARGETS))
def test_sound_code_passes(core, tmp_path):
    skip_without(core)
    tests = SelfTests(TARGETS[core], tmp_path)
    shapes = {**BETWEEN, "chain": CHAIN, "odd pool": ODD_POOL}
    for name in ["depthwise, multiplier 3", "10x4 of one channel", "dense", "convolution into depthwise"]:
        shapes[name] = TABLE[name]
    for name in ["largest 3x3 of odd channels", "global average of odd channels", "mean"]:
        shapes[name] = ELEMENTWISE[name]
    if core == "cortex-m55":
        shapes |= {name: MVE_TABLE[name] for name in ["higher than wide", "depthwise of four rows", "one column"]}
    for number, shape in enumerate(shapes.values()):
        for optimize in ["speed", "ram"]:
            tests.add(f"shape{number}_{optimize}", model(shape, 0), ["--optimize", optimize])
    tests.add("by_rows", model(Shape((9, 10, 4), CHAIN.layers[:4]), 0), ["--by-rows"])
    tests.add("digits", DIGITS, [])
    tests.add("digits_by_rows", DIGITS, ["--by-rows", "--hook"])
    results = tests.results()
    assert results == dict.fromkeys(results, 0)


@pytest.mark.parametrize("core", ["generic", "cortex-m4"])
def test_networks_of_all_operators_pass(core, tmp_path):
    skip_without(core)
    tests = SelfTests(TARGETS[core], tmp_path)
    for seed in range(NETWORKS):
        tests.add(f"net{seed}", network(seed).file, ["--optimize", ["speed", "ram", "size"][seed % 3]])
    results = tests.results()
    assert results == dict.fromkeys(results, 0)


def test_no_layer_is_dropped_for_an_access_of_null(tmp_path):
    """GCC 12 at -O1 addresses ARG_MAX's output by eight times its input's place, and takes that for null."""
    tests = SelfTests(TARGETS["generic"], tmp_path)
    tests.add("arg_max", network(4).file, ["--optimize", "ram"])
    assert "ARG_MAX" in (tests.generated / "arg_max.cc").read_text()
    assert tests.results() == {"arg_max": 0}


@pytest.mark.parametrize("core", ["generic", "cortex-m4"])
@pytest.mark.parametrize("optimize", ["speed", "ram"])
def test_a_changed_weight_is_found_in_its_layer(core, optimize, tmp_path):
    skip_without(core)
    tests = SelfTests(TARGETS[core], tmp_path)
    expected = {}
    share = {"digits": 64, "chain": 4}
    for name, file in {"digits": DIGITS, "chain": model(OPEN_CHAIN, SEED)}.items():
        tests.add(name, file, ["--optimize", optimize])
        expected[name] = 0
        text = (tests.generated / f"{name}_constants.h").read_text()
        for layer in sorted(set(map(int, re.findall(r"kLayer(\d+)(?:Weights|Data)\[", text)))):
            damaged = f"{name}_{layer}"
            tests.add(damaged, file, ["--optimize", optimize], damage(layer, share[name]))
            expected[damaged] = layer + 1
    assert len(expected) > 6
    assert tests.results() == expected


BROKEN = {  # a kernel's header: what is put for what
    "table": ("table.h", "results[*from++]", "results[*from++ ^ 1]", "results[from[0]]", "results[from[0] ^ 1]"),
    "pool_rows": ("pool_2d.h", "min ? min : code > max ? max : code)", "min ? min : code > max ? max : code ^ 1)"),
}


@pytest.mark.parametrize("core", ["generic", "cortex-m4"])
@pytest.mark.parametrize("kernel", sorted(BROKEN))
def test_a_broken_kernel_is_found_in_its_layer(core, kernel, tmp_path):
    skip_without(core)
    tests = SelfTests(TARGETS[core], tmp_path)
    header, *texts = BROKEN[kernel]

    def spoil(folder: Path, _) -> None:
        path = folder / "mcu_runtime" / "compiled" / header
        text = path.read_text()
        for old, new in zip(texts[::2], texts[1::2]):
            assert old in text
            text = text.replace(old, new)
        path.write_text(text)

    tests.add("broken", model(ODD_POOL, 1), [], spoil)
    assert tests.results() == {"broken": layers_of(tests.generated, "broken").index(kernel) + 1}


def test_golden_data_of_the_file_are_checked_and_said_in_the_header(tmp_path):
    command = [compiler_program(), "--core", "generic", "-o", tmp_path, "--self-test"]
    for name, file, words in [("stored", DIGITS, "golden input of the model's file"), ("drawn", model(CHAIN, 0), "drawn")]:
        (tmp_path / f"{name}.tflite").write_bytes(file)
        assert text_of([*command, tmp_path / f"{name}.tflite"]) is None
        assert words in " ".join((tmp_path / f"{name}.h").read_text().split())
    at = DIGITS.index(b"MTST") + 16 + 64  # a checksum, behind the header and the input
    (tmp_path / "bad.tflite").write_bytes(DIGITS[:at] + bytes([DIGITS[at] ^ 1]) + DIGITS[at + 1 :])
    assert "golden data" in text_of([*command, tmp_path / "bad.tflite"])


def test_without_the_option_nothing_of_it_is_there(tmp_path):
    (tmp_path / "digits.tflite").write_bytes(DIGITS)
    for options, there in [([], False), (["--self-test"], True)]:
        folder = tmp_path / str(there)
        assert text_of([compiler_program(), tmp_path / "digits.tflite", "--core", "cortex-m4", "-o", folder, *options]) is None
        texts = "".join(path.read_text() for path in folder.rglob("*.*") if path.is_file())
        assert ("selftest" in texts or "olden" in texts) == there
