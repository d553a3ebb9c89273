"""The type stubs say what the module has."""
import ast
import pathlib
import subprocess
import sys

import pytest

import mote
from mote import _mote

PACKAGE = pathlib.Path(mote.__file__).parent
USE = """
import numpy as np
import mote
digits = mote.datasets.digits()
network: mote.Network = mote.Network("n", (8, 8, 1)).conv_2d(8, (3, 3), name="stem").relu().flatten().dense(10)
model: mote.FloatModel = mote.fit(network, digits.train.inputs, digits.train.labels, epochs=3)
quantized: mote.QuantizedModel = mote.quantize(model, digits.train.inputs, digits.train.labels)
mote.export(quantized, "x.tflite", metadata={"by": "me"})
accuracy: float = mote.evaluate(quantized, digits.test.inputs, digits.test.labels).metric
found: mote.Verification = mote.verify("x.tflite", digits.test.inputs, training=quantized)
names: list[str] = [op.name for op in mote.Model("x.tflite").operators]
"""


def stubbed(body, prefix=""):
    for node in body:
        if isinstance(node, ast.FunctionDef):
            yield prefix + node.name
        elif isinstance(node, ast.ClassDef):
            yield from stubbed(node.body, prefix + node.name + ".")
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield prefix + node.target.id


def test_every_name_of_the_stub_is_in_the_module():
    tree = ast.parse((PACKAGE / "_mote.pyi").read_text())
    for name in stubbed(tree.body):
        if name.startswith("_Trained."):
            names = [name.replace("_Trained", holder) for holder in ("FloatModel", "QuantizedModel")]
        else:
            names = [name]
        for full in names:
            value = _mote
            for part in full.split("."):
                assert hasattr(value, part), full
                value = getattr(value, part)


def test_every_public_name_of_the_module_is_in_the_stub():
    listed = set(stubbed(ast.parse((PACKAGE / "_mote.pyi").read_text()).body))
    for name in dir(_mote):
        if name.startswith("_"):
            continue
        value = getattr(_mote, name)
        if not isinstance(value, type):
            assert name in listed, name
            continue
        holder = "_Trained" if name in ("FloatModel", "QuantizedModel") else name
        for member in dir(value):
            if not member.startswith("_"):
                assert f"{name}.{member}" in listed or f"{holder}.{member}" in listed, f"{name}.{member}"


def test_a_program_that_uses_the_package_passes_a_strict_type_check(tmp_path):
    pytest.importorskip("mypy")
    program = tmp_path / "use.py"
    program.write_text(USE)
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache")]
    for target in [["-p", "mote"], [str(program)]]:
        done = subprocess.run(command + target, capture_output=True, text=True, cwd=tmp_path,
                              env={"MYPYPATH": str(PACKAGE.parent), "PATH": "/usr/bin:/bin"})
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_type_check_finds_a_wrong_type(tmp_path):
    pytest.importorskip("mypy")
    program = tmp_path / "wrong.py"
    program.write_text("import mote\nmote.Network('n', 3)\n")
    done = subprocess.run([sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), str(program)],
                          capture_output=True, text=True, cwd=tmp_path,
                          env={"MYPYPATH": str(PACKAGE.parent), "PATH": "/usr/bin:/bin"})
    assert done.returncode == 1 and "Network" in done.stdout
