"""Writes pictures of every kind into a folder, and what Pillow sees in them, which `PillowTests.swift` compares odn with.

    python pillow.py FOLDER

For each picture a line of `pictures.tsv` has its kind, name, height, width and channels; NAME.pixels has its pixels. The
height is 0 for a file that Pillow refuses. Pictures stand upright by `ImageOps.exif_transpose`; what can be seen through
is put over black by `Image.alpha_composite`; then they become grey or RGB. Of 16 bits of grey, which Pillow's own
conversion cuts off at 255, the upper ones are taken, as Pillow does it for colours. Needs Pillow and numpy.
"""

import io
import struct
import sys
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps
from png_files import KINDS, chunk, png

SIZES = [(1, 1), (1, 7), (7, 1), (2, 3), (5, 4), (8, 8), (9, 17), (16, 16), (31, 33), (75, 100)]
random = np.random.default_rng(11)


def smooth(height, width, channels):
    """Waves with some noise, as photographs have it."""
    rows, columns, channel = np.ogrid[:height, :width, :channels]
    waves = 128 + 70 * np.sin(rows / 5 + channel) + 50 * np.cos(columns / 7 - rows / 11 + 2 * channel)
    return np.clip(waves + random.normal(0, 8, (height, width, channels)), 0, 255).astype(np.uint8)


def noise(height, width, channels, bits=8):
    return random.integers(0, 1 << bits, (height, width, channels))


