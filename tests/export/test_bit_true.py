"""What training printed is what the file does: every epoch's file, every sample, every byte, in a runtime not our own.

MOTE_BUILD_DIR names the build folder (default: build), which has the target trained_cases.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import tflite_micro

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("MOTE_BUILD_DIR", "build")
SEEDS, FLOAT_EPOCHS, QUANTIZED_EPOCHS = 3, 4, 3


def in_tflite_micro(model: Path, inputs: np.ndarray) -> np.ndarray:
    interpreter = tflite_micro.runtime.Interpreter.from_bytes(model.read_bytes())
    outputs = []
    for sample in inputs:
        interpreter.set_input(sample[np.newaxis], 0)
        interpreter.invoke()
        outputs.append(interpreter.get_output(0)[0].copy())
    return np.stack(outputs)


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    program = BUILD / "tests" / "export" / "trained_cases"
    assert program.exists(), f"{program} is missing: build the target trained_cases, or set MOTE_BUILD_DIR"
    folder = tmp_path_factory.mktemp("trained")
    done = subprocess.run(
        [program, folder, str(SEEDS), str(FLOAT_EPOCHS), str(QUANTIZED_EPOCHS)],
        check=True, stdout=subprocess.PIPE, text=True,
    )
    rows = json.loads(done.stdout)
    assert len(rows) == 2 * SEEDS * QUANTIZED_EPOCHS
    return folder, rows


def test_every_epochs_file_has_the_accuracy_that_the_epoch_printed(cases):
    folder, rows = cases
    inputs, labels = np.load(folder / "test.npy"), np.load(folder / "labels.npy")
    for row in rows:
        outputs = in_tflite_micro(folder / f"{row['model']}.tflite", inputs)
        expected = np.load(folder / f"{row['model']}.codes.npy")
        assert np.array_equal(outputs, expected), row
        assert np.mean(outputs.argmax(1) == labels) == row["printed_accuracy"], row
        assert row["host_accuracy"] == row["printed_accuracy"], row
        assert row["host_equal"] == 1.0, row


def test_all_samples_of_the_data_have_equal_codes_in_training_and_in_the_file(cases):
    folder, rows = cases
    inputs = np.load(folder / "all.npy")
    assert len(inputs) == 1797
    last = [row for row in rows if row["epoch"] == QUANTIZED_EPOCHS]
    assert len(last) == 2 * SEEDS
    for row in last:
        expected = np.load(folder / f"{row['model']}.all.npy")
        outputs = in_tflite_micro(folder / f"{row['model']}.tflite", inputs)
        assert (outputs == expected).all(1).mean() == 1.0, row
        assert row["host_equal_all"] == 1.0, row
        assert len(np.unique(outputs.argmax(1))) == 10  # a network that has learnt something


def test_every_tensor_of_the_training_pass_is_the_files_tensor(cases):
    folder, rows = cases
    inputs = np.load(folder / "test.npy")
    for row in rows:
        if row["epoch"] != QUANTIZED_EPOCHS or row["seed"] != 1:
            continue
        interpreter = tflite_micro.runtime.Interpreter.from_bytes(
            (folder / f"{row['model']}.tflite").read_bytes(),
            intrepreter_config=tflite_micro.runtime.InterpreterConfig.kPreserveAllTensors,
        )
        with np.load(folder / f"{row['model']}.tensors.npz") as archive:
            every = dict(archive)
        assert len(every) >= 5
        for n, sample in enumerate(inputs):
            interpreter.set_input(sample[np.newaxis], 0)
            interpreter.invoke()
            for index, expected in every.items():
                found = interpreter.GetTensor(int(index), 0)["tensor_data"].reshape(-1)
                assert np.array_equal(found, expected[n].reshape(-1)), (row["model"], index, n)
