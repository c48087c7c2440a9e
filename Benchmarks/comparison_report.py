"""What the comparisons have in common: options, and tables of what was measured."""

import argparse
import os
import sys
from itertools import zip_longest
from pathlib import Path
from statistics import median

from comparison_sides import BUILT_ODN, OPENBLAS_OVERRIDES, Measurement


def log(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def median_of(key: str, measurements: list[Measurement]) -> float:
    values: list[float] = [measurement[key] for measurement in measurements]
    return median(values)


def ratio_text(ratios: list[float]) -> str:
    return f"{median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})"


def table(headings: list[str], rows: list[list[str]]) -> str:
    """Columns as wide as their widest cell; a row may end early."""
    widths = [max(map(len, column)) for column in zip_longest(headings, *rows, fillvalue="")]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(cells, widths)) for cells in (headings, *rows)]
    return "\n".join(line.rstrip() for line in lines)


def cpu_name() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown CPU")


def positive(text: str) -> int:
    if int(text) < 1:
        raise ValueError(text)
    return int(text)


def add_common_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--rounds", type=positive, default=5, help="runs of each side (default: %(default)s)")
    add("--steps", type=positive, default=5, help="steps timed in a run, after one that is not (default: %(default)s)")
    add("--json", type=Path, metavar="FILE", help="keep all numbers there")
    add("--odn", default=str(BUILT_ODN), metavar="PROGRAM", help="(default: %(default)s)")
    add(
        "--python",
        default=os.environ.get("ODN_PYTHON") or "python3",
        metavar="PROGRAM",
        help="a Python that has torch (default: ODN_PYTHON of the environment, or python3)",
    )
    add(
        "--keep-openblas-environment",
        action="store_true",
        help=f"leave {' and '.join(OPENBLAS_OVERRIDES)} as they are, instead of removing them",
    )
