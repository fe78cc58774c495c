r"""rosinality/glow-pytorch: `model_*.pt`, a state_dict. Its net has no ActNorm, and sees its edge.

Convolutions that start as zero are padded with ones. With s the sum over channels of such a
convolution's weights, one number a tap,

.. math:: \mathrm{conv}_1(h) = \mathrm{conv}_0(h) - \mathrm{conv}_0(1; s) + \sum s

where the index is the padding. So a coupling's network gets one more hidden channel, which is 1
everywhere and has the weights -s; a split, which has no hidden channel, is padded as there.

The file tells neither the size of the images nor the bits a value.
"""

__all__ = ["DIALECT", "EDGE_BITS", "NAME", "step_shapes", "zero_shapes"]

import re
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import functional

from explorer.errors import CheckpointError, ConfigError
from explorer.interop import glow_tensors as ours
from explorer.interop.conversion import Conversion, Dialect, Hints, check_tensors
from explorer.interop.reading import ForeignFile

NAME = "rosinality/glow-pytorch"
SIZE, EDGE_BITS = 64, 5
"""Its own defaults of `--img_size` and `--n_bits`."""

_FLOW = re.compile(r"blocks\.(\d+)\.flows\.(\d+)\.")
_LU = ("w_p", "u_mask", "l_mask", "l_eye", "w_l", "w_u")


