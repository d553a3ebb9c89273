"""What ai-edge-litert says to random cases of one operator, a line of JSON each; a process of its own, since it may abort.

    python litert_worker.py OPERATOR FIRST_SEED END_SEED
"""

import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))
from ai_edge_litert import interpreter as litert
from cases import case

RESOLVERS = {"reference": litert.OpResolverType.BUILTIN_REF, "default": litert.OpResolverType.AUTO}


def run(file: bytes, steps, resolver) -> list[list[np.ndarray]]:
    interpreter = litert.Interpreter(model_content=file, experimental_op_resolver_type=resolver)
    interpreter.allocate_tensors()
    results = []
    for inputs in steps:
        for detail, values in zip(interpreter.get_input_details(), inputs):
            interpreter.set_tensor(detail["index"], values)
        interpreter.invoke()
        results.append([interpreter.get_tensor(d["index"]) for d in interpreter.get_output_details()])
    return results


def compare(got, expected) -> list[int]:
    """Elements, those that are equal, the largest difference."""
    elements = equal = largest = 0
    for ours, theirs in zip(got, expected):
        for a, b in zip(ours, theirs):
            difference = np.abs(a.astype(np.float64).reshape(-1) - np.asarray(b).astype(np.float64).reshape(-1))
            elements += difference.size
            equal += int((difference == 0).sum())
            largest = max(largest, int(np.ceil(difference.max(initial=0))))
    return [elements, equal, largest]


def main(operator: str, first: int, end: int) -> None:
    for seed in range(first, end):
        one = case(operator, seed)
        expected = one.expected()
        for name, resolver in RESOLVERS.items():
            print(json.dumps({"seed": seed, "begin": name}), flush=True)
            try:
                row = compare(run(one.file, one.steps, resolver), expected)
            except (RuntimeError, ValueError) as error:
                row = str(error).splitlines()[0][:200]
            print(json.dumps({"seed": seed, "kernels": name, "row": row}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
