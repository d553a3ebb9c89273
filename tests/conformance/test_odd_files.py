"""Files that are not as most converters write them, and that the tflite-micro wheel runs: they load, and give its bytes.

Each case is asked of the wheel too, in a process of its own, for the wheel aborts on what it does not take.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from mote_library import MoteModel
from tflite_builder import INT8, Operator, Subgraph, Tensor, activation, build, constant

f32 = np.float32
RNG = np.random.default_rng(2026)

WORKER = """
import pickle, sys
sys.path.insert(0, sys.argv[1])
from cases import reference_steps
file, inputs = pickle.load(sys.stdin.buffer)
result = reference_steps(file, [inputs])[0]
sys.stdout.buffer.write(b"RESULT" + pickle.dumps(result))
"""


def codes(*shape):
    return RNG.integers(-128, 128, shape).astype(np.int8)


def reference(file: bytes, inputs) -> list[np.ndarray]:
    command = [sys.executable, "-c", WORKER, str(Path(__file__).parent)]
    done = subprocess.run(command, input=pickle.dumps((file, inputs)), capture_output=True)
    assert done.returncode == 0, f"the wheel does not take it: {done.stderr.decode()[-600:]}"
    return pickle.loads(done.stdout[done.stdout.index(b"RESULT") + 6 :])


CONV = dict(padding="SAME", stride_w=1, stride_h=1, activation="NONE")


def conv(name="CONV_2D", **build_options):
    """A convolution's tensors, to be changed, and its inputs; `run` builds it."""
    shape = [4, 3, 3, 2] if name == "CONV_2D" else [1, 3, 3, 4]
    channels_in = 2 if name == "CONV_2D" else 4
    scales = f32([0.01, 0.02, 0.015, 0.03])
    tensors = [
        activation([1, 5, 5, channels_in], f32(0.05), -3),
        constant(
            RNG.integers(-127, 128, shape).astype(np.int8), scales, quantized_dimension=0 if name == "CONV_2D" else 3
        ),
        constant(RNG.integers(-900, 900, 4).astype(np.int32), f32(0.05) * scales),
        activation([1, 5, 5, 4], f32(0.4), 10),
    ]
    options = CONV if name == "CONV_2D" else dict(CONV, depth_multiplier=1)
    return tensors, [Operator(name, [0, 1, 2], [3], options)], [codes(1, 5, 5, channels_in)]


def dense():
    tensors = [
        activation([2, 12], f32(0.05), -3),
        constant(codes(5, 12).clip(-127), f32([0.01])),
        constant(RNG.integers(-900, 900, 5).astype(np.int32), f32([0.0005])),
        activation([2, 5], f32(0.4), 10),
    ]
    return tensors, [Operator("FULLY_CONNECTED", [0, 1, 2], [3])], [codes(2, 12)]


def made(parts, **options):
    tensors, operators, inputs = parts
    return build(tensors, operators, [0], [3], **options), inputs


def changed(parts, change, **options):
    change(*parts[:2])
    return made(parts, **options)


def chain(outputs, inputs=(0,), more=None, **options):
    """RELU, then two operators on its output; tensors 0 to 3."""
    tensors = [activation([1, 6], f32(0.1), 3) for _ in range(4)] + (more or [])
    operators = [
        Operator("RELU", [0], [1]),
        Operator("ADD", [1, 1], [2], dict(activation="NONE")),
        Operator("ADD", [1, 2], [3], dict(activation="NONE")),
    ]
    return build(tensors, operators, list(inputs), list(outputs), **options), [codes(1, 6) for _ in inputs]


def moved(name, input_tensor, output_shape, constants=(), options=None, unquantized=True):
    tensors = [input_tensor, *constants, Tensor(list(output_shape), INT8)]
    if not unquantized:
        tensors[-1].scales, tensors[-1].zero_points = input_tensor.scales, input_tensor.zero_points
    last = len(tensors) - 1
    file = build(tensors, [Operator(name, list(range(last)), [last], options or {})], [0], [last])
    return file, [codes(*input_tensor.shape)]


