"""Progress on stderr as a person sees it: a bar on a terminal, lines elsewhere."""
import os
import pty
import re
import subprocess
import threading

import pytest

KILLEE = os.environ.get("MOTE_TRAIN_KILLEE", "")
LINE = re.compile(
    r"^killee  epoch (\d+)/24  loss \d\.\d+  accuracy \d+\.\d %  val \d\.\d+ \d+\.\d %  lr \d\.\de-\d  \d+\.\d s$")

pytestmark = pytest.mark.skipif(not KILLEE, reason="run by ctest, which names MOTE_TRAIN_KILLEE")


def command(folder):
    return [KILLEE, folder / "run.ckpt", folder / "run.bin", "--progress"]


def test_elsewhere_it_is_one_line_an_epoch(tmp_path):
    done = subprocess.run(command(tmp_path), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=True)
    lines = done.stderr.splitlines()
    assert [int(LINE.match(line).group(1)) for line in lines] == list(range(1, 25))


def test_on_a_terminal_a_bar_is_redrawn_in_place_and_leaves_the_lines(tmp_path):
    ours, theirs = pty.openpty()
    seen = bytearray()

    def read():
        try:
            while data := os.read(ours, 4096):
                seen.extend(data)
        except OSError:  # the terminal's other end is closed
            pass

    reader = threading.Thread(target=read)
    reader.start()
    subprocess.run(command(tmp_path), stdout=subprocess.DEVNULL, stderr=theirs, check=True)
    os.close(theirs)
    reader.join(10)
    os.close(ours)
    text = seen.decode()
    bars = re.findall(r"\rkillee  epoch \d+/24 \[=*>? *\] +\d+ %  loss \d\.\d+  \d+ samples/s  \d+:\d\d left\x1b\[K", text)
    assert bars
    assert re.search(r"\r\x1b\[Kkillee  epoch 24/24  loss ", text) or re.search(r"\nkillee  epoch 24/24  loss ", text)
    # What stays when all that was erased is gone.
    kept = [re.split(r"\r\x1b\[K|\x1b\[K", line)[-1].strip() for line in text.split("\r\n") if line]
    assert [int(LINE.match(line).group(1)) for line in kept if line] == list(range(1, 25))
