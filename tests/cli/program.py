"""Runs the built program, as a shell would."""
import os
import pathlib
import signal
import subprocess
import time

BUILD = pathlib.Path(os.environ.get("MOTE_BUILD_DIR", pathlib.Path(__file__).parents[2] / "build")).resolve()
MOTE = BUILD / "cli" / "mote"
SECONDS = 300  # more than any one command takes, also on a busy machine

# A network that trains in a second; {0} more of [train], {1} of [quantize], {2} of [verify].
RECIPE = """\
[run]
name = "tiny"
seed = 3
[data]
dataset = "digits"
[network]
input = [8, 8, 1]
[[layer]]
type = "conv_2d"
filters = 4
kernel = 3
stride = 2
[[layer]]
type = "relu"
[[layer]]
type = "flatten"
[[layer]]
type = "dense"
units = 10
[train]
epochs = {epochs}
learning_rate = 0.01
checkpoint_steps = {checkpoint_steps}
[quantize]
epochs = {quantize_epochs}
[verify]
cores = {cores}
samples = {samples}
"""


def recipe(folder, epochs=3, quantize_epochs=2, checkpoint_steps=0, cores="[]", samples=0, more=""):
    path = pathlib.Path(folder) / "tiny.toml"
    path.write_text(RECIPE.format(epochs=epochs, quantize_epochs=quantize_epochs, checkpoint_steps=checkpoint_steps,
                                  cores=cores, samples=samples) + more)
    return path


def mote(*arguments, cwd=None, status=0, env=None):
    """Runs to the end, checks the exit status, gives (stdout, stderr)."""
    done = subprocess.run([MOTE, *map(str, arguments)], cwd=cwd, capture_output=True, text=True, timeout=SECONDS,
                          env={**os.environ, **(env or {})})
    assert done.returncode == status, f"mote {' '.join(map(str, arguments))}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout, done.stderr


def fails(*arguments, cwd=None, status=1):
    """The one line on stderr of a command that must fail, without "mote: "; nothing may be on stdout."""
    out, err = mote(*arguments, cwd=cwd, status=status)
    assert out == ""
    lines = err.splitlines()
    assert len(lines) == 1 and lines[0].startswith("mote: "), err
    return lines[0][len("mote: "):]


def interrupted(*arguments, cwd, when, number=signal.SIGINT):
    """Sends the signal as soon as `when()` holds, checks the status that belongs to it, gives stderr."""
    process = subprocess.Popen([MOTE, *map(str, arguments)], cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True)
    end = time.monotonic() + SECONDS
    while not when():
        assert process.poll() is None, f"ended before the signal\n{process.stderr.read()}"
        assert time.monotonic() < end
        time.sleep(0.005)
    process.send_signal(number)
    _, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 128 + number, err
    return err
