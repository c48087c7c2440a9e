"""Times PyTorch's step on the networks that odn trains. compare-pytorch and compare-ddp run it.

    python3 pytorch_step.py --architecture resnet34 --depth 16 --batch 64 --input 32x32x3
    python3 pytorch_step.py --architecture resnet34 --depth 16 --batch 64 --input 32x32x3 --ranks 2
    python3 pytorch_step.py --architecture resnet34 --depth 16 --input 32x32x3 --cost

Needs torch. Prints one line of JSON with the keys of `odn benchmark step --json`; with --cost, those of a row of
`odn inspect --json`, from which the caller sees that both sides compute the same function. Several ranks are processes
of this machine that sum their gradients by DistributedDataParallel over Gloo.
"""

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from contextlib import AbstractContextManager

try:
    import torch
except ImportError:
    sys.exit(
        f"{sys.executable} has no torch: install it with '{sys.executable} -m pip install torch', "
        "or name a Python that has it with --python or the environment variable ODN_PYTHON"
    )
from torch import Tensor, nn
from torch.nn import functional

BLOCKS_PER_STAGE = {"resnet18": (2, 2, 2, 2), "resnet34": (3, 4, 6, 3), "resnet50": (3, 4, 6, 3)}
STAGE_WIDTHS = (64, 128, 256, 512)
STEM_CHANNELS = 64
BOTTLENECK_EXPANSION = 4


def convolution(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Sequential:
    """A convolution that keeps the image's size at stride 1, and its batch norm."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False), nn.BatchNorm2d(outputs)
    )


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions, or with `bottleneck` 1x1, 3x3 and 1x1; the first 3x3 one has the stride."""

    def __init__(self, inputs: int, width: int, stride: int, bottleneck: bool) -> None:
        super().__init__()
        if bottleneck:
            self.outputs = BOTTLENECK_EXPANSION * width
            convolutions = [
                convolution(inputs, width, 1),
                convolution(width, width, 3, stride),
                convolution(width, self.outputs, 1),
            ]
        else:
            self.outputs = width
            convolutions = [convolution(inputs, width, 3, stride), convolution(width, width, 3)]
        self.convolutions = nn.ModuleList(convolutions)
        changes_shape = stride > 1 or inputs != self.outputs
        self.shortcut = convolution(inputs, self.outputs, 1, stride) if changes_shape else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        y = x
        for hidden in self.convolutions[:-1]:
            y = functional.relu(hidden(y), inplace=True)
        y = self.convolutions[-1](y)
        y += self.shortcut(x)
        return functional.relu(y, inplace=True)


class ResNet(nn.Module):
    """A residual network for small images, cut after `depth` blocks: 3x3 stem without max-pooling, mean, classifier."""

    def __init__(self, architecture: str, depth: int, channels: int, classes: int) -> None:
        super().__init__()
        self.stem = convolution(channels, STEM_CHANNELS, 3)
        blocks: list[ResidualBlock] = []
        features = STEM_CHANNELS
        for stage, (count, width) in enumerate(zip(BLOCKS_PER_STAGE[architecture], STAGE_WIDTHS)):
            for position in range(min(count, depth - len(blocks))):
                stride = 2 if stage > 0 and position == 0 else 1
                blocks.append(ResidualBlock(features, width, stride, bottleneck=architecture == "resnet50"))
                features = blocks[-1].outputs
        self.blocks = nn.Sequential(*blocks)
        self.classifier = nn.Linear(features, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.blocks(functional.relu(self.stem(x), inplace=True))
        return self.classifier(x.mean(dim=(2, 3)))


def cost(network: ResNet, channels: int, height: int, width: int) -> dict[str, object]:
    """The trained numbers, and the multiply-adds of classifying one image."""
    from torch.utils.flop_counter import FlopCounterMode  # 75 MB that a process which is measured should not load

    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        network.eval()(torch.zeros(1, channels, height, width))
    return {
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "multiplyAdds": counter.get_total_flops() // 2,
    }


class Step:
    """A network and a batch of random images, with nothing between steps."""

    def __init__(self, network: nn.Module, images: Tensor, labels: Tensor, forward_only: bool, bf16: bool) -> None:
        self.network = network.train(not forward_only)
        self.images = images
        self.labels = labels
        self.forward_only = forward_only
        self.bf16 = bf16
        self.optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4)

    def run(self) -> None:
        if self.forward_only:
            with torch.inference_mode(), self.precision():
                self.network(self.images)
            return
        self.optimizer.zero_grad()
        with self.precision():
            loss = functional.cross_entropy(self.network(self.images), self.labels)
        loss.backward()
        self.optimizer.step()

    def precision(self) -> AbstractContextManager:
        return torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.bf16)

    def time(self) -> float:
        """Makes a step, and returns the seconds that it took."""
        start = time.perf_counter()
        self.run()
        return time.perf_counter() - start


