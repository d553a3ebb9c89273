"""Writes seeds for fuzz_load: the smallest of some random models of every operator (the generators of tests/conformance).

    make_corpus.py FOLDER     then: fuzz_load -merge=1 tests/fuzz/corpus/load FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "conformance"))

from cases import GENERATORS, case  # noqa: E402

TRIED, KEPT, MOST_BYTES = 60, 12, 4096


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    for operator in sorted(GENERATORS):
        files = sorted((len(file), seed, file) for seed in range(TRIED) for file in [case(operator, seed).file])
        for size, seed, file in files[:KEPT]:
            if size <= MOST_BYTES:
                (folder / f"{operator}_{seed}").write_bytes(file)
                count += 1
    print(f"{count} models")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