def set_all(tensors, **fields):
    for tensor in tensors:
        for name, value in fields.items():
            setattr(tensor, name, value)


def other(number):
    """A graph that nothing uses."""
    tensors = [activation([1, number], f32(0.1), 3) for _ in range(2)]
    return Subgraph(tensors, [Operator("RELU", [0], [1])], [0], [1], name=f"g{number}")


i32 = lambda *values: constant(np.array(values, np.int32))
SCALAR = Tensor(None, 2, data=np.array([1], np.int32))

CASES = {
    "quantized dimension 3 on a bias": lambda: changed(
        conv("DEPTHWISE_CONV_2D"), lambda t, o: setattr(t[2], "quantized_dimension", 3)
    ),
    "quantized dimension 7 on weights with one scale": lambda: changed(
        dense(), lambda t, o: setattr(t[1], "quantized_dimension", 7)
    ),
    "a bias without quantization": lambda: changed(conv(), lambda t, o: set_all(t[2:3], scales=None, zero_points=None)),
    "a bias without quantization, dense": lambda: changed(
        dense(), lambda t, o: set_all(t[2:3], scales=None, zero_points=None)
    ),
    "no names": lambda: changed(conv(), lambda t, o: set_all(t, name=None)),
    "version 9 of an operator": lambda: changed(conv(), lambda t, o: setattr(o[0], "version", 9)),
    "version 12 of another": lambda: changed(dense(), lambda t, o: setattr(o[0], "version", 12)),
    "the bias left out by -1": lambda: changed(conv(), lambda t, o: setattr(o[0], "inputs", [0, 1, -1])),
    "the bias left out, dense": lambda: changed(dense(), lambda t, o: setattr(o[0], "inputs", [0, 1, -1])),
    "two inputs, no bias": lambda: changed(dense(), lambda t, o: setattr(o[0], "inputs", [0, 1])),
    "an unused subgraph": lambda: made(conv(), more_subgraphs=[other(5)]),
    "three unused subgraphs": lambda: made(dense(), more_subgraphs=[other(5), other(900), other(3)]),
    "the same subgraph twice": lambda: made(conv(), subgraphs=2),
    "metadata, signature and description": lambda: made(
        conv(),
        metadata={"min_runtime_version": b"2.1.0" + bytes(11), "": b"", "TFLITE_METADATA": bytes(range(256))},
        signature=("serving_default", {"x": 0}, {"y": 3}),
        description="what it is",
    ),
    "codes in the old field only": lambda: made(conv(), code_fields="old"),
    "codes in the new field only": lambda: made(dense(), code_fields="new"),
    "constants in buffer 0": lambda: in_first_buffer(),
    "buffers that are there and empty": lambda: changed(conv(), lambda t, o: set_all([t[0], t[3]], data=b"")),
    "a shape signature": lambda: changed(
        dense(), lambda t, o: (setattr(t[0], "shape_signature", [-1, 12]), setattr(t[3], "shape_signature", [-1, 5]))
    ),
    "an output that later operators read": lambda: chain([1, 3]),
    "an output listed twice": lambda: chain([3, 3]),
    "outputs in another order": lambda: chain([3, 2, 1]),
    "an input that nothing reads": lambda: chain([3], [0, 4], [activation([1, 6], f32(0.2), 0)]),
    "an unquantized input that nothing reads": lambda: chain([3], [0, 4], [Tensor([1, 6], INT8)]),
    "an output that is the input": lambda: chain([0, 3]),
    "a constant as output": lambda: chain([3, 4], [0], [constant(codes(1, 4), f32([0.1]))]),
    "a tensor that nothing uses": lambda: chain([3], [0], [activation([3, 0, 9], f32(0.1)), Tensor([1 << 20], 1)]),
    "an empty shape as vector": lambda: moved(
        "EXPAND_DIMS", activation([4], f32(0.1)), [4, 1], [Tensor([], 2, data=np.array([1], np.int32))], unquantized=False
    ),
    "an axis without a shape": lambda: moved("EXPAND_DIMS", activation([4], f32(0.1)), [4, 1], [SCALAR], unquantized=False),
    "RESHAPE without quantization": lambda: moved("RESHAPE", Tensor([2, 6], INT8), [3, 4], [i32(3, 4)]),
    "RESHAPE of quantized to unquantized": lambda: moved("RESHAPE", activation([2, 6], f32(0.1)), [3, 4], [i32(3, 4)]),
    "RESHAPE by its option alone": lambda: moved(
        "RESHAPE", activation([2, 6], f32(0.1)), [12], options=dict(new_shape=[-1]), unquantized=False
    ),
    "TRANSPOSE without quantization": lambda: moved("TRANSPOSE", Tensor([2, 6], INT8), [6, 2], [i32(1, 0)]),
    "SLICE without quantization": lambda: moved("SLICE", Tensor([2, 6], INT8), [1, 3], [i32(1, 2), i32(1, 3)]),
    "SQUEEZE without quantization": lambda: moved("SQUEEZE", Tensor([1, 6], INT8), [6]),
    "SPLIT's axis as a scalar": lambda: split(),
    "GATHER without quantization": lambda: moved("GATHER", Tensor([4, 3], INT8), [2, 3], [i32(3, 1)], dict(axis=0)),
    "MEAN with a scalar axis": lambda: moved(
        "MEAN", activation([1, 4, 4, 2], f32(0.1)), [1, 1, 4, 2], [SCALAR], dict(keep_dims=True), unquantized=False
    ),
    "ADD with a scalar": lambda: scalar_sum(),
    "no operators": lambda: (build([activation([1, 4], f32(0.1))], [], [0], [0]), [codes(1, 4)]),
}


