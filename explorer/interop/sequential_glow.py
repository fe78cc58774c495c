"""The Glow of chaiyujin/glow-pytorch and of y0ast/Glow-PyTorch: one net, two ways to name it.

`flow.layers.N` counts squeezes, steps and splits alike. A level is a squeeze (no tensors), K steps
and, but for the last, a split. The network of a coupling gives shift and scale in turn
(channels 0, 2, ... and 1, 3, ...), where ours gives all shifts first.
"""

__all__ = ["InputRange", "Naming", "convert_sequential"]

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from explorer.errors import CheckpointError
from explorer.interop import glow_tensors as ours
from explorer.interop.conversion import Conversion, check_tensors
from explorer.interop.reading import ForeignFile


@dataclass(frozen=True, slots=True)
class Naming:
    """How a dialect calls what both have.

    Attributes:
        net: The network of a coupling.
        conv: What stands between a convolution and its weight or bias.
        lower: The lower triangle of a decomposed 1x1 convolution.
        upper: The upper one.
        top: The convolution that learns the top prior.
        linear: What stands between a linear layer and its weight or bias.
    """

    net: str
    conv: str
    lower: str
    upper: str
    top: str
    linear: str


@dataclass(frozen=True, slots=True)
class InputRange:
    """What a dialect's flow is given: `gain * x + offset` of our x in [-0.5, 0.5]."""

    gain: float = 1.0
    offset: float = 0.0


@dataclass(frozen=True, slots=True)
class _Shape:
    """Sizes read off the tensors: a level's step numbers, widths, channels, and its split."""

    steps: list[list[int]]
    splits: list[int]
    hidden: list[int]
    channels: list[int]
    side: tuple[int, int]
    coupling: str
    permutation: str
    classes: int
    learns_top: bool


