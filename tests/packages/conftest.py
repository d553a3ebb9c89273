import os
import pathlib
import subprocess
import types

import pytest

SOURCE = pathlib.Path(__file__).parents[2]
BUILD = pathlib.Path(os.environ.get("MOTE_BUILD_DIR", SOURCE / "build")).resolve()
CMAKE = os.environ.get("MOTE_CMAKE", "cmake")


def run(*command, cwd=None, env=None, status=0):
    """Runs a command without the environment of this build; its whole output is in the failure."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("MOTE_", "PYTHONPATH"))}
    clean.setdefault("OMP_WAIT_POLICY", "passive")
    done = subprocess.run([str(part) for part in command], cwd=cwd, env={**clean, **(env or {})}, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    assert done.returncode == status, f"{' '.join(map(str, command))}\n{done.stdout}"
    return done.stdout


@pytest.fixture(scope="session")
def prefix(tmp_path_factory):
    """mote, installed."""
    path = tmp_path_factory.mktemp("prefix")
    run(CMAKE, "--install", BUILD, "--prefix", path)
    return path


@pytest.fixture
def tools():
    return types.SimpleNamespace(run=run, source=SOURCE, build=BUILD, cmake=CMAKE)
