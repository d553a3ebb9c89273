"""The five MLPerf Tiny models: every tensor after every operator, byte for byte what the tflite-micro wheel has there.

MOTE_MLPERF_INPUTS: how many inputs a model (default 200). MOTE_MLPERF_SEED: the first one's seed (default 0).
"""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from cases import reference_interpreter, reference_tensor
from mote_library import MoteModel

MODELS = Path(__file__).resolve().parents[1] / "data" / "mlperf_tiny"
NAMES = sorted(path.name for path in MODELS.glob("*.tflite"))
INPUTS = int(os.environ.get("MOTE_MLPERF_INPUTS", "200"))
FIRST = int(os.environ.get("MOTE_MLPERF_SEED", "0"))


def codes(seed: int, shape) -> np.ndarray:
    """Codes of all kinds: spread over everything, about one value, only the ends, smooth."""
    rng = np.random.default_rng([2026, seed])
    kind = seed % 4
    if kind == 0:
        return rng.integers(-128, 128, shape).astype(np.int8)
    if kind == 1:
        return np.clip(rng.normal(rng.integers(-128, 128), 20, shape), -128, 127).astype(np.int8)
    if kind == 2:
        return rng.choice(np.array([-128, 127], np.int8), shape)
    return np.clip(np.cumsum(rng.normal(0, 6, int(np.prod(shape)))), -128, 127).astype(np.int8).reshape(shape)


def compare(name: str, begin: int, end: int) -> tuple[int, int]:
    """How many tensors and bytes were compared; raises at the first that differs."""
    file = (MODELS / name).read_bytes()
    model, reference = MoteModel(file), reference_interpreter(file, preserve=True)
    model.keep_tensors()
    shape = reference.get_input_details(0)["shape"]
    tensors = compared = 0
    for seed in range(begin, end):
        values = codes(seed, shape)
        reference.set_input(values, 0)
        reference.invoke()
        (output, *_) = model.invoke(values)
        for index, ours in model.tensors.items():
            theirs = reference_tensor(reference, index)
            if ours.dtype != theirs.dtype or not np.array_equal(ours.reshape(-1), theirs.reshape(-1)):
                raise AssertionError(
                    f"{name}, input {seed}: tensor {index} differs; run it again: "
                    f"MOTE_MLPERF_SEED={seed} MOTE_MLPERF_INPUTS=1 python -m pytest {__file__} -k {name}"
                )
            compared += ours.nbytes
        tensors += len(model.tensors)
        assert np.array_equal(output, reference.get_output(0))
    return tensors, compared


@pytest.mark.parametrize("name", NAMES)
def test_every_tensor_equals_the_reference(name):
    middle = FIRST + INPUTS // 2
    with ProcessPoolExecutor(2) as pool:
        halves = [pool.submit(compare, name, *half) for half in ((FIRST, middle), (middle, FIRST + INPUTS))]
        tensors, compared = (sum(counts) for counts in zip(*[half.result() for half in halves]))
    operators = {"ad01_int8": 10, "kws_ref_model": 13, "pretrainedResnet_quant": 16, "str_ww_ref_model": 11, "vww_96_int8": 31}
    print(f"{name}: {INPUTS} inputs, {tensors} tensors, {compared} bytes")
    assert tensors == INPUTS * operators[name.removesuffix(".tflite")]


def test_there_are_five_models():
    assert len(NAMES) == 5
