"""What the program says of itself, and what it says to wrong arguments."""
import pytest
from program import fails, mote

COMMANDS = ["run", "train", "quantize", "export", "verify", "inspect", "registry", "eval", "invoke", "compile", "bench"]


def test_version_is_one_line():
    out, err = mote("--version")
    assert out.startswith("mote ") and out.count("\n") == 1 and err == ""


def test_help_lists_every_command_and_has_an_example():
    out, _ = mote("--help")
    for command in COMMANDS:
        assert f"  {command} " in out
    assert "Example:\n  mote run docs/recipes/digits.toml" in out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example_of_itself(command):
    out, err = mote(command, "--help")
    assert f"Example:\n  mote {command} " in out and err == ""


def test_no_command_shows_the_help_on_stderr():
    out, err = mote(status=2)
    assert out == "" and "Example:" in err


@pytest.mark.parametrize("arguments, message", [
    (["rnu"], "'rnu' is not a command; did you mean run? See: mote --help"),
    (["invoek", "x"], "'invoek' is not a command; did you mean invoke? See: mote --help"),
    (["--verison"], "--verison is not an option; did you mean --version?; see: mote --help"),
    (["run", "r.toml", "--resum"], "--resum is not an option; did you mean --resume?; see: mote run --help"),
    (["run", "r.toml", "extra"], "'extra' is one argument too many; see: mote run --help"),
    (["run"], "RECIPE is required; see: mote run --help"),
    (["export", "r", "--selftest", "1001"], "--selftest: Value 1001 not in range 0 to 1000; see: mote export --help"),
    (["quantize"], "RUN is required; see: mote quantize --help"),
    (["run", "r.toml", "--seed", "many"], "Could not convert: --seed = many; see: mote run --help"),
    (["run", "r.toml", "--seed"], "--seed: 1 required UINT missing; see: mote run --help"),
    (["registry", "m.tflite"], "--output is required; see: mote registry --help"),
    (["eval", "m.tflite"], "--data is required; see: mote eval --help"),
    (["eval", "m.tflite", "--data", "digits", "--samples", "0"],
     "--samples: 0 must be a whole number of at least 1; see: mote eval --help"),
    (["invoke", "m.tflite", "--output", "y.npy"], "--input is required; see: mote invoke --help"),
    (["invoke", "m.tflite", "--input", "x.npy"], "--output is required; see: mote invoke --help"),
])
def test_wrong_usage_is_one_line_and_status_2(arguments, message):
    assert fails(*arguments, status=2) == message
