#!/usr/bin/env python3
"""to_png.py IN.pgm OUT.png [SCALE] - the demo's picture in a format that everything shows."""
import sys

from PIL import Image

source, target = sys.argv[1:3]
scale = int(sys.argv[3]) if len(sys.argv) > 3 else 2
image = Image.open(source)
image = image.resize((image.width * scale, image.height * scale), Image.Resampling.NEAREST)
image.save(target, optimize=True)
print(f"the picture is {target}")
