"""mote registry: the list of operators that a model needs, as C, is complete, minimal, and compiles."""
import pathlib
import re
import subprocess
import sys

import pytest
from program import BUILD, fails, mote

ROOT = pathlib.Path(__file__).parents[2]
MODELS = ROOT / "tests" / "data" / "mlperf_tiny"
sys.path.insert(0, str(ROOT / "tests" / "conformance"))
from tflite_builder import FLOAT32, Operator, activation, build  # noqa: E402

MAIN = """
#include <stdio.h>
#include <mote/mote_runtime.h>
extern const mote_operator* const mote_operators_of_kws_ref_model[];
static unsigned char file[1 << 20], arena[1 << 17] MOTE_ALIGNED;
int main(int argc, char** argv) {
  mote_model model;
  FILE* f = fopen(argv[argc - 1], "rb");
  size_t size = fread(file, 1, sizeof file, f);
  printf("%d\\n", mote_model_load(&model, mote_operators_of_kws_ref_model, file, size, arena, sizeof arena));
  return fclose(f);
}
"""


def lists(source):
    """{name of a list: the operators in it}, with the declarations checked to be those of the definitions."""
    found = {name: re.findall(r"&mote_op_(\w+)", body)
             for name, body in re.findall(r"^const mote_operator\* const (\w+)\[\] = \{(.*?)0,\n\};", source, re.M | re.S)}
    assert re.findall(r"^extern const mote_operator\* const (\w+)\[\];$", source, re.M) == list(found)
    return found


def test_every_model_has_its_list_in_the_tables_order(tmp_path):
    models = sorted(MODELS.glob("*.tflite"))
    out, err = mote("registry", *models, "-o", tmp_path / "operators.c")
    assert (out, err) == (f"{tmp_path}/operators.c\n", "")
    source = (tmp_path / "operators.c").read_text()
    found = lists(source)
    assert list(found) == [f"mote_operators_of_{m.stem}" for m in models]
    assert found["mote_operators_of_ad01_int8"] == ["fully_connected"]
    assert found["mote_operators_of_pretrainedResnet_quant"] == [
        "add", "average_pool_2d", "conv_2d", "fully_connected", "reshape", "softmax"]
    assert mote("--version")[0].split()[1] in source
    mote("registry", *models, "-o", tmp_path / "again.c")
    assert (tmp_path / "again.c").read_text() == source


def test_the_file_is_plain_c_and_a_program_links_only_what_it_names(tmp_path):
    (tmp_path / "mote").mkdir()
    for name in ["mote_runtime.h", "operators.def"]:
        (tmp_path / "mote" / name).symlink_to(ROOT / "mcu_runtime" / name)
    kws = MODELS / "kws_ref_model.tflite"
    mote("registry", kws, "--output", tmp_path / "operators.c")
    (tmp_path / "main.c").write_text(MAIN)
    flags = ["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", f"-I{tmp_path}"]
    subprocess.run(["cc", *flags, "main.c", "operators.c", BUILD / "mcu_runtime" / "libmote_runtime.a",
                    "-Wl,--gc-sections", "-o", "program"], cwd=tmp_path, check=True)
    assert subprocess.run([tmp_path / "program", kws], capture_output=True, text=True).stdout == "0\n"
    symbols = set(re.findall(r"mote_op_\w+", subprocess.run(["nm", tmp_path / "program"], capture_output=True,
                                                            text=True).stdout))
    (operators,) = lists((tmp_path / "operators.c").read_text()).values()
    assert symbols == {f"mote_op_{name}" for name in operators}
    subprocess.run(["c++", "-std=c++17", "-Wall", "-Wextra", "-Werror", f"-I{tmp_path}", "-x", "c++", "-c", "operators.c",
                    "-o", "operators.o"], cwd=tmp_path, check=True)


def test_names_become_names_of_c(tmp_path):
    (tmp_path / "a *").mkdir()  # a slash after it would end the comment
    odd = tmp_path / "a *" / "8 words-v1.2*.tflite"
    odd.write_bytes((MODELS / "ad01_int8.tflite").read_bytes())
    mote("registry", odd, "-o", tmp_path / "operators.c")
    source = (tmp_path / "operators.c").read_text()
    assert list(lists(source)) == ["mote_operators_of_8_words_v1_2_"]
    subprocess.run(["cc", "-std=c99", "-fsyntax-only", "-include", ROOT / "mcu_runtime" / "mote_runtime.h", "-x", "c", "-"],
                   input=source.replace("#include <mote/mote_runtime.h>", ""), text=True, check=True)


def test_what_cannot_be_listed_is_one_line_and_leaves_nothing(tmp_path):
    model = tmp_path / "float.tflite"
    model.write_bytes(build([activation([4], type=FLOAT32)] * 2, [Operator("RELU", [0], [1])], [0], [1]))
    junk = tmp_path / "junk.tflite"
    junk.write_bytes(b"not a model")
    good = MODELS / "ad01_int8.tflite"
    (tmp_path / "other").mkdir()
    double = tmp_path / "other" / good.name
    double.write_bytes(good.read_bytes())
    output = tmp_path / "operators.c"
    output.write_text("as it was")
    for models, message in [([good, tmp_path / "none.tflite"], "none.tflite"),
                            ([good, model], f"{model}: operator 0, RELU 't1': the device runtime does not take this operator on float32"),
                            ([junk], f"{junk}: not a TensorFlow Lite model"),
                            ([good, double], f"{good} and {double} would both be mote_operators_of_ad01_int8: rename")]:
        assert message in fails("registry", *models, "-o", output)
        assert output.read_text() == "as it was"
    assert "none" in fails("registry", good, "-o", junk / "none" / "x.c")


@pytest.mark.parametrize("model", sorted(MODELS.glob("*.tflite")), ids=lambda m: m.stem)
def test_a_list_is_what_the_runtime_needs_and_no_more(tmp_path, model):
    """Asked of the runtime itself, through its C API."""
    from mote_library import MoteError, MoteModel
    mote("registry", model, "-o", tmp_path / "operators.c")
    (operators,) = lists((tmp_path / "operators.c").read_text()).values()
    file = model.read_bytes()
    MoteModel(file, operators=operators)
    for left_out in operators:
        with pytest.raises(MoteError):
            MoteModel(file, operators=[o for o in operators if o != left_out])
