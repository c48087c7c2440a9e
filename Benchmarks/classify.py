"""Classifies the same images with PyTorch and with onnxruntime, and prints as JSON how far the two agree.

    python3 classify.py MODEL.safetensors COUNT DIRECTORY NAME=FILE.onnx…

MODEL is a network of odn for images in the IDX format, of which DIRECTORY has the test files; COUNT of them are
classified. Each ONNX model passes onnx's checker first.
"""

import gzip
import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from safetensors import safe_open
from torchvision_network import load

BATCH = 250


def test_file(directory: Path, kind: str, header: int) -> np.ndarray:
    """The bytes behind the header of a test file, packed or not."""
    packed = directory / f"t10k-{kind}-ubyte.gz"
    data = gzip.decompress(packed.read_bytes()) if packed.exists() else packed.with_suffix("").read_bytes()
    return np.frombuffer(data, np.uint8)[header:]


def pytorch_logits(model: str, pixels: np.ndarray) -> np.ndarray:
    with safe_open(model, framework="pt") as file:
        normalization = json.loads(file.metadata()["normalization"])
    mean, deviation = (
        np.float32(normalization[key]).reshape(1, -1, 1, 1) for key in ("mean", "standardDeviation")
    )
    network = load(model)
    with torch.inference_mode():
        return np.concatenate(
            [
                network(torch.from_numpy((pixels[i : i + BATCH] - mean) / deviation)).numpy()
                for i in range(0, len(pixels), BATCH)
            ]
        )


def onnx_logits(path: str, pixels: np.ndarray) -> np.ndarray:
    onnx.checker.check_model(path, full_check=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return np.concatenate(
        [session.run(None, {"images": pixels[i : i + BATCH]})[0] for i in range(0, len(pixels), BATCH)]
    )


def main(model: str, count: str, directory: str, *models: str) -> None:
    torch.set_num_threads(1)
    labels = test_file(Path(directory), "labels-idx1", 8)[: int(count)]
    with safe_open(model, framework="pt") as file:
        height, width, channels = (int(size) for size in file.metadata()["odn.input"].split("x"))
    images = test_file(Path(directory), "images-idx3", 16).reshape(-1, channels, height, width)[: len(labels)]
    pixels = images.astype(np.float32) / np.float32(255)
    reference = pytorch_logits(model, pixels)
    rows: dict[str, dict[str, Any]] = {}
    for name, path in (("pytorch", ""), *(entry.split("=", 1) for entry in models)):
        logits = onnx_logits(path, pixels) if path else reference
        rows[name] = {
            "correct": int((logits.argmax(1) == labels).sum()),
            "otherAnswers": int((logits.argmax(1) != reference.argmax(1)).sum()),
            "largestDifference": float(np.abs(logits - reference).max()),
            "bytes": os.path.getsize(path or model),
        }
    json.dump({"images": len(labels), "results": rows}, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