def in_first_buffer():
    """Which most writers leave empty."""
    tensors, operators, inputs = conv()
    weights, tensors[1].data = tensors[1].data.tobytes(), None
    set_all([tensors[0], tensors[3]], data=b"")  # empty buffers of their own
    return made((tensors, operators, inputs), first_buffer=weights)


def split():
    axis = Tensor(None, 2, data=np.array([1], np.int32))
    tensors = [axis, activation([2, 6], f32(0.1), 4), activation([2, 3], f32(0.1), 4), activation([2, 3], f32(0.1), 4)]
    file = build(tensors, [Operator("SPLIT", [0, 1], [2, 3], dict(num_splits=2))], [1], [2, 3])
    return file, [codes(2, 6)]


def scalar_sum():
    scalar = Tensor(None, INT8, [f32(0.05)], [3], np.array([77], np.int8))
    tensors = [activation([2, 6], f32(0.1), 4), scalar, activation([2, 6], f32(0.2), 4)]
    return build(tensors, [Operator("ADD", [0, 1], [2], dict(activation="NONE"))], [0], [2]), [codes(2, 6)]


def check(file, inputs, expected):
    got = MoteModel(file).invoke(*inputs)
    assert len(got) == len(expected)
    for ours, theirs in zip(got, expected):
        assert ours.dtype == theirs.dtype and ours.size == theirs.size
        assert np.array_equal(ours.reshape(-1), theirs.reshape(-1))


@pytest.mark.parametrize("name", CASES)
def test_an_odd_file_runs_as_in_the_reference(name):
    file, inputs = CASES[name]()
    check(file, inputs, reference(file, inputs))


@pytest.mark.parametrize("distance", [0, 1, 2, 3, 7])
def test_constants_behind_the_flatbuffer_are_read_at_any_alignment(distance):
    """The wheel takes such tensors for activations and computes with what lies in its arena: here the same model with its
    constants within is the oracle, and LiteRT takes the file too."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    tensors, operators, inputs = conv()
    file = build(tensors, operators, [0], [3], data_after=distance)
    expected = reference(build(tensors, operators, [0], [3]), inputs)
    check(file, inputs, expected)
    litert = Interpreter(model_content=file, experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    litert.allocate_tensors()
    litert.set_tensor(litert.get_input_details()[0]["index"], inputs[0])
    litert.invoke()
    found = litert.get_tensor(litert.get_output_details()[0]["index"])
    assert np.abs(found.astype(int) - expected[0]).max() <= 1  # it rounds once where the contract rounds twice
