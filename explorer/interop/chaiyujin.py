"""chaiyujin/glow-pytorch: `save_*.pkl` and `trained.pkl`, the state_dict under "graph".

Its flow is given pixels in [0, 1], that is `value / 255`, with Gaussian noise of deviation 1/256.
That range is folded into the first ActNorm, so that log p counts the density per 1/256 of the
range where the original counts it per unit of `value / 255`: it differs by
`dimensions * ln(256 / 255)`, whatever the image.
"""

__all__ = ["DIALECT"]

from collections.abc import Sequence

from explorer.interop.conversion import Conversion, Dialect, Hints
from explorer.interop.reading import ForeignFile
from explorer.interop.sequential_glow import InputRange, Naming, convert_sequential

NAME = "chaiyujin/glow-pytorch"
GAIN = 256 / 255


def _convert(files: Sequence[ForeignFile], hints: Hints) -> Conversion:
    return convert_sequential(
        files[0],
        NAME,
        Naming(net="f", conv="", lower="l", upper="u", top="learn_top", linear=""),
        {"dequantisation": "gaussian", "noise": 1 / 256 / GAIN},
        InputRange(gain=GAIN, offset=0.5),
    )


DIALECT = Dialect(name=NAME, marks=("flow.layers.1.f.0.weight",), convert=_convert)