def saved(pixels, kind="JPEG", **options):
    picture = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels.squeeze(2) if pixels.shape[2] == 1 else pixels)
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def exif(orientation, order=">"):
    mark = b"MM\0*" if order == ">" else b"II*\0"
    return mark + struct.pack(order + "IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)


def pictures():
    """Kinds and contents of files."""
    for height, width in SIZES:
        size = (height, width)
        for channels, name in ((1, "grey"), (2, "grey and opacity"), (3, "RGB"), (4, "RGBA")):
            yield f"PNG {name}", png(noise(*size, channels))
            yield f"PNG {name}, 16 bits", png(noise(*size, channels, 16), bits=16)
            yield f"PNG {name}, interlaced", png(noise(*size, channels), interlaced=True)
            yield f"PNG {name}, written by Pillow", saved(noise(*size, channels).astype(np.uint8), "PNG")
        for bits in (1, 2, 4):
            yield f"PNG grey, {bits} bits", png(noise(*size, 1, bits), bits=bits)
        for bits in (1, 2, 4, 8):
            palette = noise(1 << bits, 3, 1)
            yield f"PNG palette, {bits} bits", png(noise(*size, 1, bits), bits=bits, palette=palette)
            opacity = bytes(noise(1 << bits, 1, 1)[: (1 << bits) - 1].astype(np.uint8))
            yield f"PNG palette with opacity, {bits} bits", png(noise(*size, 1, bits), bits, palette, opacity)
        pixels = noise(*size, 3)
        yield "PNG RGB, a transparent colour", png(pixels, transparent=struct.pack(">HHH", *pixels[0, 0]))
        pixels = noise(*size, 1)
        yield "PNG grey, a transparent one", png(pixels, transparent=struct.pack(">H", pixels[0, 0, 0]))
        pixels = noise(*size, 1, 1)
        yield "PNG grey, 1 bit, a transparent one", png(pixels, bits=1, transparent=struct.pack(">H", pixels[0, 0, 0]))
        pixels = noise(*size, 1, 4)
        yield "PNG grey, 4 bits, a transparent one", png(pixels, bits=4, transparent=struct.pack(">H", pixels[0, 0, 0]))
        pixels = noise(*size, 3, 16)
        yield "PNG RGB, 16 bits, a transparent colour", png(
            pixels, bits=16, transparent=struct.pack(">HHH", *pixels[0, 0]))
        gamma = [chunk(b"gAMA", struct.pack(">I", 100_000))]
        yield "PNG RGBA, with a gamma of 1", png(noise(*size, 4), before=gamma)
        yield "PNG RGBA, with a background", png(noise(*size, 4), before=[chunk(b"bKGD", struct.pack(">HHH", 9, 99, 200))])

        for subsampling, name in ((0, "4:4:4"), (1, "4:2:2"), (2, "4:2:0")):
            for progressive in (False, True):
                kind = f"JPEG {name}{', progressive' if progressive else ''}"
                yield kind, saved(smooth(*size, 3), subsampling=subsampling, progressive=progressive)
                yield kind, saved(noise(*size, 3).astype(np.uint8), quality=40, subsampling=subsampling, progressive=progressive)
        yield "JPEG grey", saved(smooth(*size, 1))
        yield "JPEG grey, progressive", saved(smooth(*size, 1), progressive=True)
        yield "JPEG CMYK", saved(Image.fromarray(smooth(*size, 4), "CMYK"))
        yield "JPEG CMYK, progressive", saved(Image.fromarray(smooth(*size, 4), "CMYK"), progressive=True)
        yield "JPEG with restarts", saved(smooth(*size, 3), restart_marker_blocks=1)

    for orientation in range(10):
        for order in "<>":
            for size in ((9, 17), (2, 3)):
                data = exif(orientation, order)
                yield "JPEG turned", saved(smooth(*size, 3), exif=b"Exif\0\0" + data)
                yield "JPEG grey turned", saved(smooth(*size, 1), exif=b"Exif\0\0" + data)
                yield "PNG turned", png(noise(*size, 3), before=[chunk(b"eXIf", data)])
                yield "PNG turned, noted behind the pixels", png(noise(*size, 4), after=[chunk(b"eXIf", data)])
    data = exif(6)
    for count in range(len(data)):
        yield "JPEG, EXIF cut", saved(smooth(5, 4, 3), exif=b"Exif\0\0" + data[:count])
    for place in range(len(data)):
        changed = bytearray(data)
        changed[place] ^= 0x81
        yield "JPEG, EXIF damaged", saved(smooth(5, 4, 3), exif=b"Exif\0\0" + bytes(changed))

    for progressive in (False, True):
        whole = saved(smooth(40, 56, 3), progressive=progressive)
        form = ", progressive" if progressive else ""
        second = 4 + int.from_bytes(whole[4:6], "big")
        scan = whole.index(b"\xff\xda")
        for junk in (b"\0", b"junk", b"\0" * 100, b"\xff\0\xff\0"):
            yield f"JPEG, bytes before the end{form}", whole[:-2] + junk + whole[-2:]
            yield f"JPEG, bytes behind the end{form}", whole + junk
            yield f"JPEG, bytes between segments{form}", whole[:second] + junk + whole[second:]
        for cut in (1, 2, 3, 10, 40, 200, len(whole) - scan, len(whole) - 30):
            yield f"JPEG cut{form}", whole[:-cut]
        for cut in (40, 200, 400):
            yield f"JPEG, an end too early{form}", whole[:-cut] + b"\xff\xd9"
        yield f"JPEG, zeros for the end{form}", whole[:-2] + bytes(100)
        for place in random.integers(scan + 20, len(whole) - 2, 40):
            changed = bytearray(whole)
            changed[place] ^= 0x10
            yield f"JPEG, a changed byte of pixels{form}", bytes(changed)
    whole = png(noise(20, 30, 3))
    for cut in (1, 4, 12, 13, 20, 200, len(whole) - 30):
        yield "PNG cut", whole[:-cut]
    yield "PNG, bytes behind the end", whole + b"junk"


def seen(path):
    """Pixels [H, W, C], as Pillow sees them."""
    with Image.open(path) as file:
        file.load()
        picture = ImageOps.exif_transpose(file)
    # As PNG numbers kinds: Pillow reads 16 bits of grey and opacity as colours.
    content = path.read_bytes()
    is_grey = picture.mode in ("1", "L", "LA", "I;16") or content.startswith(b"\x89PNG") and content[25] == KINDS[2]
    if picture.mode == "I;16":
        return (np.asarray(picture) >> 8).astype(np.uint8)[..., None]
    if picture.has_transparency_data:
        black = Image.new("RGBA", picture.size, (0, 0, 0, 255))
        picture = Image.alpha_composite(black, picture.convert("RGBA"))
    pixels = np.asarray(picture.convert("L" if is_grey else "RGB"))
    return pixels[..., None] if is_grey else pixels


def main():
    folder = Path(sys.argv[1])
    warnings.simplefilter("ignore")
    lines = []
    for number, (kind, content) in enumerate(pictures()):
        path = folder / f"{number:04}"
        path.write_bytes(content)
        try:
            pixels = seen(path)
        except Exception:  # Pillow's errors on damaged files are of many types
            pixels = np.empty((0, 0, 0), np.uint8)
        path.with_suffix(".pixels").write_bytes(pixels.tobytes())
        lines.append("\t".join(map(str, (kind, path.name, *pixels.shape))))
    (folder / "pictures.tsv").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
