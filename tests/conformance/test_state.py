"""State: what models keep between inferences, how it begins, and which files are refused."""

from __future__ import annotations

import numpy as np
import pytest
from cases import case, reference_steps
from mote_library import MoteError, MoteModel
from models_recurrent import svdf_model
from test_operators import differences
from tflite_builder import INT8, INT16, RESOURCE, Operator, Subgraph, Tensor, activation, build, constant

STATEFUL = [
    "assign_variable",
    "call_once",
    "read_variable",
    "svdf",
    "svdf_int16",
    "unidirectional_sequence_lstm",
    "unidirectional_sequence_lstm_int16",
    "var_handle",
]
STRUCTURE, OPERATOR, TYPE, SHAPE, OPTION, BUFFER = 4, 5, 6, 7, 9, 10


@pytest.mark.parametrize("operator", STATEFUL)
def test_reset_gives_a_fresh_model(operator):
    for seed in range(40):
        one = case(operator, seed)
        model = MoteModel(one.file)
        first = [model.invoke(*inputs) for inputs in one.steps]
        for _ in range(2):
            model.reset()
            for step, inputs in enumerate(one.steps):
                assert not differences(model.invoke(*inputs), first[step]), f"seed {seed}, step {step}"


@pytest.mark.parametrize("state_type", [INT8, INT16])
def test_svdf_without_a_bias_is_svdf_with_a_bias_of_0(state_type):
    """The reference's file format lets the bias out, its kernel does not."""
    for seed in range(20):
        models = [svdf_model(np.random.default_rng([11, seed]), state_type, left_out) for left_out in (False, True)]
        outputs = [[MoteModel(file).invoke(*inputs) for inputs in steps] for file, steps in models]
        expected = reference_steps(*models[0])
        for step, (with_bias, without) in enumerate(zip(*outputs)):
            assert not differences(without, with_bias), f"seed {seed}, step {step}"
        assert not differences(outputs[0][0], expected[0])


def _handle(name, output) -> Operator:
    return Operator("VAR_HANDLE", [], [output], dict(shared_name=name) if name is not None else {})


def _memory(**changes) -> bytes:
    """A model that gives out its previous input; `changes` make it a bad one."""
    shape = changes.get("shape", [1, 4])
    tensors = [
        activation([1, 4], 0.5, 3),
        Tensor(changes.get("handle_shape", []), changes.get("handle_type", RESOURCE)),
        activation(shape, 0.5, 3),
    ]
    tensors[1].is_variable = changes.get("handle_is_variable", False)
    operators = [
        _handle(changes.get("name", "v"), 1),
        Operator("READ_VARIABLE", [1], [2]),
        Operator("ASSIGN_VARIABLE", [1, 0], []),
    ]
    more = changes.get("more")
    if more is not None:
        operators.insert(0, Operator("CALL_ONCE", [], [], dict(init_subgraph_index=changes.get("index", 1))))
    operators = changes.get("order", lambda all: all)(operators)
    return build(tensors, operators, [0], [2], more_subgraphs=more)


def _initial(value=None, operators=None) -> list[Subgraph]:
    value = constant(np.array([[1, 2, 3, 4]], np.int8), [0.5], [3]) if value is None else value
    made = [_handle("v", 0), Operator("ASSIGN_VARIABLE", [0, 1], [])]
    return [Subgraph([Tensor([], RESOURCE), value], made if operators is None else operators)]


def test_a_variable_begins_at_its_zero_point_or_with_what_call_once_gives():
    x = np.array([[9, 8, 7, 6]], np.int8)
    for more, first in ((None, [[3, 3, 3, 3]]), (_initial(), [[1, 2, 3, 4]])):
        model = MoteModel(_memory(more=more))
        assert model.invoke(x)[0].tolist() == first
        assert model.invoke(x)[0].tolist() == x.tolist()
        model.reset()
        assert model.invoke(x)[0].tolist() == first


def test_variables_of_one_name_in_two_containers_are_two():
    """The wheel counts names alone and has no room for the second: the two values must not meet."""
    tensors = [activation([1, 4], 0.5, 3), activation([2], 0.5, 4)]
    operators, outputs = [], []
    for value, container in enumerate(["left", "right"]):
        handle, output = len(tensors), len(tensors) + 1
        tensors += [Tensor([], RESOURCE), activation(tensors[value].shape, 0.5, 3)]
        operators += [
            Operator("VAR_HANDLE", [], [handle], dict(container=container, shared_name="v")),
            Operator("READ_VARIABLE", [handle], [output]),
            Operator("ASSIGN_VARIABLE", [handle, value], []),
        ]
        outputs.append(output)
    model = MoteModel(build(tensors, operators, [0, 1], outputs))
    x, y = np.array([[9, 8, 7, 6]], np.int8), np.array([5, 4], np.int8)
    assert [output.tolist() for output in model.invoke(x, y)] == [[[3, 3, 3, 3]], [4, 4]]
    assert [output.tolist() for output in model.invoke(x, y)] == [x.tolist(), y.tolist()]


BAD = {
    "a variable that is read with another size": (dict(shape=[1, 5]), SHAPE),
    "a variable that nothing assigns": (dict(order=lambda all: all[:2]), STRUCTURE),
    "a variable that is read before its handle is made": (dict(order=lambda all: [all[1], all[0], all[2]]), STRUCTURE),
    "a variable without a name": (dict(name=None), OPTION),
    "a handle of several elements": (dict(handle_shape=[2]), SHAPE),
    "a handle that is made twice": (dict(order=lambda all: [all[0], _handle("w", 1)] + all[1:]), STRUCTURE),
    "a subgraph that calls itself": (dict(more=_initial(), index=0), OPTION),
    "a subgraph that is not there": (dict(more=_initial(), index=2), STRUCTURE),
    "an initial value of another size": (dict(more=_initial(constant(np.zeros([1, 3], np.int8), [0.5], [3]))), SHAPE),
    "an initial value that is not in the file": (dict(more=_initial(activation([1, 4], 0.5, 3))), BUFFER),
    "an initial value for a handle that nothing makes": (
        dict(more=_initial(operators=[Operator("ASSIGN_VARIABLE", [0, 1], [])])),
        STRUCTURE,
    ),
    "an initial value that is a variable's handle": (dict(more=_initial(Tensor([], RESOURCE, data=bytes(4)))), TYPE),
    "an assignment of nothing": (
        dict(more=_initial(operators=[_handle("v", 0), Operator("ASSIGN_VARIABLE", [0], [])])),
        STRUCTURE,
    ),
    "an assignment that gives something": (
        dict(more=_initial(operators=[_handle("v", 0), Operator("ASSIGN_VARIABLE", [0, 1], [1])])),
        STRUCTURE,
    ),
    "a handle that is a variable tensor": (
        dict(order=lambda all: [Operator("READ_VARIABLE", [1], [2])], handle_is_variable=True),
        STRUCTURE,
    ),
    "an initialization that computes": (dict(more=_initial(operators=[Operator("RELU", [1], [0])])), OPERATOR),
}


@pytest.mark.parametrize("what", BAD)
def test_refuses(what):
    changes, status = BAD[what]
    with pytest.raises(MoteError) as error:
        MoteModel(_memory(**changes))
    assert error.value.status == status
