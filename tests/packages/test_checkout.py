"""The checkout's own doors: make, ./mote, setup."""
import os


def test_make_alone_lists_the_targets(tools):
    out = tools.run("make", "-C", tools.source, "--no-print-directory")
    for target in ("setup", "build", "test", "demo", "bench", "format", "clean"):
        assert f"make {target} " in out


def test_setup_that_is_there_installs_nothing(tools):
    assert tools.run(tools.source / ".ci" / "setup") == ""  # it says what it installs


def test_every_python_requirement_is_pinned(tools):
    lines = [line for line in (tools.source / ".ci" / "requirements.txt").read_text().splitlines()
             if line and not line.startswith("#")]
    assert all("==" in line for line in lines) and len(lines) > 5


def test_the_scripts_are_executable(tools):
    for name in ("mote", ".ci/run", ".ci/setup"):
        assert os.access(tools.source / name, os.X_OK), name
