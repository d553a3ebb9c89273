"""The device library compiles as C++17 without a warning under both compilers, its header as C99, and big-endian is refused."""
import shutil
import subprocess

import pytest

WARNINGS = ["-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror"]
COMPILERS = ["g++-12", "clang++-14"]


def compiler(name):
    found = shutil.which(name) or (shutil.which("g++") if name.startswith("g++") else None)
    if found is None:
        pytest.skip(f"no {name} here")
    return found


@pytest.mark.parametrize("name", COMPILERS)
def test_every_file_of_the_device_library_is_free_of_warnings(tools, name):
    room = tools.source / "mcu_runtime"
    sources = sorted(file for file in room.rglob("*.cc") if file.parent.name != "device")
    assert len(sources) > 10
    tools.run(compiler(name), "-std=c++17", "-pedantic", "-ffreestanding", "-fno-exceptions", "-fno-rtti", "-fsyntax-only",
              *WARNINGS, f"-I{tools.source}", *sources)


@pytest.mark.parametrize("name", COMPILERS)
def test_every_header_of_the_device_library_stands_alone(tools, name, tmp_path):
    files = [include(tools, header, tmp_path) for header in headers(tools) if core_of(header) is None]
    tools.run(compiler(name), "-std=c++17", "-fsyntax-only", "-Wall", "-Wextra", "-Wno-unused-function", "-Werror",
              f"-I{tools.source}", *files)


@pytest.mark.parametrize("core", ["cortex-m0", "cortex-m4", "cortex-m55"])
def test_headers_with_instructions_of_a_core_stand_alone(tools, core, tmp_path):
    if not shutil.which("arm-none-eabi-g++"):
        pytest.skip("no arm-none-eabi-g++ here")
    files = [include(tools, header, tmp_path) for header in headers(tools) if core_of(header) == core]
    assert files
    tools.run("arm-none-eabi-g++", f"-mcpu={core}", "-mthumb", "-mfloat-abi=" + ("hard" if core == "cortex-m55" else "soft"),
              "-std=c++17", "-ffreestanding", "-fsyntax-only", "-Wall", "-Wextra", "-Wno-unused-function", "-Werror",
              f"-I{tools.source}", *files)


def headers(tools):
    room = tools.source / "mcu_runtime"
    return sorted(file for file in room.rglob("*.h") if file.parent.name != "device")


def core_of(header):
    """The core whose instructions stand in a header of compiled models' kernels; None: any core's."""
    if header.parent.name != "compiled":
        return None
    for part, core in (("dsp", "cortex-m4"), ("mve", "cortex-m55"), ("thumb1", "cortex-m0")):
        if part in header.stem.split("_"):
            return core
    return None


def include(tools, header, folder):
    """A source file that includes just this."""
    path = header.relative_to(tools.source)
    file = folder / (str(path).replace("/", "_") + ".cc")
    file.write_text(f'#include "{path}"\n')
    return file


@pytest.mark.parametrize("name", ["gcc-12", "clang-14"])
def test_the_header_is_c99(tools, name, tmp_path):
    if not shutil.which(name):
        pytest.skip(f"no {name} here")
    (tmp_path / "a.c").write_text('#include "mcu_runtime/mote_runtime.h"\nint a(void) { return MOTE_OK; }\n')
    tools.run(name, "-std=c99", "-pedantic", "-fsyntax-only", *WARNINGS, "-Wstrict-prototypes", f"-I{tools.source}",
              tmp_path / "a.c")


@pytest.mark.parametrize("order", [["-target", "armeb-none-eabi"], ["-D__BYTE_ORDER__=__ORDER_BIG_ENDIAN__"],
                                   ["-U__BYTE_ORDER__"]])
def test_big_endian_is_refused_with_the_reason(tools, order):
    command = [compiler("clang++-14"), "-std=c++17", "-ffreestanding", "-fsyntax-only", *order, f"-I{tools.source}"]
    for file in ["flatbuffer", "graph", "loader", "runtime"]:
        done = subprocess.run([*command, tools.source / "mcu_runtime" / f"{file}.cc"], capture_output=True, text=True)
        assert done.returncode != 0
        assert "error: \"mote's device runtime reads models in place: it needs a little-endian machine" in done.stderr
