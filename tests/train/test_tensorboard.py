"""Event files as TensorBoard itself reads them. MOTE_TRAIN_KILLEE names the training program."""
import os
import struct
import subprocess
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

KILLEE = os.environ.get("MOTE_TRAIN_KILLEE", "")
EPOCHS = 24
TAGS = ["learning_rate", "train/loss", "train/metric", "validation/loss", "validation/metric"]

pytestmark = pytest.mark.skipif(not KILLEE, reason="run by ctest, which names MOTE_TRAIN_KILLEE")


def scalars(folder):
    events = EventAccumulator(str(folder))
    events.Reload()
    return {tag: [(e.step, e.value) for e in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


def train(folder, kill_after=None):
    """Runs (or resumes) in `folder`; kills after so many steps. True when the run came to its end."""
    command = [KILLEE, folder / "run.ckpt", folder / "run.bin", "--tensorboard", folder / "events"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, bufsize=0) as child:
        steps = 0
        while child.stdout.read(1):
            steps += 1
            if steps == kill_after:
                child.kill()
                break
        child.stdout.read()
        return child.wait() == 0


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    assert train(folder)
    return folder


def test_every_epoch_has_its_scalars_exactly_as_the_history_says(undisturbed):
    got = scalars(undisturbed / "events")
    assert sorted(got) == TAGS
    history = (undisturbed / "run.bin").read_bytes().split(b"\nbest")[0].decode().splitlines()
    assert len(history) == EPOCHS
    columns = ["train/loss", "train/metric", "validation/loss", "validation/metric", "learning_rate"]
    for number, line in enumerate(history):
        for tag, text in zip(columns, line.split()[1:]):
            as_float32 = struct.unpack("f", struct.pack("f", float.fromhex(text)))[0]
            assert got[tag][number] == (number + 1, as_float32)


def test_a_killed_and_resumed_run_shows_every_step_once(undisturbed, tmp_path):
    kills = 0
    for steps in (130, 300, 260, 700, 129, 390):  # an epoch is 128 steps
        assert not train(tmp_path, kill_after=steps)
        kills += 1
    assert train(tmp_path)
    assert len(list((tmp_path / "events").iterdir())) == kills + 1
    assert scalars(tmp_path / "events") == scalars(undisturbed / "events")
    assert (tmp_path / "run.bin").read_bytes() == (undisturbed / "run.bin").read_bytes()


def test_epochs_that_were_written_but_not_kept_are_superseded(undisturbed, tmp_path):
    assert not train(tmp_path, kill_after=3 * 128 + 40)
    early = (tmp_path / "run.ckpt").read_bytes()
    assert not train(tmp_path, kill_after=6 * 128)
    (tmp_path / "run.ckpt").write_bytes(early)  # as if the later checkpoints had never reached the disk
    assert train(tmp_path)
    assert scalars(tmp_path / "events") == scalars(undisturbed / "events")


def test_a_torn_record_hides_nothing_that_follows(undisturbed, tmp_path):
    assert not train(tmp_path, kill_after=500)
    (first,) = (tmp_path / "events").iterdir()
    with open(first, "ab") as file:
        file.write(struct.pack("<Q", 40) + b"torn")
    assert train(tmp_path)
    assert scalars(tmp_path / "events") == scalars(undisturbed / "events")


def test_a_run_begun_anew_in_the_same_folder_replaces_the_old_one(undisturbed, tmp_path):
    assert not train(tmp_path, kill_after=1000)
    (tmp_path / "run.ckpt").unlink()
    assert train(tmp_path)
    assert scalars(tmp_path / "events") == scalars(undisturbed / "events")


def test_a_finished_run_resumed_writes_no_more(undisturbed):
    before = sorted(Path(undisturbed / "events").iterdir())
    weights = (undisturbed / "run.bin").read_bytes()
    assert train(undisturbed)
    assert sorted(Path(undisturbed / "events").iterdir()) == before
    assert (undisturbed / "run.bin").read_bytes() == weights