def _convert(files: Sequence[ForeignFile], hints: Hints) -> Conversion:
    file = files[0]
    steps = _steps(file)
    sizes = [_sizes(file, block) for block in range(len(steps))]
    expected: dict[str, tuple[int, ...]] = {}
    for block, count in enumerate(steps):
        channels, hidden, outputs = sizes[block]
        for k in range(count):
            prefix = f"blocks.{block}.flows.{k}"
            is_plain = f"{prefix}.invconv.weight" in file.tensors
            expected |= step_shapes(prefix, channels, hidden, outputs, is_plain=is_plain)
        is_top = block == len(steps) - 1
        seen = channels if is_top else channels // 2
        expected |= zero_shapes(
            f"blocks.{block}.prior", seen, 2 * (seen if is_top else channels // 2)
        )
    check_tensors(file, NAME, expected)
    _check_values(file)
    side = hints.image_size or SIZE
    if side % 2 ** len(steps):
        raise ConfigError(
            f"--image-size {side} does not fit a model of {len(steps)} blocks, which halves it "
            f"that often. Give a multiple of {2 ** len(steps)}."
        )
    plain = any(name.endswith(".invconv.weight") for name in file.tensors)
    return Conversion(
        dialect=NAME,
        model="glow",
        config={
            "num_steps": steps,
            "hidden_channels": [hidden + 1 for _, hidden, _ in sizes],
            "permutation": "conv1x1" if plain else "conv1x1_lu",
            "coupling": "sigmoid" if sizes[0][2] == sizes[0][0] else "additive",
            "log_sigma_bound": ours.NO_BOUND,
            "split_edge": "ones",
            "dequantisation": "uniform",
            "n_bits": hints.n_bits or EDGE_BITS,
        },
        image_shape=(sizes[0][0] // 4, side, side),
        class_names=("any",),
        class_counts=(1,),
        tensors=_tensors(file.tensors, steps, side // 2 ** len(steps), plain=plain),
        steps=0,
        notes=_assumed(hints),
    )


def _assumed(hints: Hints) -> tuple[str, ...]:
    """Return what the file does not tell and nobody else told."""
    notes = []
    if hints.image_size is None:
        notes.append(f"the file does not tell the image size; {SIZE} is assumed (--image-size)")
    if hints.n_bits is None:
        notes.append(f"the file does not tell the bits a value; {EDGE_BITS} are assumed (--bits)")
    return tuple(notes)


def _steps(file: ForeignFile) -> list[int]:
    """Return the steps of each block."""
    seen: dict[int, int] = {}
    for found in map(_FLOW.match, file.tensors):
        if found:
            block, k = int(found[1]), int(found[2])
            seen[block] = max(seen.get(block, 0), k + 1)
    if sorted(seen) != list(range(len(seen))) or max(seen.values()) > 1000:
        raise CheckpointError(
            f"'{file.path}': {NAME} numbers its blocks from 0 without a gap; found are "
            f"{', '.join(map(str, sorted(seen)))}. The file is not whole. Copy it again."
        )
    return [seen[block] for block in range(len(seen))]


def _sizes(file: ForeignFile, block: int) -> tuple[int, int, int]:
    """Return (channels, hidden channels, outputs of the coupling's network) of a block."""
    first = f"blocks.{block}.flows.0"
    found = []
    for name, axis in (
        ("actnorm.loc", 1),
        ("coupling.net.0.weight", 0),
        ("coupling.net.4.scale", 1),
    ):
        tensor = file.tensors.get(f"{first}.{name}")
        if tensor is None or tensor.ndim <= axis:
            what = "missing" if tensor is None else f"of shape {tuple(tensor.shape)}"
            raise CheckpointError(
                f"'{file.path}' is written as {NAME} writes a model, but '{first}.{name}' is "
                f"{what}, so that its size cannot be told. Nothing was imported. Copy it again."
            )
        found.append(tensor.shape[axis])
    return found[0], found[1], found[2]


def step_shapes(
    prefix: str, channels: int, hidden: int, outputs: int, *, is_plain: bool
) -> dict[str, tuple[int, ...]]:
    """Return every tensor of one step of flow with its shape."""
    half, net = channels // 2, f"{prefix}.coupling.net"
    shapes: dict[str, tuple[int, ...]] = {
        f"{prefix}.actnorm.loc": (1, channels, 1, 1),
        f"{prefix}.actnorm.scale": (1, channels, 1, 1),
        f"{prefix}.actnorm.initialized": (),
    }
    if is_plain:
        shapes[f"{prefix}.invconv.weight"] = (channels, channels, 1, 1)
    else:
        shapes |= {f"{prefix}.invconv.{name}": (channels, channels) for name in _LU}
        shapes |= {f"{prefix}.invconv.{name}": (channels,) for name in ("w_s", "s_sign")}
    shapes |= {
        f"{net}.0.weight": (hidden, half, 3, 3),
        f"{net}.0.bias": (hidden,),
        f"{net}.2.weight": (hidden, hidden, 1, 1),
        f"{net}.2.bias": (hidden,),
    }
    return shapes | zero_shapes(f"{net}.4", hidden, outputs)


def zero_shapes(prefix: str, inputs: int, outputs: int) -> dict[str, tuple[int, ...]]:
    """Return the tensors of a convolution that started as zero with their shapes."""
    return {
        f"{prefix}.conv.weight": (outputs, inputs, 3, 3),
        f"{prefix}.conv.bias": (outputs,),
        f"{prefix}.scale": (1, outputs, 1, 1),
    }


def _check_values(file: ForeignFile) -> None:
    for name, tensor in file.tensors.items():
        if name.endswith("actnorm.initialized") and not bool(tensor):
            raise CheckpointError(
                f"'{file.path}': '{name}' is 0, so the model never saw an image. Train it first."
            )
        if name.endswith("actnorm.scale") and bool((tensor == 0).any()):
            raise CheckpointError(
                f"'{file.path}': '{name}' holds a 0, so the model cannot be inverted."
            )


def _tensors(
    found: Mapping[str, Tensor], steps: Sequence[int], top_side: int, *, plain: bool
) -> dict[str, Tensor]:
    tensors: dict[str, Tensor] = {}
    for block, count in enumerate(steps):
        for k in range(count):
            tensors |= _step(
                found, f"blocks.{block}.flows.{k}", f"levels.{block}.steps.{k}", plain=plain
            )
        prior = [found[f"blocks.{block}.prior.{name}"] for name in _ZERO]
        if block < len(steps) - 1:
            tensors |= ours.zero_conv(f"levels.{block}.split.prior", *prior)
    weight, bias, scale = (part.double() for part in prior)
    zeros = torch.zeros(1, weight.shape[1], top_side, top_side, dtype=torch.float64)
    seen = functional.conv2d(functional.pad(zeros, (1, 1, 1, 1), value=1.0), weight, bias)
    mean, log_sigma = (seen * (3 * scale).exp())[0].chunk(2)
    size = mean.numel()
    tensors |= ours.top_prior(mean, log_sigma)
    return tensors | ours.class_priors(torch.zeros(1, size), torch.zeros(1, size))


_ZERO = ("conv.weight", "conv.bias", "scale")


def _step(
    found: Mapping[str, Tensor], source: str, target: str, *, plain: bool
) -> dict[str, Tensor]:
    """Convert one step; the sign of its ActNorm goes into the 1x1 convolution."""
    scale = found[f"{source}.actnorm.scale"].flatten()
    step = ours.actnorm(
        f"{target}.norm", found[f"{source}.actnorm.loc"], scale.double().abs().log()
    )
    if plain:
        weight = _matrix(found, f"{source}.invconv") * scale.sign()
        step |= ours.conv1x1(f"{target}.permutation", weight)
    else:
        part = {name: found[f"{source}.invconv.{name}"] for name in ("w_p", "w_l", "w_u", "w_s")}
        sign = found[f"{source}.invconv.s_sign"] * scale.sign()
        step |= ours.conv1x1_lu(
            f"{target}.permutation",
            part["w_p"],
            sign,
            part["w_l"],
            part["w_u"] * scale.sign(),
            part["w_s"],
        )
    return step | _net(found, f"{source}.coupling.net", f"{target}.coupling.net", len(scale))


def _matrix(found: Mapping[str, Tensor], prefix: str) -> Tensor:
    """Return the 1x1 convolution's matrix, whichever way it is written."""
    if f"{prefix}.weight" in found:
        return found[f"{prefix}.weight"].flatten(1)
    names = ("w_p", "w_l", "w_u", "w_s", "s_sign")
    permutation, lower, upper, log_s, sign = (found[f"{prefix}.{n}"].double() for n in names)
    unit = torch.eye(len(log_s), dtype=torch.float64)
    return permutation @ (lower.tril(-1) + unit) @ (upper.triu(1) + torch.diag(sign * log_s.exp()))


def _net(
    found: Mapping[str, Tensor], source: str, target: str, channels: int
) -> dict[str, Tensor]:
    """Convert a coupling's network, with one more hidden channel that is 1 everywhere."""
    weight1, bias1 = found[f"{source}.0.weight"], found[f"{source}.0.bias"]
    weight2, bias2 = found[f"{source}.2.weight"].flatten(1), found[f"{source}.2.bias"]
    weight3, bias3, scale = (found[f"{source}.4.{name}"] for name in _ZERO)
    taps = weight3.double().sum(1, keepdim=True)
    weight3 = torch.cat([weight3.double(), -taps], 1)
    bias3 = bias3.double() + taps.sum((1, 2, 3))
    scale = scale.flatten()
    if len(scale) == channels:  # log-scales before shifts, where ours has the shifts first
        weight3, bias3, scale = (
            torch.cat(part.chunk(2)[::-1]) for part in (weight3, bias3, scale)
        )
    none = torch.zeros(len(bias1) + 1)
    net = ours.coupling_net(
        target,
        functional.pad(weight1, (0, 0, 0, 0, 0, 0, 0, 1)),
        functional.pad(weight2, (0, 1, 0, 1)),
    )
    for k, bias in ((1, bias1), (2, bias2)):
        net |= ours.actnorm(f"{target}.norm{k}", functional.pad(bias, (0, 1), value=1.0), none)
    return net | ours.zero_conv(f"{target}.out", weight3, bias3, scale)


DIALECT = Dialect(name=NAME, marks=("blocks.0.flows.0.actnorm.loc",), convert=_convert)
