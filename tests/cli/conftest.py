import json
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import program


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory):
    """A finished run of the tiny recipe, undisturbed; tests only read it."""
    folder = tmp_path_factory.mktemp("tiny")
    recipe = program.recipe(folder)
    out, err = program.mote("run", recipe, cwd=folder)

    class Run:
        path = folder / "runs" / "tiny"
        root = folder
        stdout, stderr = out, err
        model = path / "model.tflite"
        manifest = json.loads((path / "manifest.json").read_text())
        verify = json.loads((path / "verify.json").read_text())

    Run.recipe = recipe
    return Run


def core_runs(core):
    """Whether this machine emulates the core; on a development machine without QEMU its tests are skipped."""
    import shutil
    name = "qemu-system-riscv32" if core == "riscv32" else "qemu-system-arm"
    return shutil.which(name) is not None
