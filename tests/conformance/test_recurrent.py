"""SVDF, LSTM, BATCH_MATMUL and TRANSPOSE_CONV: how multipliers are formed, and which files are refused."""

from __future__ import annotations

import numpy as np
import pytest
from cases import reference_steps
from mote_library import MoteError, MoteModel
from test_operators import multiplier, requantize
from tflite_builder import INT16, INT32, Operator, activation, build, constant, variable

f32 = np.float32
STRUCTURE, TYPE, SHAPE, QUANTIZATION, OPTION, BUFFER, ACCUMULATOR = 4, 6, 7, 8, 9, 10, 13


def _telling_scales(rng, in_float):
    """Scales of two factors and a result, and a sum that a multiplier formed in double makes another code of."""
    while True:
        a, b = (f32(x) for x in rng.uniform(0.001, 0.1, 2))
        out = f32(float(a) * float(b) * rng.uniform(300, 400))
        right, wrong = multiplier(float(a) * float(b) / float(out)), multiplier(in_float(a, b, out))
        for code in range(1, 120):
            near = int((code + 0.5) * 2.0 ** (31 - right[1]) / right[0])
            for acc in range(near - 2, near + 3):
                if requantize(acc, *right) != requantize(acc, *wrong):
                    return a, b, out, acc, requantize(acc, *right)


def _factors(acc):
    """Codes whose products sum up to `acc`."""
    whole, rest = divmod(acc, 127)
    full, part = divmod(whole, 127)
    x = np.array([[127] * full + [part, rest]], np.int8)
    return x, np.array([[127] * full + [127, 1]], np.int8)


@pytest.mark.parametrize("seed", range(10))
def test_batch_matmul_forms_its_multiplier_in_double(seed):
    rng = np.random.default_rng([21, seed])
    a, b, out, acc, code = _telling_scales(rng, lambda a, b, out: float(f32(a * b)) / float(out))
    x, w = _factors(acc)
    tensors = [activation(x.shape, a, 0), constant(w, [b]), activation([1, 1], out, 0)]
    file = build(tensors, [Operator("BATCH_MATMUL", [0, 1], [2], dict(adj_y=True))], [0], [2])
    assert reference_steps(file, [[x]])[0][0] == code
    assert MoteModel(file).invoke(x)[0] == code


@pytest.mark.parametrize("seed", range(10))
def test_svdf_forms_its_multipliers_in_double(seed):
    rng = np.random.default_rng([22, seed])
    a, b, out, acc, code = _telling_scales(rng, lambda a, b, out: float(f32(f32(a * b) / out)))
    x, w = _factors(acc)
    tensors = [
        activation(x.shape, a, 0),
        constant(w, [b]),
        constant(np.array([[1]], np.int8), [f32(1)]),
        constant(np.array([0], np.int32), [out]),
        variable([1, 1], out, 0),
        activation([1, 1], out, 0),
    ]
    file = build(tensors, [Operator("SVDF", [0, 1, 2, 3, 4], [5], dict(rank=1))], [0], [5])
    assert reference_steps(file, [[x]])[0][0] == code
    assert MoteModel(file).invoke(x)[0] == code


def _ones(*shape, dtype=np.int8):
    return np.ones(shape, dtype)


def _svdf():
    tensors = [
        activation([1, 3], 0.1, 0),
        constant(_ones(4, 3), [0.1]),
        constant(_ones(4, 5), [0.1]),
        constant(_ones(2, dtype=np.int32), [0.01]),
        variable([1, 20], 0.1, 0),
        activation([1, 2], 0.1, 0),
    ]
    return tensors, Operator("SVDF", [0, 1, 2, 3, 4], [5], dict(rank=2)), [0]