def convert_sequential(
    file: ForeignFile,
    dialect: str,
    naming: Naming,
    noise: Mapping[str, Any],
    given: InputRange,
) -> Conversion:
    """Return the model of either dialect in our terms.

    Args:
        file: The checkpoint.
        dialect: Its name.
        naming: Its names.
        noise: Our settings of the noise it was trained with.
        given: What its flow is given.

    Raises:
        CheckpointError: A tensor is missing, unknown, of another shape or not finite, or the
            order of the channels is not in the file.
    """
    shape = _shape_of(file, dialect, naming)
    check_tensors(file, dialect, _expected(file, shape, naming))
    levels = len(shape.steps)
    tensors: dict[str, Tensor] = {}
    for level, numbers in enumerate(shape.steps):
        for k, number in enumerate(numbers):
            is_first = level == k == 0
            tensors |= _step(
                file.tensors,
                f"flow.layers.{number}",
                f"levels.{level}.steps.{k}",
                naming,
                given if is_first else InputRange(),
            )
        if level < levels - 1:
            source = f"flow.layers.{shape.splits[level]}.conv"
            tensors |= _zero_conv(
                file.tensors, source, f"levels.{level}.split.prior", naming, in_turn=True
            )
    tensors |= _priors(file.tensors, shape, naming)
    height, width = (side * 2**levels for side in shape.side)
    classes = shape.classes or 1
    names = tuple(f"class {k}" for k in range(classes)) if shape.classes else ("any",)
    notes = ("its classifier of latents is left out",) if shape.classes else ()
    return Conversion(
        dialect=dialect,
        model="glow",
        config={
            "num_steps": [len(numbers) for numbers in shape.steps],
            "hidden_channels": shape.hidden,
            "permutation": shape.permutation,
            "coupling": shape.coupling,
            "log_sigma_bound": ours.NO_BOUND,
            "learn_top": shape.learns_top,
            "class_conditional": shape.classes > 0,
            **noise,
        },
        image_shape=(shape.channels[0] // 4, height, width),
        class_names=names,
        class_counts=(1,) * classes,
        tensors=tensors,
        steps=_count(file.others.get("global_step")),
        notes=notes,
    )


def _shape_of(file: ForeignFile, dialect: str, naming: Naming) -> _Shape:
    numbers = sorted({int(found[1]) for name in file.tensors if (found := _LAYER.match(name))})
    splits = sorted({int(found[1]) for name in file.tensors if (found := _SPLIT.match(name))})
    starts, ends = [1, *(n + 2 for n in splits)], [*splits, max(numbers, default=0) + 1]
    steps = [list(range(start, end)) for start, end in zip(starts, ends, strict=True)]
    if not all(steps):
        raise CheckpointError(
            f"'{file.path}': {dialect} has steps of flow on each level; the layers found are "
            f"{', '.join(map(str, numbers))}. The file is not whole. Copy it again."
        )
    first = [f"flow.layers.{level[0]}" for level in steps]
    channels = [_size(file, dialect, f"{step}.actnorm.bias", 1) for step in first]
    outputs = _size(file, dialect, f"{first[0]}.{naming.net}.4{naming.conv}.weight", 0)
    prior = [_size(file, dialect, "prior_h", axis) for axis in (2, 3)]
    classes = f"project_class{naming.linear}.weight"
    return _Shape(
        steps=steps,
        splits=splits,
        hidden=[
            _size(file, dialect, f"{step}.{naming.net}.0{naming.conv}.weight", 0) for step in first
        ],
        channels=channels,
        side=(prior[0], prior[1]),
        coupling="sigmoid" if outputs == channels[0] else "additive",
        permutation=_permutation(file, first[0], naming),
        classes=_size(file, dialect, classes, 0) if classes in file.tensors else 0,
        learns_top=f"{naming.top}{naming.conv}.weight" in file.tensors,
    )


_LAYER = re.compile(r"flow\.layers\.(\d+)\.")
_SPLIT = re.compile(r"flow\.layers\.(\d+)\.conv\.")


def _permutation(file: ForeignFile, step: str, naming: Naming) -> str:
    if f"{step}.invconv.weight" in file.tensors:
        return "conv1x1"
    if any(name.startswith(f"{step}.invconv.") for name in file.tensors):
        return "conv1x1_lu"
    raise CheckpointError(
        f"'{file.path}' has no invertible 1x1 convolution. Its channels were shuffled or "
        "reversed, and which of the two, and in what order, is not saved in such a file. Only "
        'models with flow_permutation "invconv" can be imported.'
    )


def _expected(file: ForeignFile, shape: _Shape, naming: Naming) -> dict[str, tuple[int, ...]]:
    """Return every tensor of a whole file with its shape."""
    found: dict[str, tuple[int, ...]] = {}
    conv = naming.conv
    for level, numbers in enumerate(shape.steps):
        channels, hidden = shape.channels[level], shape.hidden[level]
        half = channels // 2
        outputs = channels if shape.coupling == "sigmoid" else half
        for number in numbers:
            step, net = f"flow.layers.{number}", f"flow.layers.{number}.{naming.net}"
            found |= _norm_shapes(f"{step}.actnorm", channels)
            found |= _permutation_shapes(f"{step}.invconv", channels, shape, naming)
            found[f"{net}.0{conv}.weight"] = (hidden, half, 3, 3)
            found |= _norm_shapes(f"{net}.0.actnorm", hidden)
            found[f"{net}.2{conv}.weight"] = (hidden, hidden, 1, 1)
            found |= _norm_shapes(f"{net}.2.actnorm", hidden)
            found |= _zero_shapes(f"{net}.4", naming, hidden, outputs)
        if level < len(shape.steps) - 1:
            split = f"flow.layers.{shape.splits[level]}.conv"
            found |= _zero_shapes(split, naming, half, channels)
    top = shape.channels[-1]
    if shape.learns_top:
        found |= _zero_shapes(naming.top, naming, 2 * top, 2 * top)
    if shape.classes:
        for name, inputs, outputs in (
            ("project_ycond", shape.classes, 2 * top),
            ("project_class", top, shape.classes),
        ):
            found[f"{name}{naming.linear}.weight"] = (outputs, inputs)
            found[f"{name}{naming.linear}.bias"] = (outputs,)
            found[f"{name}.logs"] = (outputs,)
    found["prior_h"] = (len(file.tensors["prior_h"]), 2 * top, *shape.side)
    return found


def _norm_shapes(prefix: str, channels: int) -> dict[str, tuple[int, ...]]:
    return {f"{prefix}.{name}": (1, channels, 1, 1) for name in ("bias", "logs")}


def _permutation_shapes(
    prefix: str, channels: int, shape: _Shape, naming: Naming
) -> dict[str, tuple[int, ...]]:
    square = (channels, channels)
    if shape.permutation == "conv1x1":
        return {f"{prefix}.weight": square}
    names = {"p": square, "sign_s": (channels,), "log_s": (channels,)}
    names |= {naming.lower: square, naming.upper: square}
    return {f"{prefix}.{name}": size for name, size in names.items()}


def _zero_shapes(
    prefix: str, naming: Naming, inputs: int, outputs: int
) -> dict[str, tuple[int, ...]]:
    return {
        f"{prefix}{naming.conv}.weight": (outputs, inputs, 3, 3),
        f"{prefix}{naming.conv}.bias": (outputs,),
        f"{prefix}.logs": (outputs, 1, 1),
    }


def _step(
    found: Mapping[str, Tensor], source: str, target: str, naming: Naming, given: InputRange
) -> dict[str, Tensor]:
    invconv, net = f"{source}.invconv", f"{source}.{naming.net}"
    step = ours.actnorm(
        f"{target}.norm",
        found[f"{source}.actnorm.bias"],
        found[f"{source}.actnorm.logs"],
        gain=given.gain,
        offset=given.offset,
    )
    if f"{invconv}.weight" in found:
        step |= ours.conv1x1(f"{target}.permutation", found[f"{invconv}.weight"])
    else:
        names = ("p", "sign_s", naming.lower, naming.upper, "log_s")
        parts = [found[f"{invconv}.{name}"] for name in names]
        step |= ours.conv1x1_lu(f"{target}.permutation", *parts)
    step |= ours.coupling_net(
        f"{target}.coupling.net",
        found[f"{net}.0{naming.conv}.weight"],
        found[f"{net}.2{naming.conv}.weight"],
    )
    for k, layer in ((1, 0), (2, 2)):
        norm = f"{net}.{layer}.actnorm"
        step |= ours.actnorm(
            f"{target}.coupling.net.norm{k}", found[f"{norm}.bias"], found[f"{norm}.logs"]
        )
    channels = found[f"{source}.actnorm.bias"].shape[1]
    in_turn = found[f"{net}.4.logs"].shape[0] == channels
    return step | _zero_conv(
        found, f"{net}.4", f"{target}.coupling.net.out", naming, in_turn=in_turn
    )


def _zero_conv(
    found: Mapping[str, Tensor], source: str, target: str, naming: Naming, *, in_turn: bool
) -> dict[str, Tensor]:
    """Convert a zero convolution; outputs that alternate between two things are sorted."""
    names = (f"{source}{naming.conv}.weight", f"{source}{naming.conv}.bias", f"{source}.logs")
    parts = [found[name] for name in names]
    if in_turn:
        parts = [torch.cat([part[0::2], part[1::2]]) for part in parts]
    return ours.zero_conv(target, *parts)


def _priors(found: Mapping[str, Tensor], shape: _Shape, naming: Naming) -> dict[str, Tensor]:
    """Return the top prior and, whitened by it, those of the classes.

    The convolution that learns the top prior sees zeros only, so that its bias is all it gives.
    """
    top, (height, width) = shape.channels[-1], shape.side
    size = top * height * width
    both = torch.zeros(2 * top, dtype=torch.float64)
    if shape.learns_top:
        both = _scaled(found[f"{naming.top}{naming.conv}.bias"], found[f"{naming.top}.logs"])
    mean, log_sigma = (part[:, None, None].expand(-1, height, width) for part in both.chunk(2))
    tensors = ours.top_prior(mean, log_sigma)
    if not shape.classes:
        return tensors | ours.class_priors(torch.zeros(1, size), torch.zeros(1, size))
    linear = f"project_ycond{naming.linear}"
    logs = found["project_ycond.logs"]
    weight = found[f"{linear}.weight"].double().T + found[f"{linear}.bias"].double()
    shifts, log_factors = (weight * (3 * logs.double()).exp()).chunk(2, dim=1)
    whitened = shifts[..., None, None] * (-log_sigma).exp()
    factors = log_factors[..., None, None].expand(-1, -1, height, width)
    return tensors | ours.class_priors(whitened.flatten(1), factors.flatten(1))


def _scaled(bias: Tensor, logs: Tensor) -> Tensor:
    return bias.double() * (3 * logs.flatten().double()).exp()


def _size(file: ForeignFile, dialect: str, name: str, axis: int) -> int:
    """Return the length of one axis of a tensor that everything else is measured by."""
    tensor = file.tensors.get(name)
    if tensor is None or tensor.ndim <= axis:
        found = "missing" if tensor is None else f"shape {tuple(tensor.shape)}"
        raise CheckpointError(
            f"'{file.path}' is written as {dialect} writes a model, but '{name}' is {found}, so "
            "that its size cannot be told. Nothing was imported. Copy the file again."
        )
    return tensor.shape[axis]


def _count(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0
