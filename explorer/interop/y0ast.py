"""y0ast/Glow-PyTorch: `glow_*.pt`, a state_dict, alone or under "model"."""

__all__ = ["DIALECT"]

from collections.abc import Sequence

from explorer.interop.conversion import Conversion, Dialect, Hints
from explorer.interop.reading import ForeignFile
from explorer.interop.sequential_glow import InputRange, Naming, convert_sequential

NAME = "y0ast/Glow-PyTorch"


def _convert(files: Sequence[ForeignFile], hints: Hints) -> Conversion:
    return convert_sequential(
        files[0],
        NAME,
        Naming(
            net="block",
            conv=".conv",
            lower="lower",
            upper="upper",
            top="learn_top_fn",
            linear=".linear",
        ),
        {"dequantisation": "uniform", "n_bits": hints.n_bits or 8},
        InputRange(),
    )


DIALECT = Dialect(name=NAME, marks=("flow.layers.1.block.0.conv.weight",), convert=_convert)
