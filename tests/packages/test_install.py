"""cmake --install, and what a user builds on it."""
import json
import shutil
import subprocess

import pytest

FIRMWARE_CMAKE = """\
cmake_minimum_required(VERSION 3.25)
project(firmware C)
find_package(mote REQUIRED)
add_executable(firmware main.c)
target_link_libraries(firmware PRIVATE mote::runtime)
"""
FIRMWARE = """\
#include <mote_runtime.h>
#include <stdio.h>
int main(void) {
  mote_model model;
  static unsigned char arena[64] MOTE_ALIGNED;
  puts(mote_status_text(mote_model_load(&model, mote_all_operators, "none", 4, arena, sizeof arena)));
  return 0;
}
"""


def test_the_example_builds_trains_and_verifies_outside_of_the_checkout(tools, prefix, tmp_path):
    project = tmp_path / "train_digits"
    shutil.copytree(tools.source / "docs" / "examples" / "train_digits", project)
    tools.run(tools.cmake, "-G", "Ninja", "-B", "out", "-S", ".", f"-DCMAKE_PREFIX_PATH={prefix}", cwd=project)
    tools.run(tools.cmake, "--build", "out", cwd=project)
    out = tools.run(project / "out" / "train_digits", cwd=tmp_path)
    lines = dict(line.split(":") for line in out.splitlines() if "accuracy " in line and ":" in line)
    for name in ("float", "quantized"):
        assert float(lines[name].split()[1]) > 95, out
    for backend in ("training", "integer", "host"):
        assert backend in out
    assert (tmp_path / "digits.tflite").read_bytes()[4:8] == b"TFL3"

    inspected = json.loads(tools.run(prefix / "bin" / "mote", "inspect", tmp_path / "digits.tflite", "--json"))
    assert inspected["totals"]["operators"] == len(inspected["operators"]) > 5


def test_the_installed_program_runs_anywhere(tools, prefix, tmp_path):
    assert "Usage" in tools.run(prefix / "bin" / "mote", "--help", cwd=tmp_path)


def test_every_header_that_an_installed_one_includes_is_installed(prefix):
    headers = sorted((prefix / "include" / "mote").rglob("*.h"))
    assert {"mote.h", "mote_runtime.h", "dataset.h", "verify.h"} <= {header.name for header in headers}
    for header in headers:
        for line in header.read_text().splitlines():
            if line.startswith('#include "') and line.split('"')[1].split("/")[0] in (
                    "datasets", "train", "quantize", "export", "mcu_runtime", "cli"):
                assert (prefix / "include" / "mote" / line.split('"')[1]).exists(), f"{header}: {line}"


def test_the_c_header_stands_alone_in_c_and_in_cpp(tools, prefix, tmp_path):
    for name, compiler in [("a.c", ["cc", "-std=c99", "-pedantic"]), ("a.cc", ["c++", "-std=c++17"])]:
        (tmp_path / name).write_text("#include <mote/mote_runtime.h>\nint main(void) { return MOTE_OK; }\n")
        tools.run(*compiler, "-Wall", "-Wextra", "-Werror", f"-I{prefix / 'include'}", "-c", name, "-o", name + ".o",
                  cwd=tmp_path)


def test_a_firmware_project_needs_only_the_device_library(tools, tmp_path):
    """Installed without the host rooms: no LibTorch, no Abseil, no C++ in the user's project but the linker's."""
    tools.run(tools.cmake, "-G", "Ninja", "-B", "device", "-S", tools.source, "-DMOTE_HOST=OFF", cwd=tmp_path)
    tools.run(tools.cmake, "--build", "device", cwd=tmp_path)
    tools.run(tools.cmake, "--install", "device", "--prefix", tmp_path / "prefix", cwd=tmp_path)
    (tmp_path / "CMakeLists.txt").write_text(FIRMWARE_CMAKE)
    (tmp_path / "main.c").write_text(FIRMWARE)
    tools.run(tools.cmake, "-G", "Ninja", "-B", "out", "-S", ".", f"-DCMAKE_PREFIX_PATH={tmp_path / 'prefix'}",
              cwd=tmp_path)
    tools.run(tools.cmake, "--build", "out", cwd=tmp_path)
    assert len(tools.run(tmp_path / "out" / "firmware").strip()) > 5


def test_without_libtorch_find_package_says_what_to_do(tools, prefix, tmp_path):
    config = prefix / "lib" / "cmake" / "mote" / "moteConfig.cmake"
    if not config.exists():
        config = next(prefix.rglob("moteConfig.cmake"))
    text = config.read_text()
    copy = tmp_path / "prefix"
    shutil.copytree(prefix, copy)
    moved = copy / config.relative_to(prefix)
    hint = next(line for line in text.splitlines() if "mote_torch_hints" in line and "set(" in line)
    moved.write_text(text.replace(hint, 'set(mote_torch_hints "/nowhere")'))
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.25)\nproject(p CXX)\nfind_package(mote REQUIRED)\n")
    done = subprocess.run([tools.cmake, "-B", "out", "-S", ".", f"-DCMAKE_PREFIX_PATH={copy}"], cwd=tmp_path, text=True,
                          capture_output=True)
    if done.returncode == 0:
        pytest.skip("this machine has a LibTorch where CMake looks by itself")
    assert "set CMAKE_PREFIX_PATH to a LibTorch" in " ".join(done.stderr.split())
