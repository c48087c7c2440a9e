"""Writes the seeds in corpus/, the same bytes every time. The files beside this script say what inputs look like:
Readers/*.swift for each reader, and here `framed` and `part` for what they have in common."""

import gzip
import io
import json
import struct
import zipfile
import zlib
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"


def write(reader, seeds):
    folder = CORPUS / reader
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in seeds.items():
        (folder / name).write_bytes(data)


def framed(form, *parts):
    return bytes([form]) + b"".join(parts)


def part(data):
    return struct.pack("<H", len(data)) + data


def pixels(count):
    return bytes((7 * i + i // 28) % 256 for i in range(count))


# Data sets ------------------------------------------------------------------------------------------------------------


def idx(sizes, data):
    return struct.pack(f">{1 + len(sizes)}I", 0x0800 + len(sizes), *sizes) + data


def idx_seeds():
    labels, images = idx([1], b"\x07"), idx([1, 28, 28], pixels(784))
    return {
        "mnist": framed(0, part(labels), images),
        "letters": framed(1, part(labels), images),
        "packed": framed(0, part(gzip.compress(labels, mtime=0)), gzip.compress(images, mtime=0)),
        "four-billion-images": framed(0, part(labels), idx([0xFFFFFFFF, 28, 28], b"")),
        "five-million-images": framed(0, part(labels), idx([5_000_000, 28, 28], pixels(784))),
        "four-billion-labels": framed(0, part(idx([0xFFFFFFFF], b"")), images),
        "other-size": framed(0, part(labels), idx([1, 28, 29], pixels(812))),
        "two-labels": framed(0, part(idx([2], b"\x01\x02")), images),
        "label-10": framed(0, part(idx([1], b"\x0a")), images),
    }


def gzip_seeds():
    images = idx([1, 28, 28], pixels(784))
    packed = gzip.compress(images, mtime=0)
    stored = gzip.compress(images, 0, mtime=0)
    named = struct.pack("<4BI2B", 0x1F, 0x8B, 8, 8, 0, 0, 255) + b"images\0" + packed[10:]
    # 300 kB of deflated zeros, of which a few hundred bytes are left: many more images than there are bytes for.
    bomb = gzip.compress(idx([60_000, 28, 28], bytes(300_000)), mtime=0)
    return {
        "deflated": framed(0, packed),
        "stored": framed(0, stored),
        "plain": framed(0, images),
        "named": framed(0, named),
        "members": framed(1, part(images[:100]), images[100:]),
        "cut": framed(0, packed[:-20]),
        "wrong-checksum": framed(0, packed[:-8] + bytes(4) + packed[-4:]),
        "more-behind": framed(0, packed + b"more"),
        "bomb": framed(0, bomb),
        "five-million-images": framed(1, part(idx([5_000_000, 28, 28], b"")), pixels(784)),
    }


def cifar_seeds():
    return {
        "cifar10": framed(0, b"\x03" + pixels(3072)),
        "cifar100": framed(1, b"\x03\x63" + pixels(3072)),
        "label-10": framed(0, b"\x0a" + pixels(3072)),
        "half": framed(1, b"\x03\x63" + pixels(1000)),
        "empty": framed(0),
    }


def element(order, kind, data):
    """A data element of a MATLAB file, small ones inside of their tag."""
    if 0 < len(data) <= 4:
        return struct.pack(order + "I", len(data) << 16 | kind) + data.ljust(4, b"\0")
    return struct.pack(order + "2I", kind, len(data)) + data + bytes(-len(data) % 8)


def matrix(order, name, matlab_class, kind, dimensions, data):
    content = (
        element(order, 6, struct.pack(order + "2I", matlab_class, 0))
        + element(order, 5, struct.pack(f"{order}{len(dimensions)}i", *dimensions))
        + element(order, 1, name)
        + element(order, kind, data)
    )
    return struct.pack(order + "2I", 14, len(content)) + content


def matlab_seeds():
    def images(order, count=1):
        return matrix(order, b"X", 9, 2, [32, 32, 3, count], pixels(3072))

    def labels(order):
        return matrix(order, b"y", 6, 2, [1, 1], b"\x0a")

    def file(order, *elements):
        return b" " * 124 + struct.pack(order + "2H", 0x0100, 0x4D49) + b"".join(elements)

    def packed(data):
        data = zlib.compress(data)
        return struct.pack("<2I", 15, len(data)) + data

    text = matrix("<", b"note", 4, 4, [1, 5], "house".encode("utf-16-le"))
    return {
        "whole": framed(0, file("<", images("<"), labels("<"))),
        "whole-big-endian": framed(0, file(">", images(">"), labels(">"))),
        "whole-packed": framed(0, file("<", packed(images("<")), packed(labels("<")))),
        "plain": framed(1, labels("<"), text, images("<")),
        "plain-big-endian": framed(5, labels(">"), images(">")),
        "packed": framed(2, part(images("<")), labels("<")),
        "packed-big-endian": framed(6, part(labels(">")), images(">")),
        "doubles": framed(1, matrix("<", b"y", 6, 9, [1, 1], struct.pack("<d", 3)), images("<")),
        "no-number": framed(1, matrix("<", b"y", 6, 9, [1, 1], struct.pack("<d", float("nan"))), images("<")),
        "many-images": framed(1, labels("<"), images("<", 0x7FFFFFFF)),
        "long-element": framed(1, struct.pack("<2I", 14, 0xFFFFFFF0) + bytes(64)),
        "other-version": framed(0, b"MATLAB 7.3".ljust(124) + struct.pack("<2H", 0x0200, 0x4D49)),
    }


def npy(kind, shape, data, fortran=False, version=1):
    sizes = "".join(f"{size}, " for size in shape)
    header = f"{{'descr': '{kind}', 'fortran_order': {fortran}, 'shape': ({sizes}), }}\n".encode()
    length = struct.pack("<H" if version == 1 else "<I", len(header))
    return b"\x93NUMPY" + bytes([version, 0]) + length + header + data


def archive(files, method=zipfile.ZIP_STORED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as target:
        for name, data in files.items():
            # A ZipInfo of its own has a date that does not change.
            info = zipfile.ZipInfo(name + ".npy")
            info.compress_type = method
            target.writestr(info, data)
    return buffer.getvalue()


def npz_seeds():
    images = npy("|u1", [4, 2, 3], pixels(24))
    labels = npy("<i4", [4], struct.pack("<4i", 0, 1, 0, 1))
    keras = {"x_train": images, "y_train": labels, "x_test": images, "y_test": labels}
    whole = archive(keras)

    def arrays(form, **changes):
        return framed(form, *(part(data) for data in (keras | changes).values()))

    return {
        "stored": framed(0, whole),
        "deflated": framed(0, archive(keras, zipfile.ZIP_DEFLATED)),
        "bzip2": framed(0, archive(keras, zipfile.ZIP_BZIP2)),
        "alone": framed(0, archive({"images": npy("|u1", [4, 2, 2, 3], pixels(48)), "labels": labels})),
        "no-arrays": framed(0, archive({"weights": images})),
        "cut": framed(0, whole[:-30]),
        "wrong-checksum": framed(0, whole.replace(pixels(24), bytes(24), 1)),
        "zip64": framed(0, whole[:-12] + b"\xff" * 8 + whole[-4:]),
        "arrays": arrays(1),
        "arrays-deflated": arrays(2),
        "version-2": arrays(1, x_train=npy("|u1", [4, 2, 3], pixels(24), version=2)),
        "fortran": arrays(1, x_train=npy("|u1", [4, 2, 3], pixels(24), fortran=True)),
        "floats": arrays(1, x_train=npy("<f4", [4, 2, 3], bytes(96))),
        "big-endian": arrays(1, y_train=npy(">i4", [4], bytes(16))),
        "label-300": arrays(1, y_train=npy("<u2", [4], struct.pack("<4H", 0, 1, 2, 300))),
        "label-below-0": arrays(1, y_train=npy("|i1", [4], b"\x00\x01\xff\x00")),
        "too-many-images": arrays(1, x_train=npy("|u1", [1 << 40, 4096, 4096], b"")),
        "four-billion-labels": arrays(1, y_train=npy("|u1", [1 << 32], b"\0\1")),
        "bomb": framed(
            0,
            archive({"images": npy("|u1", [300, 32, 32], bytes(307_200)), "labels": npy("|u1", [300], b"\0\1" * 150)},
                    zipfile.ZIP_DEFLATED),
        ),
    }


# Networks and checkpoints ----------------------------------------------------------------------------------------------


def json_bytes(value):
    return json.dumps(value, separators=(",", ":")).encode()


def tensors_of_resnet18(classes, channels):
    """Names and shapes in a ResNet-18 cut after one block."""
    shapes = [("conv1.weight", [64, channels, 3, 3]), ("bn1.bias", [64]), ("bn1.weight", [64])]
    for unit in (1, 2):
        shapes += [
            (f"layer1.0.conv{unit}.weight", [64, 64, 3, 3]),
            (f"layer1.0.bn{unit}.bias", [64]),
            (f"layer1.0.bn{unit}.weight", [64]),
        ]
    shapes += [("fc.bias", [classes]), ("fc.weight", [classes, 64])]
    for name in ("bn1", "layer1.0.bn1", "layer1.0.bn2"):
        shapes += [(f"{name}.running_mean", [64]), (f"{name}.running_var", [64])]
    return shapes


def safetensors_header(shapes, metadata):
    header, end = {"__metadata__": metadata}, 0
    for name, shape in shapes:
        size = 4
        for length in shape:
            size *= length
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [end, end + size]}
        end += size
    return json_bytes(header), end


def model_seeds():
    metadata = {
        "format": "pt",
        "odn.version": "1",
        "odn.family": "resnet18",
        "odn.depth": "1",
        "odn.classes": "2",
        "odn.input": "1x1x1",
    }
    tensors = tensors_of_resnet18(2, 1)
    network, zeros = safetensors_header(tensors, metadata)
    wrapped, _ = safetensors_header([("module." + name, shape) for name, shape in tensors], {"odn.input": "1x1x1"})
    # What batch norm counts is of another type, and comes first.
    counted = b'{"bn1.num_batches_tracked":{"dtype":"I64","shape":[],"data_offsets":[0,8]},' + json_bytes(
        {
            name: {"dtype": "F32", "shape": entry["shape"], "data_offsets": [8 + end for end in entry["data_offsets"]]}
            for name, entry in json.loads(network).items()
            if name != "__metadata__"
        }
    )[1:]
    small, _ = safetensors_header([("fc.bias", [2]), ("fc.weight", [2, 1])], metadata)
    values = struct.pack("<4f", 1, -2, 0.5, float("inf"))

    def file(header, data=b""):
        return framed(0, struct.pack("<Q", len(header)), header, data)

    def with_zeros(header, count, form=1):
        return framed(form, struct.pack("<I", count)[:3], header)

    return {
        "network": with_zeros(network, zeros),
        "two-tensors": file(small, values),
        "no-tensor": file(json_bytes({"__metadata__": metadata})),
        "empty": file(b"{}"),
        "other-type": file(small.replace(b"F32", b"F16"), values),
        "overlap": file(small.replace(b"[8,16]", b"[4,12]"), values),
        "large-shape": file(small.replace(b"[2,1]", b"[4294967296,4294967296]"), values),
        "negative-shape": file(small.replace(b"[2,1]", b"[-2,-1]"), values),
        "four-million-tensors": framed(0, struct.pack("<Q", 1 << 60), small),
        "other-network": with_zeros(network.replace(b'"resnet18"', b'"resnet50"'), zeros),
        "state": with_zeros(wrapped, zeros, form=2),
        "state-with-counts": with_zeros(counted, zeros + 8, form=2),
        "state-of-bottlenecks": with_zeros(network.replace(b"layer1.0.conv2", b"layer1.0.conv3"), zeros, form=2),
        "state-of-other-blocks": with_zeros(network.replace(b"layer1.0", b"layer4.9"), zeros, form=2),
        "strided-network": with_zeros(
            network.replace(b'"odn.version":"1"', b'"odn.version":"2","odn.width":"1.0","odn.stem_stride":"2"'), zeros
        ),
        "other-width": with_zeros(network.replace(b'"odn.version":"1"', b'"odn.version":"2","odn.width":"4.0"'), zeros),
        "impossible-width": with_zeros(
            network.replace(b'"odn.version":"1"', b'"odn.version":"2","odn.width":"1e300"'), zeros
        ),
        "large-network": with_zeros(network.replace(b'"1x1x1"', b'"4096x4096x64"'), zeros),
        "deep": file(b'{"a":' + b"[" * 2000 + b"]" * 2000 + b"}"),
        "repeated-name": file(b'{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},' * 2 + b'"b":1}'),
    }


def checkpoint_seeds():
    def row(name, kind, count):
        return {"name": name, "kind": kind, "count": count}

    def table(*rows):
        return part(json_bytes(list(rows)))

    rows = [row("state", "bytes", 2), row("values", "floats", 2), row("sums", "doubles", 1)]
    sections = part(b"{}") + part(struct.pack("<2f", 1, 2)) + part(struct.pack("<d", 3))
    start = b"odnstate" + struct.pack("<2I", 1, 2) + b"[]"
    return {
        "three-sections": framed(1, table(*rows), sections),
        "no-section": framed(1, table()),
        "one-too-many": framed(1, table(*rows, row("more", "bytes", 0)), sections, part(b"")),
        "other-order": framed(1, table(*rows[::-1]), sections),
        "large-count": framed(1, table(row("state", "bytes", 1 << 40)), part(b"{}")),
        "larger-count": framed(1, table(row("state", "doubles", (1 << 63) - 1)), part(b"{}")),
        "many-large-counts": framed(1, table(*[row("state", "bytes", 1 << 40)] * 40), part(b"{}")),
        "negative-count": framed(1, table(row("state", "bytes", -1)), part(b"{}")),
        "whole": framed(0, start, struct.pack("<I", zlib.crc32(start))),
        "long-table": framed(0, b"odnstate" + struct.pack("<2I", 1, 0xFFFFFFFF)),
        "other-version": framed(0, b"odnstate" + struct.pack("<2I", 9, 0)),
        "other-file": framed(0, b"PK\3\4 something else"),
    }


def search_seeds():
    accuracy = {"correct": 33, "total": 64}
    result = {"depth": 1, "epoch": 2, "trainingLoss": 1.64, "validation": accuracy}
    state = {
        "batchSize": 32,
        "bestOfAll": result,
        "bestOfDepth": result,
        "epochSeconds": 0.75,
        "largest": {
            "classes": 2, "depth": 1, "family": "resnet18", "input": {"channels": 1, "height": 1, "width": 1}
        },
        "origin": {"configuration": {"dataset.name": "mnist"}, "configurationHash": "9c2d3f64f53a70e1"},
        "policy": {
            "bestHundredths": 5156,
            "depth": 1,
            "depths": [{"best": accuracy, "bestEpoch": 2, "depth": 1, "epochs": 3}],
            "epoch": 3,
            "epochsWithoutImprovement": 1,
            "learningRate": 0.01,
            "phase": "searching",
        },
        "progress": {"epochsDone": 5, "learningRate": 0.01, "searchEpoch": 3, "stage": "level"},
        "ranks": 1,
        "seconds": 13.5,
        "seed": 0,
        "statistics": 1,
        "step": 8,
        "trainImages": 320,
    }
    policy = {**state["policy"], "epoch": 0, "epochsWithoutImprovement": 0, "bestHundredths": 0}
    warming = {
        **state,
        "policy": {**policy, "depths": [{"depth": 1, "epochs": 0}]},
        "progress": {**state["progress"], "searchEpoch": 0, "stage": "warmUp"},
    }
    del warming["bestOfAll"], warming["bestOfDepth"]
    outcome = {
        "targetMet": True, "target": 50.0, "tolerance": 0.5, "depth": 1, "accuracy": accuracy, "bestDepth": 1,
        "bestAccuracy": accuracy, "reason": "fineTuned",
    }
    ended = {
        **state,
        "statistics": 0,
        "policy": {**state["policy"], "outcome": outcome},
        "progress": {**state["progress"], "outcome": outcome},
    }

    losses = {"count": 97, "mean": 1.3, "variance": 0.02}
    record = {
        "allreduceBytesPerStep": 0, "depth": 1, "epoch": 1, "imagesPerSecond": 500.0, "learningRate": 0.01,
        "trainingAccuracy": 53.0, "trainingLoss": 1.64, "trainingSeconds": 2.0, "validationSeconds": 1.0,
        "waitingSeconds": 0.0,
    }
    first = {**result, "epoch": 1}
    own = {"depth": 1, "entries": [{"epoch": {"_0": record, "_1": first}}], "isDeepest": False, "isEnded": False}
    of_level = {
        **state,
        "bestOfAll": first,
        "bestOfDepth": first,
        "level": own,
        "losses": losses,
        "policy": {
            **state["policy"], "depths": [{"best": accuracy, "bestEpoch": 1, "depth": 1, "epochs": 1}], "epoch": 1,
            "epochsWithoutImprovement": 0,
        },
        "progress": {**state["progress"], "epochsDone": 1, "searchEpoch": 1},
    }
    apart = {
        **warming, "hasLevelsApart": True, "statistics": 0, "step": 0,
        "progress": {**state["progress"], "epochsDone": 2, "searchEpoch": 0},
    }
    going_back = {**warming, "losses": losses, "epochStart": {"step": 0, "statistics": 1, "losses": losses}}

    # Sixteen floats to a line of cache, which every tensor begins on.
    parameters = sum((size(shape) + 15) // 16 * 16 for name, shape in tensors_of_resnet18(2, 1) if "running" not in name)
    warm, best, training = [(0, parameters), (1, 384)], [(2, parameters), (3, 384)], [(6, parameters), (7, parameters)]
    rest = [(8, 384), (9, 3)]

    def file(state, *sections):
        rows = [struct.pack("<I", count << 8 | name) for section in sections for name, count in section]
        return part(json_bytes(state)) + b"".join(rows)

    return {
        "warm-up": file(warming, training, rest),
        "level": file(state, warm, best, training, rest),
        "ended": file(ended, warm, best),
        "levels-apart": file(apart, warm),
        "level-by-itself": file(of_level, best, training, rest),
        "epoch-start": file(going_back, training, rest, [(12, parameters), (13, parameters), (14, 384), (15, 3)]),
        "compressed": file({**warming, "residuals": 1}, training, rest, [(10, parameters), (11, parameters)]),
        "no-weights": file(warming),
        "other-counts": file(warming, [(6, parameters - 16), (7, parameters)], rest),
        "many-ranks": file({**warming, "ranks": 1_000_000, "statistics": 1_000_000}, training, rest),
        "large-network": file({**warming, "largest": {
            "classes": 65536, "depth": 16, "family": "resnet50", "input": {"channels": 64, "height": 4096, "width": 4096}
        }}, training),
        "large-numbers": file({**warming, "batchSize": (1 << 63) - 1, "trainImages": (1 << 63) - 1}),
        "impossible-network": file({**warming, "largest": {**state["largest"], "depth": 0}}),
        "no-object": part(b"[1,2,3]"),
    }


def size(shape):
    result = 1
    for length in shape:
        result *= length
    return result


# Configurations -------------------------------------------------------------------------------------------------------


def configuration_seeds():
    least = b"dataset:\n  name: mnist\nnetwork:\n  architecture: resnet18\nsearch:\n  target: 99.0\n"
    return {
        "least": least,
        "flow": b"{dataset: {name: svhn, validation: 10}, network: {architecture: resnet34}, search: {target: 97.5}}",
        "settings": least + b"\0search.target=98.0\ntraining.seed=7\nwarmUp.epochs=0",
        "wrong-settings": least + b"\0search=1\nsearch.target.x=2\n=\na..b=1",
        "wrong-words": least.replace(b"mnist", b"mnits").replace(b"resnet18", b"resnet19"),
        "unknown-keys": least + b"  targt: 1\nsaerch:\n  target: 1\n? [a, b]\n: c\n",
        "numbers": least + b"  patience: 1e3\n  tolerance: .inf\n  maximumDepth: 0x10\n  epochLimit: 99999999999999999999\n",
        "texts": least.replace(b"mnist", b'"mnist"') + b"training:\n  kernels: |\n    fast\n  seed: '1'\n",
        "null": least + b"  epochLimit: null\n  maximumDepth: ~\ntraining:\n",
        "alias": b"a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n",
        "repeated": least + least,
        "repeated-control": b'"\\e[2J": 1\n"\\e[2J": 2\n',
        "control-settings": least + b"\0\x1b[2J\nsearch.\x1b[2J=1\nsearch.target=\x1b[2J",
        "documents": least + b"---\n" + least,
        "deep": b"[" * 2_000,
        "deep-sections": b"".join(b" " * i + b"a:\n" for i in range(90)),
        "tags": b"%YAML 1.1\n--- !!map\ndataset: !!str x\nsearch: !<tag:yaml.org,2002:float> 1\n",
        "tabs": b"dataset:\n\tname: mnist\n",
        "other-bytes": b"\xff\xfe\x00d\x00a",
    }


if __name__ == "__main__":
    write("idx", idx_seeds())
    write("gzip", gzip_seeds())
    write("cifar", cifar_seeds())
    write("matlab", matlab_seeds())
    write("npz", npz_seeds())
    write("model", model_seeds())
    write("checkpoint", checkpoint_seeds())
    write("search", search_seeds())
    write("configuration", configuration_seeds())
