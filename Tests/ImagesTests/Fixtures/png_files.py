"""PNG files of the kinds that Pillow does not write: 16 bits with opacity, transparent colours, interlaced ones."""

import struct
import zlib

import numpy as np

KINDS = {1: 0, 2: 4, 3: 2, 4: 6}  # by channels, as PNG numbers them
# Of Adam7: the first row, every how many rows, the same of columns.
PASSES = [(0, 8, 0, 8), (0, 8, 4, 8), (4, 8, 0, 4), (0, 4, 2, 4), (2, 4, 0, 2), (0, 2, 1, 2), (1, 2, 0, 1)]


def chunk(name, content):
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def packed(rows, bits):
    """Rows [H, W·C] of numbers of 1, 2, 4, 8 or 16 bits as PNG stores them, without a filter."""
    if bits == 16:
        stored = rows.astype(">u2").view(np.uint8)
    elif bits == 8:
        stored = rows.astype(np.uint8)
    else:
        ones = (rows.astype(np.uint8)[..., None] >> np.arange(bits - 1, -1, -1, dtype=np.uint8)) & 1
        stored = np.packbits(ones.reshape(len(rows), -1), axis=1)
    return b"".join(b"\0" + row.tobytes() for row in stored)


def png(pixels, bits=8, palette=None, transparent=None, interlaced=False, before=(), after=()):
    """A file of pixels [H, W, C]: numbers of colours if there is a palette [N, 3], else grey, grey and opacity, RGB, RGBA.

    `transparent` is the content of the chunk tRNS; `before` and `after` are other chunks, around the pixels.
    """
    height, width, channels = pixels.shape
    kind = KINDS[channels] if palette is None else 3
    header = struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, int(interlaced))
    parts = [pixels[top::down, left::right] for top, down, left, right in PASSES] if interlaced else [pixels]
    content = b"".join(packed(part.reshape(len(part), -1), bits) for part in parts if part.size)
    chunks = [chunk(b"IHDR", header)]
    if palette is not None:
        chunks.append(chunk(b"PLTE", palette.astype(np.uint8).tobytes()))
    if transparent is not None:
        chunks.append(chunk(b"tRNS", transparent))
    chunks += [*before, chunk(b"IDAT", zlib.compress(content, 9)), *after, chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
