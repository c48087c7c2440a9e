"""Writes the pictures beside this script, the same bytes with the same version of Pillow (13.0). Needs Pillow and numpy.

Pixel (row, column, channel) of the pattern is (7·row + 13·column + 101·channel + row·column) mod 256, that of the slope
5·row + 3·column + 20·channel. `ImageTests.swift` knows the same formulas.
"""

from pathlib import Path

import numpy as np
from PIL import Image

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