def _lstm():
    tensors, inputs = [activation([2, 3, 4], 0.1, 0)], [0] + [-1] * 23
    kinds = [(range(1, 5), lambda: constant(_ones(5, 4), [0.01])), (range(5, 9), lambda: constant(_ones(5, 5), [0.01]))]
    kinds += [(range(12, 16), lambda: constant(_ones(5, dtype=np.int32), [0.001]))]
    kinds += [([18], lambda: variable([2, 5], 1 / 128, 0)), ([19], lambda: variable([2, 5], 2.0**-11, 0, INT16))]
    for positions, make in kinds:
        for position in positions:
            inputs[position] = len(tensors)
            tensors.append(make())
    tensors.append(activation([2, 3, 5], 1 / 128, 0))
    operator = Operator("UNIDIRECTIONAL_SEQUENCE_LSTM", inputs, [len(tensors) - 1], dict(activation="TANH"))
    return tensors, operator, [0]


def _batch_matmul():
    tensors = [activation([2, 3, 4], 0.1, 0), activation([2, 4, 5], 0.1, 0), activation([2, 3, 5], 0.1, 0)]
    return tensors, Operator("BATCH_MATMUL", [0, 1], [2]), [0, 1]


def _transpose_conv():
    tensors = [
        constant(np.array([1, 4, 4, 2], np.int32)),
        constant(_ones(2, 3, 3, 1), [0.1]),
        activation([1, 2, 2, 1], 0.1, 0),
        constant(_ones(2, dtype=np.int32), [0.01]),
        activation([1, 4, 4, 2], 0.1, 0),
    ]
    return tensors, Operator("TRANSPOSE_CONV", [0, 1, 2, 3], [4], dict(padding="SAME", stride_h=2, stride_w=2)), [2]


def _set(**fields):
    def change(tensors, operator):
        for name, value in fields.items():
            setattr(operator, name, value) if hasattr(operator, name) else operator.options.__setitem__(name, value)

    return change


def _tensor(position, tensor=None, **fields):
    """Replaces an input (-1: the output), or fields of it."""

    def change(tensors, operator):
        index = operator.outputs[0] if position == -1 else operator.inputs[position]
        if tensor is not None:
            tensors[index] = tensor
        for name, value in fields.items():
            setattr(tensors[index], name, value)

    return change


def _also(position, tensor=None):
    """Gives an input that was left out, or (None) leaves one out."""

    def change(tensors, operator):
        operator.inputs = list(operator.inputs)
        operator.inputs[position] = -1 if tensor is None else len(tensors)
        if tensor is not None:
            tensors.append(tensor)

    return change


