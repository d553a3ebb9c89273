"""pip install . and a Python program that uses it, away from the checkout."""
import re
import sys

PROGRAM = """
import pathlib, sys
import mote
assert pathlib.Path(mote.__file__).is_relative_to(sys.argv[1]), mote.__file__
digits = mote.datasets.digits()
network = mote.Network("n", (8, 8, 1)).conv_2d(8, 3, stride=2).relu().global_average_pool().dense(10)
model = mote.fit(network, digits.train.inputs, digits.train.labels, epochs=3, learning_rate=1e-2)
quantized = mote.quantize(model, digits.train.inputs, digits.train.labels, epochs=1)
mote.export(quantized, "n.tflite")
found = mote.verify("n.tflite", digits.test.inputs, digits.test.labels, backends=["training", "host"],
                    training=quantized)
print(mote.__version__, bool(found))
"""


def test_the_package_installs_with_pip_and_runs(tools, tmp_path):
    target = tmp_path / "site"
    # The compiler that built the checkout, so that ccache has seen most of it.
    cache = (tools.build / "CMakeCache.txt").read_text()
    compilers = {name: re.search(rf"^CMAKE_{name}_COMPILER:\w+=(.*)$", cache, re.M) for name in ("C", "CXX")}
    environment = {("CC" if name == "C" else name): found[1] for name, found in compilers.items() if found}
    tools.run(sys.executable, "-m", "pip", "install", "--quiet", "--no-build-isolation", "--no-deps", "--no-index",
              "--target", target, tools.source, cwd=tmp_path, env=environment)
    for name in ("__init__.py", "_mote.pyi", "py.typed"):
        assert (target / "mote" / name).exists()
    assert not [path for path in target.rglob("*") if path.suffix in (".a", ".h")]
    (tmp_path / "program.py").write_text(PROGRAM)
    out = tools.run(sys.executable, "program.py", target, cwd=tmp_path, env={"PYTHONPATH": str(target)})
    assert out.split()[-1] == "True"
