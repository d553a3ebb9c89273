"""What random models of the operators on single elements hardly meet: files that must be refused, each with its status, inputs that
are one tensor, and constants at any alignment."""

from __future__ import annotations

import numpy as np
import pytest
from cases import reference_steps
from mote_library import MoteError, MoteModel
from tflite_builder import FLOAT32, INT8, INT16, INT32, Operator, activation, build, constant

f32 = np.float32
TYPE, SHAPE, QUANTIZATION, OPTION, ACCUMULATOR = 6, 7, 8, 9, 13
DTYPES = {INT8: np.int8, INT16: np.int16}
TIED_OUTPUTS = {
    ("LOGISTIC", INT8): (1 / 256, -128),
    ("TANH", INT8): (1 / 128, 0),
    ("SOFTMAX", INT8): (1 / 256, -128),
    ("LOGISTIC", INT16): (1 / 32768, 0),
    ("TANH", INT16): (1 / 32768, 0),
    ("SOFTMAX", INT16): (1 / 32768, 0),
}
UNARY = ["RELU", "RELU6", "LEAKY_RELU", "ABS", "QUANTIZE", "LOGISTIC", "TANH", "SOFTMAX"]
UNARY8 = ["RELU_N1_TO_1", "HARD_SWISH", "ELU", "NEG", "RSQRT"]
BINARY = ["ADD", "SUB", "MUL", "MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE", "PRELU"]
BOTH = [INT8, INT16]
ALL_UNARY = [(name, type) for name in UNARY for type in BOTH] + [(name, INT8) for name in UNARY8]
ALL_BINARY = [(name, type) for name in BINARY for type in BOTH]


def codes(shape, type=INT8, scale=0.125, zero_point=0):
    return activation(list(shape), f32(scale), zero_point, type)


def one(name, inputs, output, **options):
    """A model of one operator; tensors without data are the graph's inputs."""
    feeds = [i for i, t in enumerate(inputs) if t.data is None]
    operator = Operator(name, list(range(len(inputs))), [len(inputs)], options)
    return build([*inputs, output], [operator], feeds, operator.outputs)


def refuses(file, status):
    with pytest.raises(MoteError) as error:
        MoteModel(file)
    assert error.value.status == status, error.value


def options_(name):
    return dict(beta=1.0) if name == "SOFTMAX" else dict(alpha=0.25) if name == "LEAKY_RELU" else {}


def unary(name, type, /, input=None, **output):
    scale, zero_point = TIED_OUTPUTS.get((name, type), (0.125, 0))
    output = {**dict(shape=[2, 3], type=type, scale=scale, zero_point=zero_point), **output}
    return one(name, [input or codes([2, 3], type)], codes(**output), **options_(name))


def binary(name, type, /, a=None, b=None, **output):
    b = b or codes([3], INT8 if name == "PRELU" else type)
    return one(name, [a or codes([2, 3], type), b], codes(**{**dict(shape=[2, 3], type=type), **output}))


@pytest.mark.parametrize("name,type", ALL_UNARY)
def test_operators_of_one_input_refuse_other_types_shapes_and_quantizations(name, type):
    MoteModel(unary(name, type))
    refuses(unary(name, type, shape=[3, 2]), SHAPE)
    refuses(unary(name, type, shape=[2, 3, 1]), SHAPE)
    if name != "QUANTIZE":
        refuses(unary(name, type, type=INT32), TYPE)
        refuses(unary(name, type, activation([2, 3], type=FLOAT32)), TYPE)
    refuses(unary(name, type, activation([2, 3], type=type)), QUANTIZATION)
    refuses(unary(name, type, scale=0.0), QUANTIZATION)
    if (name, type) in TIED_OUTPUTS:
        scale, zero_point = TIED_OUTPUTS[name, type]
        refuses(unary(name, type, scale=scale * 1.01), QUANTIZATION)
        refuses(unary(name, type, zero_point=zero_point + 1), QUANTIZATION)
    if (name, type) not in TIED_OUTPUTS and name not in ("ELU", "RSQRT"):
        refuses(unary(name, type, codes([2, 3], type, 1e20), scale=1e-20), QUANTIZATION)


@pytest.mark.parametrize("name,type", ALL_BINARY)
def test_operators_of_two_inputs_refuse_other_types_shapes_and_quantizations(name, type):
    MoteModel(binary(name, type))
    refuses(binary(name, type, shape=[3, 2]), SHAPE)
    refuses(binary(name, type, b=codes([2], INT8 if name == "PRELU" else type)), SHAPE)
    refuses(binary(name, type, type=INT32), TYPE)
    refuses(binary(name, type, b=codes([3], INT16 if name == "PRELU" or type == INT8 else INT8)), TYPE)
    refuses(binary(name, type, activation([2, 3], type=type)), QUANTIZATION)
    refuses(binary(name, type, scale=1e-20), QUANTIZATION)
    if name in ("ADD", "SUB", "MUL"):
        file = one(name, [codes([2], type), codes([2], type)], codes([2], type), activation="TANH")
        refuses(file, OPTION)


@pytest.mark.parametrize("type", BOTH)
def test_softmax_refuses_long_rows_scalars_and_beta_0(type):
    scale, zero_point = TIED_OUTPUTS["SOFTMAX", type]
    make = lambda shape, **options: one("SOFTMAX", [codes(shape, type)], codes(shape, type, scale, zero_point), **options)
    refuses(make([4096 if type == INT8 else 65536], beta=1.0), ACCUMULATOR)
    refuses(make([], beta=1.0), SHAPE)
    refuses(make([2], beta=0.0), OPTION)


@pytest.mark.parametrize("name,type", ALL_BINARY)
def test_a_tensor_may_be_both_inputs_and_a_constant_at_any_alignment_either(name, type):
    x = np.random.default_rng(3).integers(-128, 128, (2, 3)).astype(DTYPES[type])
    if name != "PRELU" or type == INT8:
        file = build([codes(x.shape, type), codes(x.shape, type)], [Operator(name, [0, 0], [1])], [0], [1])
        assert np.array_equal(MoteModel(file).invoke(x)[0], reference_steps(file, [[x]])[0][0])
    y = x.astype(np.int8 if name == "PRELU" else x.dtype)
    for position, values in ((0, x), (1, y)):
        for after in range(4):
            tensors = [codes(x.shape, type), codes(x.shape, INT8 if name == "PRELU" else type), codes(x.shape, type)]
            tensors[position] = constant(values, [f32(0.125)], [0])
            fed = 1 - position
            file = build(tensors, [Operator(name, [0, 1], [2])], [fed], [2], data_after=after)
            other = y if fed else x
            aligned = build(tensors, [Operator(name, [0, 1], [2])], [fed], [2])
            assert np.array_equal(MoteModel(file).invoke(other)[0], reference_steps(aligned, [[other]])[0][0])
