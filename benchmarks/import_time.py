"""What `import stabflow` costs, beside importing attrs, cattrs, pluggy and transitions together.

    python benchmarks/import_time.py [ROUNDS]

Each import happens in a fresh process; the rounds are interleaved; what is printed is the median of each and the median of the
ratios within a round. The first line is the bare import; the second also touches every public name, which loads everything that
an engine needs, as the first use of `stabflow.open` does. It asserts nothing.
"""

from __future__ import annotations

import statistics
import subprocess
import sys

TIMED = """
import sys, time
began = time.perf_counter()
{what}
print(time.perf_counter() - began)
"""
OTHERS = "import attrs, cattrs, pluggy, transitions"
OURS = {
    "import stabflow": "import stabflow",
    "… and every public name": "import stabflow\nfor name in stabflow.__all__: getattr(stabflow, name)",
}


def seconds(what: str) -> float:
    """How long ``what`` takes in a fresh process that has imported nothing else."""
    done = subprocess.run([sys.executable, "-c", TIMED.format(what=what)], check=True, capture_output=True, text=True)
    return float(done.stdout)


def main(rounds: int) -> None:
    for what in (OTHERS, *OURS.values()):
        seconds(what)  # compiles what is not compiled yet
    found: dict[str, list[float]] = {OTHERS: [], **{name: [] for name in OURS}}
    for _ in range(rounds):
        found[OTHERS].append(seconds(OTHERS))
        for name, what in OURS.items():
            found[name].append(seconds(what))
    base = found[OTHERS]
    width = max(map(len, found))
    for name, times in found.items():
        ratio = statistics.median(one / other for one, other in zip(times, base, strict=True))
        print(f"{name:<{width}}  {statistics.median(times) * 1000:7.1f} ms   × {ratio:.2f}")
    print(f"{rounds} rounds, interleaved; aim: × 1.2 or less")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
