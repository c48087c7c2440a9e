"""Checks an ONNX model and says what onnxruntime makes of images. Needs onnx, onnxruntime and safetensors.

    python3 run_onnx.py MODEL IMAGES RESULT

IMAGES is a safetensors file with `images` [N, C, H, W]; RESULT gets `logits` [N, classes]. The images are classified once
as a whole and once in batches of other sizes, which have to agree.
"""

import sys

import numpy as np
import onnx
import onnxruntime
from safetensors.numpy import load_file, save_file


def main(model, images_path, result):
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    images = load_file(images_path)["images"]

    def logits(batch):
        return session.run(["logits"], {"images": batch})[0]

    whole = logits(images)
    parts = np.concatenate([logits(batch) for batch in np.split(images, [1, 6])])
    np.testing.assert_allclose(whole, parts, rtol=1e-4, atol=1e-4)
    save_file({"logits": whole}, result)


if __name__ == "__main__":
    main(*sys.argv[1:])
