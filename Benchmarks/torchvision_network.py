"""Loads a network of odn into torchvision's modules. Needs torch, torchvision and safetensors."""

import torchvision
from safetensors import safe_open
from safetensors.torch import load_file
from torch import nn


def load(path: str) -> nn.Module:
    """The network in `path`, for evaluation. It reads normalized images, [N, C, H, W]."""
    with safe_open(path, framework="pt") as file:
        about = file.metadata()
    if float(about.get("odn.width", 1)) != 1:
        raise ValueError(f"{path}: torchvision's networks have no other width than 1, this one has {about['odn.width']}")
    tensors, depth = load_file(path), int(about["odn.depth"])
    network = getattr(torchvision.models, about["odn.family"])()
    stride = int(about.get("odn.stem_stride", 1))
    network.conv1 = nn.Conv2d(tensors["conv1.weight"].shape[1], 64, 3, stride, padding=1, bias=False)
    network.maxpool = nn.Identity()
    for stage in ("layer1", "layer2", "layer3", "layer4"):  # the first `depth` blocks
        blocks = getattr(network, stage)[:depth]
        setattr(network, stage, blocks)
        depth -= len(blocks)
    network.fc = nn.Linear(*reversed(tensors["fc.weight"].shape))
    network.load_state_dict(tensors)
    return network.eval()
