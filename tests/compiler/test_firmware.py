"""docs/examples/firmware as its reader builds it: by CMake and by make, compiled and interpreted, run on an emulated board."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("MOTE_BUILD_DIR", ROOT / "build")).resolve()
PROGRAM = BUILD / "export" / "compiler" / "mote-compile"

pytestmark = pytest.mark.skipif(
    shutil.which("arm-none-eabi-g++") is None or shutil.which("qemu-system-arm") is None,
    reason="needs gcc-arm-none-eabi and qemu-system-arm",
)


def run(command, folder):
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600)
    assert result.returncode == 0, result.stdout[-4000:] + result.stderr[-4000:]
    return result.stdout + result.stderr  # what is printed by semihosting goes to the latter


@pytest.fixture
def firmware(tmp_path):
    """A copy, so that nothing is left in the source tree."""
    folder = tmp_path / "firmware"
    shutil.copytree(ROOT / "docs/examples/firmware", folder, ignore=shutil.ignore_patterns("build*"))
    return folder


def check(output):
    for digit in range(10):
        assert f"a {digit} is seen as {digit}\n" in output
    assert "10 of 10 are right" in output


@pytest.mark.parametrize("runtime", ["", "1"])
def test_make(firmware, runtime):
    output = run(["make", f"MOTE={ROOT}", f"MOTE_COMPILE={PROGRAM}", f"RUNTIME={runtime}", "emulate"], firmware)
    check(output)


@pytest.mark.parametrize("runtime", ["OFF", "ON"])
def test_cmake(firmware, tmp_path, runtime):
    build = tmp_path / "build"
    run(
        ["cmake", "-B", str(build), "--toolchain", str(firmware / "cortex-m4.cmake"), f"-DMOTE_SOURCE={ROOT}",
         f"-DMOTE_COMPILE={PROGRAM}", f"-DRUNTIME={runtime}"],
        firmware,
    )
    run(["cmake", "--build", str(build)], firmware)
    check(run(["cmake", "--build", str(build), "--target", "emulate"], firmware))
    if runtime == "OFF":
        source = build / "firmware.models/digits/digits.cc"
        before = source.stat().st_mtime_ns
        run(["cmake", "--build", str(build)], firmware)
        assert source.stat().st_mtime_ns == before  # nothing changed: nothing is made again
        (firmware / "digits.tflite").touch()
        run(["cmake", "--build", str(build)], firmware)
        assert source.stat().st_mtime_ns > before