MOST = np.iinfo(np.int32).max
BAD = {
    "svdf: a rank of 0": (_svdf, _set(rank=0), OPTION),
    "svdf: a rank that does not divide the filters": (_svdf, _set(rank=3), OPTION),
    "svdf: a negative rank": (_svdf, _set(rank=-2), OPTION),
    "svdf: a state that is no variable": (_svdf, _tensor(4, is_variable=False), STRUCTURE),
    "svdf: a state of another size": (_svdf, _tensor(4, shape=[1, 16]), SHAPE),
    "svdf: a state of another type": (_svdf, _tensor(4, variable([1, 20], 0.1, 0, INT16)), TYPE),
    "svdf: a state left out": (_svdf, _also(4), STRUCTURE),
    "svdf: a bias of another size": (_svdf, _tensor(3, constant(_ones(3, dtype=np.int32), [0.01])), SHAPE),
    "svdf: feature weights of other filters": (_svdf, _tensor(1, constant(_ones(2, 3), [0.1])), SHAPE),
    "svdf: feature weights that are no constant": (_svdf, _tensor(1, variable([4, 3], 0.1, 0)), BUFFER),
    "svdf: feature weights of several scales": (_svdf, _tensor(1, constant(_ones(4, 3), [0.1] * 4)), QUANTIZATION),
    "svdf: a sum of features that is multiplied out of range": (_svdf, _tensor(4, scales=[1e-10]), ACCUMULATOR),
    "svdf: a multiplier out of range": (_svdf, _tensor(4, scales=[1e-20]), QUANTIZATION),
    "svdf: an input of three dimensions": (_svdf, _tensor(0, shape=[1, 1, 3]), SHAPE),
    "svdf: an output of another size": (_svdf, _tensor(-1, shape=[1, 3]), SHAPE),
    "lstm: a peephole": (_lstm, _also(9, constant(_ones(5), [0.1])), OPTION),
    "lstm: a projection": (_lstm, _also(16, constant(_ones(5, 5), [0.1])), OPTION),
    "lstm: a layer norm": (_lstm, _also(20, constant(_ones(5), [0.1])), OPTION),
    "lstm: a gate without bias": (_lstm, _also(13), STRUCTURE),
    "lstm: a hidden state left out": (_lstm, _also(18), STRUCTURE),
    "lstm: RELU for TANH": (_lstm, _set(activation="RELU"), OPTION),
    "lstm: diagonal recurrent weights": (_lstm, _set(diagonal_recurrent_tensors=True), OPTION),
    "lstm: time and batch exchanged": (_lstm, _set(time_major=True), SHAPE),
    "lstm: a cell state of int8": (_lstm, _tensor(19, variable([2, 5], 2.0**-11, 0)), TYPE),
    "lstm: a cell state that is no variable": (_lstm, _tensor(19, is_variable=False), STRUCTURE),
    "lstm: a cell state of another size": (_lstm, _tensor(19, shape=[2, 4]), SHAPE),
    "lstm: a cell scale halfway between powers of two": (_lstm, _tensor(19, scales=[2.0**-10.5]), QUANTIZATION),
    "lstm: a cell scale of 8": (_lstm, _tensor(19, scales=[8.0]), QUANTIZATION),
    "lstm: a hidden scale far too small": (_lstm, _tensor(18, scales=[2.0**-31]), QUANTIZATION),
    "lstm: weights of several scales": (_lstm, _tensor(1, constant(_ones(5, 4), [0.01] * 5)), QUANTIZATION),
    "lstm: weights for other units": (_lstm, _tensor(6, constant(_ones(4, 5), [0.01])), SHAPE),
    "lstm: weights with a zero point": (_lstm, _tensor(2, zero_points=[1]), QUANTIZATION),
    "lstm: a bias of int16": (_lstm, _tensor(12, constant(_ones(5, dtype=np.int16), [0.001])), TYPE),
    "lstm: a bias that overflows": (_lstm, _tensor(14, constant(np.full(5, MOST, np.int32), [0.001])), ACCUMULATOR),
    "lstm: an output of other steps": (_lstm, _tensor(-1, shape=[2, 4, 5]), SHAPE),
    "svdf: four inputs": (_svdf, _set(inputs=[0, 1, 2, 3]), STRUCTURE),
    "svdf: an input without quantization": (_svdf, _tensor(0, scales=None, zero_points=None), QUANTIZATION),
    "svdf: time weights that are no constant": (_svdf, _tensor(2, variable([4, 5], 0.1, 0)), BUFFER),
    "svdf: feature weights of other features": (_svdf, _tensor(1, constant(_ones(4, 2), [0.1])), SHAPE),
    "svdf: feature weights of scale 0": (_svdf, _tensor(1, scales=[0.0]), QUANTIZATION),
    "svdf: a state of other batches": (_svdf, _tensor(4, shape=[2, 20]), SHAPE),
    "svdf: a state of three dimensions": (_svdf, _tensor(4, shape=[1, 4, 5]), SHAPE),
    "svdf: an output of other batches": (_svdf, _tensor(-1, shape=[2, 2]), SHAPE),
    "svdf: an output of one dimension": (_svdf, _tensor(-1, shape=[2]), SHAPE),
    "svdf: an output of int16": (_svdf, _tensor(-1, type=INT16), TYPE),
    "svdf: an output's multiplier out of range": (_svdf, _tensor(-1, scales=[1e-20]), QUANTIZATION),
    "lstm: 23 inputs": (_lstm, lambda tensors, operator: operator.inputs.pop(), STRUCTURE),
    "lstm: an input of two dimensions": (_lstm, _tensor(0, shape=[6, 4]), SHAPE),
    "lstm: an input of scale 0": (_lstm, _tensor(0, scales=[0.0]), QUANTIZATION),
    "lstm: an output of int16": (_lstm, _tensor(-1, type=INT16), TYPE),
    "lstm: an output of two dimensions": (_lstm, _tensor(-1, shape=[6, 5]), SHAPE),
    "lstm: an output of other batches": (_lstm, _tensor(-1, shape=[3, 3, 5]), SHAPE),
    "lstm: a hidden state of other units": (_lstm, _tensor(18, shape=[2, 4]), SHAPE),
    "lstm: a hidden state that is no variable": (_lstm, _tensor(18, is_variable=False), STRUCTURE),
    "lstm: a cell scale of 2^-31": (_lstm, _tensor(19, scales=[2.0**-31]), QUANTIZATION),
    "lstm: a cell scale of 2^-30": (_lstm, _tensor(19, scales=[2.0**-30]), QUANTIZATION),
    "lstm: weights for other features": (_lstm, _tensor(3, constant(_ones(5, 3), [0.01])), SHAPE),
    "lstm: weights of scale 0": (_lstm, _tensor(4, scales=[0.0]), QUANTIZATION),
    "lstm: weights of a scale out of range": (_lstm, _tensor(7, scales=[1e20]), QUANTIZATION),
    "lstm: a bias of two dimensions": (_lstm, _tensor(15, shape=[1, 5]), SHAPE),
    "lstm: a bias of another size": (_lstm, _tensor(15, constant(_ones(4, dtype=np.int32), [0.001])), SHAPE),
    "batch_matmul: an output without quantization": (
        _batch_matmul,
        _tensor(-1, scales=None, zero_points=None),
        QUANTIZATION,
    ),
    "batch_matmul: an output of other rows": (_batch_matmul, _tensor(-1, shape=[2, 2, 5]), SHAPE),
    "batch_matmul: an output of more batches": (_batch_matmul, _tensor(-1, shape=[2, 1, 1, 2, 3, 5]), SHAPE),
    "transpose_conv: an input of three dimensions": (_transpose_conv, _tensor(2, shape=[2, 2, 1]), SHAPE),
    "transpose_conv: an input of scale 0": (_transpose_conv, _tensor(2, scales=[0.0]), QUANTIZATION),
    "transpose_conv: an output of three dimensions": (_transpose_conv, _tensor(-1, shape=[4, 4, 2]), SHAPE),
    "transpose_conv: an output of int16": (_transpose_conv, _tensor(-1, type=INT16), TYPE),
    "transpose_conv: weights of scale 0": (_transpose_conv, _tensor(1, scales=[0.0]), QUANTIZATION),
    "transpose_conv: VALID for an output that is smaller than the filter": (
        _transpose_conv,
        lambda tensors, operator: (
            _set(padding="VALID", stride_h=1)(tensors, operator),
            _tensor(-1, shape=[1, 1, 4, 2])(tensors, operator),
        ),
        SHAPE,
    ),
    "transpose_conv: a bias that overflows downwards": (
        _transpose_conv,
        _tensor(3, constant(np.full(2, -MOST, np.int32), [0.01])),
        ACCUMULATOR,
    ),
    "transpose_conv: a sum that is multiplied out of range": (_transpose_conv, _tensor(-1, scales=[1e-9]), ACCUMULATOR),
    "batch_matmul: depths that differ": (_batch_matmul, _set(adj_x=True), SHAPE),
    "batch_matmul: one dimension": (_batch_matmul, _tensor(1, shape=[4]), SHAPE),
    "batch_matmul: six dimensions": (_batch_matmul, _tensor(0, shape=[1, 1, 1, 2, 3, 4]), SHAPE),
    "batch_matmul: batches that do not broadcast": (_batch_matmul, _tensor(1, shape=[3, 4, 5]), SHAPE),
    "batch_matmul: an output of other columns": (_batch_matmul, _tensor(-1, shape=[2, 3, 4]), SHAPE),
    "batch_matmul: an output of fewer dimensions": (_batch_matmul, _tensor(-1, shape=[6, 5]), SHAPE),
    "batch_matmul: factors of two types": (_batch_matmul, _tensor(1, type=INT16), TYPE),
    "batch_matmul: a sum that is multiplied out of range": (_batch_matmul, _tensor(-1, scales=[1e-8]), ACCUMULATOR),
    "batch_matmul: a multiplier out of range": (_batch_matmul, _tensor(-1, scales=[1e-20]), QUANTIZATION),
    "transpose_conv: a stride of 0": (_transpose_conv, _set(stride_w=0), OPTION),
    "transpose_conv: a padding that is none": (_transpose_conv, _set(padding=2), OPTION),
    "transpose_conv: other input channels": (_transpose_conv, _tensor(2, shape=[1, 2, 2, 2]), SHAPE),
    "transpose_conv: other output channels": (_transpose_conv, _tensor(-1, shape=[1, 4, 4, 3]), SHAPE),
    "transpose_conv: other batches": (_transpose_conv, _tensor(-1, shape=[2, 4, 4, 2]), SHAPE),
    "transpose_conv: weights of three dimensions": (_transpose_conv, _tensor(1, constant(_ones(2, 3, 3), [0.1])), SHAPE),
    "transpose_conv: a bias of another size": (
        _transpose_conv,
        _tensor(3, constant(_ones(3, dtype=np.int32), [0.01])),
        SHAPE,
    ),
    "transpose_conv: a bias that overflows": (
        _transpose_conv,
        _tensor(3, constant(np.full(2, MOST, np.int32), [0.01])),
        ACCUMULATOR,
    ),
    "transpose_conv: a multiplier out of range": (_transpose_conv, _tensor(-1, scales=[1e-20]), QUANTIZATION),
    "transpose_conv: an activation that is none": (_transpose_conv, _set(activation=9), OPTION),
    "transpose_conv: a shape of int8": (_transpose_conv, _tensor(0, constant(_ones(4), [0.1])), TYPE),
}


