"""Writes the small data sets beside this script, the same bytes every time. Needs numpy and scipy.

Pixel (row, column, channel) of image n is (31n + 7·row + 13·column + 101·channel + row·column) mod 256 and its class is
(3n + 1) mod classes; test images count on from n = 100. `Fixture.swift` knows the same formulas.
"""

import gzip
import io
import shutil
import struct
from pathlib import Path

import numpy as np
import scipy.io

HERE = Path(__file__).parent


def images(first, count, height, width, channels):
    n, row, column, channel = np.ogrid[first : first + count, :height, :width, :channels]
    return ((31 * n + 7 * row + 13 * column + 101 * channel + row * column) % 256).astype(np.uint8)


def labels(first, count, classes):
    return ((3 * np.arange(first, first + count) + 1) % classes).astype(np.uint8)


def write(path, data):
    path = HERE / path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def pack(data):
    return gzip.compress(data, mtime=0)


def idx(array):
    return struct.pack(f">{1 + array.ndim}I", 0x0800 + array.ndim, *array.shape) + array.tobytes()


def write_idx(folder, parts, classes, packed, first_label=0, transposed=False):
    for prefix, first, count in parts:
        x = images(first, count, 28, 28, 1)[..., 0]
        x = np.ascontiguousarray(x.transpose(0, 2, 1)) if transposed else x
        y = labels(first, count, classes) + np.uint8(first_label)
        for name, data in (("images-idx3-ubyte", idx(x)), ("labels-idx1-ubyte", idx(y))):
            write(f"{folder}/{prefix}-{name}{'.gz' if packed else ''}", pack(data) if packed else data)


def cifar(first, count, classes, coarse):
    x = images(first, count, 32, 32, 3).transpose(0, 3, 1, 2)
    y = labels(first, count, classes)
    head = b"\x13" if coarse else b""
    return b"".join(head + bytes([y[i]]) + x[i].tobytes() for i in range(count))


def svhn(first, count, label_type):
    y = labels(first, count, 10)
    return images(first, count, 32, 32, 3).transpose(1, 2, 3, 0), np.where(y == 0, 10, y).astype(label_type)[:, None]


def mat(variables, compressed):
    file = io.BytesIO()
    scipy.io.savemat(file, variables, do_compression=compressed)
    # The header's text tells the time of writing.
    return b"MATLAB 5.0 MAT-file, a test's".ljust(116) + file.getvalue()[116:]


def mat_big_endian(variables):
    """What scipy does not write: the other byte order, labels of 16 bits."""

    def element(kind, data):
        return struct.pack(">II", kind, len(data)) + data + bytes(-len(data) % 8)

    def small(kind, data):
        return struct.pack(">HH", len(data), kind) + data.ljust(4, b"\0")

    def matrix(name, array):
        kind, matlab_class = (2, 9) if array.dtype == np.uint8 else (4, 11)
        data = array.astype(array.dtype.newbyteorder(">")).tobytes(order="F")
        return element(
            14,
            element(6, struct.pack(">II", matlab_class, 0))
            + element(5, struct.pack(f">{array.ndim}i", *array.shape))
            + small(1, name.encode())
            + element(kind, data),
        )

    head = b"MATLAB 5.0 MAT-file, a test's".ljust(124) + struct.pack(">H", 0x0100) + b"MI"
    return head + b"".join(matrix(*item) for item in variables.items())


def write_npz(name, save, **arrays):
    buffer = io.BytesIO()
    save(buffer, **arrays)
    write(f"npz/{name}.npz", buffer.getvalue())


def write_archives():
    for name, save in (("stored", np.savez), ("deflated", np.savez_compressed)):
        x, y = images(0, 12, 6, 5, 1)[..., 0], labels(0, 12, 4)
        x_test, y_test = images(100, 5, 6, 5, 1)[..., 0], labels(100, 5, 4).astype(np.int64)
        write_npz(name, save, x_train=x, y_train=y, x_test=x_test, y_test=y_test)
    parts = {}
    for part, first, count, kind in (("train", 0, 8, "u1"), ("val", 50, 4, "i2"), ("test", 100, 4, "i4")):
        parts[f"{part}_images"] = images(first, count, 4, 5, 3)
        parts[f"{part}_labels"] = labels(first, count, 4).reshape(-1, 1).astype(kind)
    write_npz("parts", np.savez_compressed, **parts)
    write_npz("whole", np.savez, images=images(0, 20, 4, 4, 1), labels=labels(0, 20, 2).astype("u2"))


def main():
    for folder in (path for path in HERE.iterdir() if path.is_dir()):
        shutil.rmtree(folder)

    digits = (("train", 0, 12), ("t10k", 100, 5))
    write_idx("mnist", digits, 10, packed=False)
    write_idx("fashion-mnist", digits, 10, packed=True)
    letters = (("emnist-letters-train", 0, 30), ("emnist-letters-test", 100, 5))
    write_idx("emnist-letters/gzip", letters, 26, packed=True, first_label=1, transposed=True)

    for batch in range(5):
        write(f"cifar10/cifar-10-batches-bin/data_batch_{batch + 1}.bin", cifar(2 * batch, 2, 10, coarse=False))
    write("cifar10/cifar-10-batches-bin/test_batch.bin", cifar(100, 2, 10, coarse=False))
    write("cifar100/train.bin", cifar(0, 4, 100, coarse=True))
    write("cifar100/test.bin", cifar(100, 2, 100, coarse=True))

    for name, first, count in (("train", 0, 12), ("test", 100, 5)):
        x, y = svhn(first, count, np.float64)
        write(f"svhn/compressed/{name}_32x32.mat", mat({"X": x, "y": y}, compressed=True))
    for name, first, count in (("train", 0, 4), ("test", 100, 1)):
        x, y = svhn(first, count, np.uint8)
        others = {"about": {"a": 1.0}, "text": "digits", "numbers": np.arange(5.0)}
        write(f"svhn/plain/{name}_32x32.mat", mat(others | {"y": y, "X": x}, compressed=False))
        x, y = svhn(first, count, np.uint16)
        write(f"svhn/big-endian/{name}_32x32.mat", mat_big_endian({"X": x, "y": y}))

    # Unusual but right: labels packed in two runs.
    packed = idx(labels(0, 12, 10))
    write("single/labels-in-two-members.gz", pack(packed[:10]) + pack(packed[10:]))
    # Files that declare more than they hold.
    write("single/labels-one-short.gz", pack(packed[:-1]))
    write("single/images-without-end.gz", pack(struct.pack(">4I", 0x0803, 0xFFFFFFFF, 28, 28)))
    write("single/images-bomb.gz", pack(struct.pack(">4I", 0x0803, 60_000, 28, 28) + bytes(1_000_000)))

    write_archives()


if __name__ == "__main__":
    main()
