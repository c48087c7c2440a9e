"""Writes the pictures beside this script, the same bytes with the same version of Pillow (13.0). Needs Pillow and numpy.

Pixel (row, column, channel) of the pattern is (7·row + 13·column + 101·channel + row·column) mod 256, that of the slope
5·row + 3·column + 20·channel, and the opacity (13·row + 9·column) mod 256. Tests in Swift know the same formulas.
"""

import struct
from pathlib import Path

import numpy as np
from PIL import Image
from png_files import chunk, png

HERE = Path(__file__).parent
HEIGHT, WIDTH = 20, 30

row, column, channel = np.ogrid[:HEIGHT, :WIDTH, :3]
pattern = ((7 * row + 13 * column + 101 * channel + row * column) % 256).astype(np.uint8)
slope = (5 * row + 3 * column + 20 * channel).astype(np.uint8)


def save(name, picture, **options):
    picture.save(HERE / name, **options)


color = Image.fromarray(pattern)
grey = Image.fromarray(pattern[..., 0])
save("color.png", color)
save("grey.png", grey)
save("grey-2-colors.png", Image.fromarray(pattern[..., 0] >= 128))
save("grey-16-bits.png", Image.fromarray(pattern[..., 0].astype(np.uint16) * 257))
save("palette.png", color.quantize(256, dither=Image.Dither.NONE))
opacity = np.where(row[..., 0] + 0 * column[..., 0] < 10, 255, 0).astype(np.uint8)
save("transparent.png", Image.fromarray(np.dstack([pattern, opacity])))
for height, width in ((5, 7), (9, 45), (50, 64)):
    save(f"color-{height}x{width}.png", color.resize((width, height), Image.Resampling.BILINEAR))

smooth = Image.fromarray(slope)
save("slope.jpg", smooth, quality=95)
save("slope-progressive.jpg", smooth, quality=95, progressive=True, subsampling=0)
save("slope-grey.jpg", Image.fromarray(slope[..., 0]), quality=95)
save("slope-cmyk.jpg", smooth.convert("CMYK"), quality=95)

opacity = ((13 * row[..., :1] + 9 * column[..., :1]) % 256).astype(np.uint8)
grey = slope[..., :1]
with_opacity = {"grey": np.dstack([grey, opacity]), "color": np.dstack([slope, opacity])}
for name, pixels in with_opacity.items():
    (HERE / f"opacity-{name}.png").write_bytes(png(pixels))
    (HERE / f"opacity-{name}-16-bits.png").write_bytes(png(pixels.astype(np.uint16) * 257, bits=16))
    (HERE / f"opacity-{name}-interlaced.png").write_bytes(png(pixels, interlaced=True))
# Color i of the palette is (i, 2·i, 255 - i), its opacity 255 - 4·i; pixels are (row + column) mod 50.
number = np.arange(50)
palette = np.stack([number, 2 * number, 255 - number], axis=1)
numbers = (row + column)[..., :1] % 50
(HERE / "opacity-palette.png").write_bytes(png(numbers, palette=palette, transparent=bytes((255 - 4 * number).tolist())))
# The grey 47 and the colour of row 3, column 4 are transparent.
(HERE / "key-grey.png").write_bytes(png(grey, transparent=struct.pack(">H", 47)))
(HERE / "key-color.png").write_bytes(png(slope, transparent=struct.pack(">HHH", *slope[3, 4])))
# Seen after it is turned clockwise.
exif = b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, 6, 0, 0)
(HERE / "turned-before.png").write_bytes(png(slope, before=[chunk(b"eXIf", exif)]))
(HERE / "turned-after.png").write_bytes(png(slope, after=[chunk(b"eXIf", exif)]))
save("turned.jpg", smooth, quality=95, exif=b"Exif\0\0" + exif)
# More pixels in colour than are decoded: 46 million of one colour, in 6 KB.
wide = np.full((1, 8000, 1), 1, np.uint8)
(HERE / "large.png").write_bytes(png(np.broadcast_to(wide, (5750, 8000, 1)), bits=1, palette=palette[[0, 40]]))
