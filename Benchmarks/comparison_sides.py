"""Runs odn's step and PyTorch's, each in new processes. What is run, and in what order, its callers decide."""

import argparse
import json
import os
import resource
import shlex
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PYTORCH_STEP = HERE / "pytorch_step.py"
MPIRUN = HERE.parent / "Launch/mpirun.sh"
BUILT_ODN = HERE.parent / ".build/release/odn"
CLASSES = 10
# They choose OpenBLAS's kernels and block sizes in place of what it finds out about the CPU.
OPENBLAS_OVERRIDES = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")

Measurement = dict[str, Any]  # what a process printed as JSON (imagesPerSecond, peakMegabytes, …), and its coreShare


@dataclass(frozen=True)
class Case:
    """A network and a batch."""

    name: str
    architecture: str
    depth: int
    input: str
    batch: int


class Failure(Exception):
    """Something that keeps the comparison from going on, in words for the user."""


class Sides:
    """odn and PyTorch as commands that print JSON, each with so many ranks."""

    def __init__(self, options: argparse.Namespace, ranks: int = 1) -> None:
        self.ranks = ranks
        self.odn_program: str = options.odn
        self.python: str = options.python
        self.steps: int = options.steps
        self.threads: int = options.threads
        # Threads are odn's own or PyTorch's; those of OpenBLAS would come on top of them.
        self.environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
        if not options.keep_openblas_environment:
            for variable in OPENBLAS_OVERRIDES:
                self.environment.pop(variable, None)
        self.odn_version = self.output(self.odn_program, "--version").strip()
        self.torch_version = self.output(self.python, str(PYTORCH_STEP), "--version").strip()
        self.odn_help = self.output(self.odn_program, "benchmark", "step", "--help")

    def odn(self, case: Case, pass_name: str) -> Measurement:
        """Times odn's step."""
        options = [*self.network(case), *self.amount(case), *self.odn_extras(pass_name), "--json"]
        launcher = [str(MPIRUN), "-n", str(self.ranks)] if self.ranks > 1 else []
        return self.measure(*launcher, self.odn_program, "benchmark", "step", *options)

    def odn_extras(self, pass_name: str) -> list[str]:
        """Options that not every odn has."""
        extras = ["--forward-only"] if pass_name == "forward" else []
        if self.threads > 1 or "--threads" in self.odn_help:
            extras += ["--threads", str(self.threads)]
        return extras

    def unknown_to_odn(self, pass_name: str) -> list[str]:
        """Which of those options this odn does not have."""
        return [extra for extra in self.odn_extras(pass_name) if extra.startswith("--") and extra not in self.odn_help]

    def pytorch(self, case: Case, pass_name: str, precision: str, layout: str) -> Measurement:
        """Times PyTorch's step."""
        options = [*self.network(case), *self.amount(case), "--threads", str(self.threads)]
        options += ["--ranks", str(self.ranks)] if self.ranks > 1 else []
        options += ["--forward-only"] if pass_name == "forward" else []
        options += ["--bf16"] if precision == "bf16" else []
        options += ["--channels-last"] if layout == "channels-last" else []
        return self.measure(self.python, str(PYTORCH_STEP), *options)

    def check_same_network(self, case: Case) -> None:
        """Sees that both sides have as many parameters and multiply-adds."""
        inspect = ["inspect", "--architecture", case.architecture, "--input", case.input, "--classes", str(CLASSES)]
        odn = next(row for row in self.output_json(self.odn_program, *inspect, "--json") if row["depth"] == case.depth)
        pytorch = self.output_json(self.python, str(PYTORCH_STEP), *self.network(case), "--cost")
        for count in ("parameters", "multiplyAdds"):
            if odn[count] != pytorch[count]:
                raise Failure(
                    f"{case.name}: odn counts {odn[count]} {count}, PyTorch {pytorch[count]}, so that they would not "
                    f"do the same work; make the network in {PYTORCH_STEP} that of odn"
                )

    def network(self, case: Case) -> list[str]:
        architecture = ["--architecture", case.architecture, "--depth", str(case.depth)]
        return [*architecture, "--input", case.input, "--classes", str(CLASSES)]

    def amount(self, case: Case) -> list[str]:
        return ["--batch", str(case.batch), "--steps", str(self.steps)]

    def measure(self, *command: str) -> Measurement:
        """Adds to what the command says about itself the part of the time that its threads had their cores."""
        start, start_of_cpu = time.perf_counter(), cpu_seconds_of_children()
        measurement = self.output_json(*command)
        elapsed, used = time.perf_counter() - start, cpu_seconds_of_children() - start_of_cpu
        return {**measurement, "coreShare": used / elapsed / (self.threads * self.ranks)}

    def output_json(self, *command: str) -> Any:
        text = self.output(*command)
        try:
            return json.loads(text)
        except ValueError:
            raise Failure(f"expected JSON, found '{text.strip()}'\n(from {shlex.join(command)})") from None

    def output(self, *command: str) -> str:
        try:
            process = subprocess.run(command, env=self.environment, capture_output=True, text=True)
        except OSError as error:
            advice = "name odn with --odn ('make build' builds it), and a Python that has torch with --python"
            raise Failure(f"cannot run {command[0]}: {error.strerror}; {advice}") from None
        if process.returncode != 0:
            code = f"exit code {process.returncode} of {shlex.join(command)}"
            raise Failure(f"{process.stderr.strip()}\n({code})")
        return process.stdout


def cpu_seconds_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