@pytest.mark.parametrize("what", BAD)
def test_refuses(what):
    make, change, status = BAD[what]
    tensors, operator, inputs = make()
    MoteModel(build(tensors, [operator], inputs, operator.outputs))
    change(tensors, operator)
    with pytest.raises(MoteError) as error:
        MoteModel(build(tensors, [operator], inputs, operator.outputs))
    assert error.value.status == status, error.value


def test_the_shape_of_a_transposed_convolution_may_come_at_run_time():
    tensors, operator, inputs = _transpose_conv()
    tensors[0] = activation([4], type=INT32)
    x = np.arange(4, dtype=np.int8).reshape(1, 2, 2, 1)
    shape = np.array([1, 4, 4, 2], np.int32)
    file = build(tensors, [operator], [0, *inputs], operator.outputs)
    assert (MoteModel(file).invoke(shape, x)[0] == reference_steps(file, [[shape, x]])[0][0]).all()


def test_weights_are_read_where_their_number_alone_proves_nothing():
    """Biases near the end of int32: small weights leave room for them, large ones do not."""
    bias = np.full(5, MOST - 2000, np.int32)
    for weight, fits in ((1, True), (-128, False)):
        tensors, operator, inputs = _lstm()
        tensors[operator.inputs[1]] = constant(np.full((5, 4), weight, np.int8), [1e-4])
        tensors[operator.inputs[12]] = constant(bias, [1e-5])
        file = build(tensors, [operator], inputs, operator.outputs)
        if fits:
            MoteModel(file)
        else:
            with pytest.raises(MoteError) as error:
                MoteModel(file)
            assert error.value.status == ACCUMULATOR


@pytest.mark.parametrize("clip", [np.inf, 1e30, 15.9, 2.0**-11, 2.0**-12, 0.0, -1.0, np.nan])
def test_the_cell_state_is_clamped_as_in_the_reference(clip):
    tensors, operator, inputs = _lstm()
    for position in (1, 2, 3, 4):
        tensors[operator.inputs[position]].scales = [0.3]
    operator.options["cell_clip"] = clip
    file = build(tensors, [operator], inputs, operator.outputs)
    rng = np.random.default_rng(5)
    steps = [[rng.integers(-128, 128, tensors[0].shape).astype(np.int8)] for _ in range(4)]
    model = MoteModel(file)
    for inputs, expected in zip(steps, reference_steps(file, steps)):
        assert (model.invoke(*inputs)[0] == expected[0]).all()
