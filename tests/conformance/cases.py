"""Random cases of one operator, and what the tflite-micro wheel says to them.

A generator takes a numpy Generator and gives (file, inputs), or (file, Steps([inputs, inputs, ...])) for models with state, or
(file, inputs or Steps, expected) where the wheel is not the oracle: `expected` is then a list of outputs (a list of those a
step for Steps).
"""

from __future__ import annotations

import importlib
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tflite_micro

FAMILIES = ["models_weights", "models_elementwise", "models_shapes", "models_recurrent"]

GENERATORS = {}
for family in FAMILIES:
    if (Path(__file__).resolve().parent / f"{family}.py").exists():
        GENERATORS.update(importlib.import_module(family).GENERATORS)


def reference_interpreter(file: bytes, preserve: bool = False):
    """`preserve`: no tensor's memory is used again, so that all of them can be read after an inference."""
    config = tflite_micro.runtime.InterpreterConfig
    return tflite_micro.runtime.Interpreter.from_bytes(
        file,
        arena_size=1 << 22,
        intrepreter_config=config.kPreserveAllTensors if preserve else config.kAllocationRecording,
    )


def reference_tensor(interpreter, index: int) -> np.ndarray:
    """Of an interpreter that preserves them."""
    return np.asarray(interpreter.GetTensor(index, 0)["tensor_data"]).copy()


def reference_steps(file: bytes, steps) -> list[list[np.ndarray]]:
    """All outputs of the wheel for each step's inputs, on one interpreter."""
    interpreter = reference_interpreter(file)
    results = []
    for inputs in steps:
        for index, values in enumerate(inputs):
            interpreter.set_input(values, index)
        interpreter.invoke()
        outputs = []
        while True:
            try:
                outputs.append(interpreter.get_output(len(outputs)))
            except IndexError:
                break
        results.append(outputs)
    return results


@dataclass
class Case:
    file: bytes
    steps: list[list[np.ndarray]]
    known: list[list[np.ndarray]] | None  # None: the wheel is the oracle

    def expected(self) -> list[list[np.ndarray]]:
        return reference_steps(self.file, self.steps) if self.known is None else self.known


def case(operator: str, seed: int) -> Case:
    rng = np.random.default_rng([zlib.crc32(operator.encode()), seed])
    file, inputs, *known = GENERATORS[operator](rng)
    stateful = hasattr(inputs, "steps")
    steps = inputs.steps if stateful else [inputs]
    expected = None
    if known:
        expected = known[0] if stateful else [known[0]]
    return Case(file, steps, expected)