def random_batch(count: int, channels: int, height: int, width: int, classes: int) -> tuple[Tensor, Tensor]:
    return 2 * torch.rand(count, channels, height, width) - 1, torch.randint(classes, (count,))


def peak_megabytes() -> float:
    """The most memory that this process has had resident, in MB of 10^6 bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def image_shape(text: str) -> tuple[int, int, int]:
    """Height, width and channels, as in 32x32x3."""
    height, width, channels = (int(size) for size in text.split("x"))
    return height, width, channels


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--architecture", choices=BLOCKS_PER_STAGE, required=True)
    parser.add_argument("--depth", type=int, required=True, help="residual blocks")
    parser.add_argument("--input", type=image_shape, default="32x32x3", help="height x width x channels")
    parser.add_argument("--classes", type=int, default=10)
    parser.add_argument("--batch", type=int, default=64, help="images per step")
    parser.add_argument("--steps", type=int, default=7, help="steps that are timed, after one that is not")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--ranks", type=int, default=1, help="processes that train together")
    parser.add_argument("--channels-last", action="store_true", help="keep the channels of a pixel together")
    parser.add_argument("--bf16", action="store_true", help="autocast to bfloat16 in the forward pass")
    parser.add_argument("--forward-only", action="store_true", help="classify, without gradients")
    parser.add_argument("--cost", action="store_true", help="count parameters and multiply-adds, and time nothing")
    parser.add_argument("--version", action="version", version=torch.__version__)
    return parser.parse_args()


def measure(options: argparse.Namespace, library_megabytes: float) -> dict[str, float]:
    """Times the steps of this rank, all of which are as slow as the slowest."""
    height, width, channels = options.input
    network: nn.Module = ResNet(options.architecture, options.depth, channels, options.classes)
    images, labels = random_batch(options.batch, channels, height, width, options.classes)
    if options.channels_last:
        network = network.to(memory_format=torch.channels_last)
        images = images.contiguous(memory_format=torch.channels_last)
    if options.ranks > 1:
        # Batch norm's statistics stay those of a rank, as in odn; gradients are summed where they are.
        network = nn.parallel.DistributedDataParallel(network, broadcast_buffers=False, gradient_as_bucket_view=True)
    step = Step(network, images, labels, options.forward_only, options.bf16)
    step.run()
    median = sorted(step.time() for _ in range(options.steps))[options.steps // 2]
    return {
        "milliseconds": 1e3 * median,
        "imagesPerSecond": options.ranks * options.batch / median,
        "peakMegabytes": peak_megabytes(),
        "libraryMegabytes": library_megabytes,
    }


def run_rank(rank: int, options: argparse.Namespace, directory: str) -> None:
    """The main program of a process of several; the first leaves the result in a file."""
    library_megabytes = peak_megabytes()
    torch.set_num_threads(options.threads)
    torch.manual_seed(rank)
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{directory}/ranks", rank=rank, world_size=options.ranks
    )
    result = measure(options, library_megabytes)
    results: list[dict[str, float] | None] = [None] * options.ranks
    torch.distributed.all_gather_object(results, result)
    if rank == 0:
        slowest = max((other for other in results if other), key=lambda other: other["milliseconds"])
        largest = max(other["peakMegabytes"] for other in results if other)
        with open(f"{directory}/result", "w") as file:
            json.dump({**slowest, "peakMegabytes": largest}, file)
    # A process that still has work under way when its group goes ends with an abort now and then.
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()


def main() -> None:
    library_megabytes = peak_megabytes()
    options = arguments()
    if options.ranks > 1:
        with tempfile.TemporaryDirectory() as directory:
            torch.multiprocessing.spawn(run_rank, (options, directory), options.ranks)
            with open(f"{directory}/result") as file:
                print(file.read())
        return
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    if options.cost:
        height, width, channels = options.input
        network = ResNet(options.architecture, options.depth, channels, options.classes)
        print(json.dumps(cost(network, channels, height, width)))
        return
    print(json.dumps(measure(options, library_megabytes)))


if __name__ == "__main__":
    main()
