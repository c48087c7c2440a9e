"""Says what PyTorch makes of a network and a batch. Needs torch and safetensors.

    python3 parity.py MODEL BATCHES RESULT

MODEL is a model file of odn, BATCHES a safetensors file with `input` [batches, N, C, H, W] and `labels` [N]. The
network is an ordinary module that takes the file's tensors as they are (strict=True); it then computes in double
precision, so that the numbers in RESULT are exact as far as 32-bit floats can tell:

    batch                   which of the batches was used
    evaluation.logits       with the running statistics of MODEL
    training.logits         with the statistics of the batch
    training.loss           mean cross-entropy, in nats
    gradient.NAME           of that loss in every parameter
    after.NAME              running statistics after the training pass

Gradients jump where what a ReLU reads changes its sign, and among millions of values some are so close to 0 that 32-bit
rounding decides. PyTorch's own 32-bit gradients differ from its 64-bit ones by up to 0.5 % for that reason. Of the
batches, the one that stays farthest from 0 is therefore used.
"""

import copy
import sys

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional

STAGES = {"resnet18": (2, 2, 2, 2), "resnet34": (3, 4, 6, 3), "resnet50": (3, 4, 6, 3)}


class ReLU(nn.Module):
    """Remembers the smallest magnitude that any of them has read."""

    closest = float("inf")

    def forward(self, x):
        ReLU.closest = min(ReLU.closest, x.detach().abs().min().item())
        return functional.relu(x)


class ResidualBlock(nn.Module):
    """`kernels` gives the sizes of the convolutions on the main path; the first 3x3 one carries the stride."""

    def __init__(self, inputs, channels, kernels, stride):
        super().__init__()
        self.length = len(kernels)
        carrier = kernels.index(3)
        before = inputs
        for place, (kernel, outputs) in enumerate(zip(kernels, channels)):
            step = stride if place == carrier else 1
            convolution = nn.Conv2d(before, outputs, kernel, step, kernel // 2, bias=False)
            self.add_module(f"conv{place + 1}", convolution)
            self.add_module(f"bn{place + 1}", nn.BatchNorm2d(outputs))
            before = outputs
        self.relu = ReLU()
        self.downsample = nn.Identity()
        if stride > 1 or inputs != before:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, before, 1, stride, bias=False), nn.BatchNorm2d(before))

    def forward(self, x):
        path = x
        for place in range(1, self.length + 1):
            path = self.get_submodule(f"bn{place}")(self.get_submodule(f"conv{place}")(path))
            if place < self.length:
                path = self.relu(path)
        return self.relu(path + self.downsample(x))


class ResNet(nn.Module):
    """A small-image residual network that ends after `depth` blocks."""

    def __init__(self, family, depth, classes, image_channels, stem_channels, stem_stride):
        super().__init__()
        self.conv1 = nn.Conv2d(image_channels, stem_channels, 3, stem_stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(stem_channels)
        self.relu = ReLU()
        inputs = stem_channels
        self.stages = []
        for stage, blocks in enumerate(STAGES[family]):
            width = stem_channels * 2**stage
            layer = nn.Sequential()
            for position in range(min(blocks, depth)):
                stride = 2 if stage > 0 and position == 0 else 1
                if family == "resnet50":
                    layer.append(ResidualBlock(inputs, (width, width, 4 * width), (1, 3, 1), stride))
                    inputs = 4 * width
                else:
                    layer.append(ResidualBlock(inputs, (width, width), (3, 3), stride))
                    inputs = width
            depth -= len(layer)
            if len(layer) > 0:
                self.add_module(f"layer{stage + 1}", layer)
                self.stages.append(layer)
        self.fc = nn.Linear(inputs, classes)

    def forward(self, x):
        x = self.relu(self.bn1(self.conv1(x)))
        for layer in self.stages:
            x = layer(x)
        return self.fc(x.mean((2, 3)))


def distance_from_kink(network, images):
    """The smallest magnitude that a ReLU reads in a training pass."""
    ReLU.closest = float("inf")
    with torch.no_grad():
        copy.deepcopy(network).train()(images)
    return ReLU.closest


def main(model_path, batches_path, result_path):
    with safe_open(model_path, framework="pt") as file:
        about = file.metadata()
    channels = int(about["odn.input"].split("x")[2])
    stem_channels = int(64 * float(about.get("odn.width", 1)))
    network = ResNet(
        about["odn.family"],
        int(about["odn.depth"]),
        int(about["odn.classes"]),
        channels,
        stem_channels,
        int(about.get("odn.stem_stride", 1)),
    )
    network.load_state_dict(load_file(model_path), strict=True)
    network.double()
    batches = load_file(batches_path)
    candidates, labels = batches["input"].double(), batches["labels"].long()
    chosen = max(range(len(candidates)), key=lambda index: distance_from_kink(network, candidates[index]))
    images = candidates[chosen]

    result = {"batch": torch.tensor(chosen)}
    network.eval()
    with torch.no_grad():
        result["evaluation.logits"] = network(images)
    network.train()
    logits = network(images)
    loss = functional.cross_entropy(logits, labels)
    loss.backward()
    result["training.logits"] = logits.detach()
    result["training.loss"] = loss.detach()
    for name, parameter in network.named_parameters():
        result[f"gradient.{name}"] = parameter.grad
    for name, buffer in network.named_buffers():
        if not name.endswith("num_batches_tracked"):
            result[f"after.{name}"] = buffer
    save_file({name: value.float().contiguous() for name, value in result.items()}, result_path)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
