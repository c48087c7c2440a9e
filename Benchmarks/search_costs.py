"""What a search cost and found, from the files that it left, in image multiply-adds beside seconds."""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Of a training step: the forward pass, and backward one for the weights and one for the activations.
TRAINING_PASSES = 3


@dataclass(frozen=True)
class SearchCost:
    """One search."""

    depth: int
    target_met: bool
    validation_accuracy: float
    test_accuracy: float
    test_error: float  # the standard error of the test accuracy, in points
    epochs: int
    epochs_of_depths: dict[str, int]
    multiply_adds: int  # of the warm-up as a level's pass after another, if `as_published`, and of everything after it
    seconds: float


def read_search(run: Path, multiply_adds: list[int], as_published: bool) -> SearchCost:
    """Adds up the log of the search in `run`. `multiply_adds` are those of a forward pass at each depth, from 1 on.

    Images that are only classified count once, those that are learned from three times. The published procedure makes a
    pass for each level in its warm-up, odn one for all of them, which gives the same gradients; `as_published` counts
    the former.
    """
    events = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
    plan = next(event["value"] for event in events if event["event"] == "started")
    summary = json.loads((run / "summary.json").read_text())
    deepest: int = plan["largest"]["depth"]
    whole = multiply_adds[deepest - 1]
    warm_up_passes = sum(multiply_adds[:deepest]) if as_published else whole
    training, validation = plan["trainImages"], plan["validationImages"]
    total = validation * whole if any(event["event"] == "warmedUp" for event in events) else 0
    for event in events:
        match event["event"]:
            case "warmUpEpoch":
                total += TRAINING_PASSES * training * warm_up_passes
            case "epoch":
                cost = multiply_adds[event["value"]["training"]["depth"] - 1]
                total += (TRAINING_PASSES * training + validation) * cost
    share = summary["testAccuracy"] / 100
    return SearchCost(
        depth=summary["depth"],
        target_met=summary["targetMet"],
        validation_accuracy=summary["validationAccuracy"],
        test_accuracy=summary["testAccuracy"],
        test_error=100 * math.sqrt(share * (1 - share) / plan["testImages"]),
        epochs=sum(summary["epochsPerDepth"].values()),
        epochs_of_depths=summary["epochsPerDepth"],
        multiply_adds=total,
        seconds=summary["seconds"],
    )


def network_of(run: Path) -> dict[str, Any]:
    """The deepest network of the search in `run`, as its log describes it."""
    with (run / "events.jsonl").open() as lines:
        largest: dict[str, Any] = json.loads(next(lines))["value"]["largest"]
    return largest
