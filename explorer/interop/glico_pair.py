"""IdanAzuri/glico-learning-small-sample: `netZ_nag_*.pkl` (codes) and `netG_nag_*.pkl`.

Only its generator for images of 32x32 pixels, `_netG`, is one that ours can be. Its last layer is
a transposed convolution straight to the pixels, where ours has a transposed convolution, a leaky
rectifier of slope 0.2 and a convolution: each pixel channel c becomes two maps, c and -c, since

    leaky(c) - leaky(-c) = 1.2 c.

Its noise input is taken as 0, its mean. BatchNorm layers are in the file but not in its forward.
"""

__all__ = ["DIALECT"]

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from explorer.errors import CheckpointError
from explorer.interop.conversion import Conversion, Dialect, Hints, check_tensors
from explorer.interop.reading import ForeignFile
from explorer.models.glico import Glico, GlicoSettings
from explorer.nn.sphere import to_sphere
from explorer.protocol import DataInfo

NAME = "IdanAzuri/glico-learning-small-sample"
NOISE = 100
HIDDEN, WIDE, MIDDLE, SIDE = 1024, 128, 64, 8
UNLABELLED = "unlabelled"
_RECTIFIED = 1.2


def _convert(files: Sequence[ForeignFile], hints: Hints) -> Conversion:
    codes_file, generator_file = files
    codes = _codes(codes_file)
    count, dim = codes.shape
    pixels = _check_generator(generator_file, dim)
    labels, names = _classes(codes_file, count)
    counts = tuple(torch.bincount(labels, minlength=len(names)).tolist())
    settings = GlicoSettings(latent_dim=dim, hidden=HIDDEN, width=MIDDLE // 2)
    shape = (pixels, 4 * SIDE, 4 * SIDE)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)  # of the classifier, which is not in these files
        fresh = Glico(settings, DataInfo(shape, counts)).state_dict()
    tensors = {name: value for name, value in fresh.items() if name.startswith("classifier.")}
    tensors |= {"codes": to_sphere(codes.float()), "code_labels": labels}
    tensors |= _generator(generator_file.tensors, dim)
    notes = ["its noise input is taken as 0, which is its mean"]
    notes.append("the classifier that helps in training is not in these files and is new")
    if UNLABELLED in names:
        notes.append(f"{counts[-1]} codes without a label are the class '{UNLABELLED}'")
    return Conversion(
        dialect=NAME,
        model="glico",
        config=settings.model_dump(mode="json"),
        image_shape=shape,
        class_names=names,
        class_counts=counts,
        tensors=tensors,
        steps=0,
        notes=tuple(notes),
    )


def _codes(file: ForeignFile) -> Tensor:
    codes = file.tensors["emb.weight"]
    if codes.ndim != 2 or not len(codes):
        raise CheckpointError(
            f"'{file.path}': 'emb.weight' has shape {tuple(codes.shape)}; one row a code is "
            "expected. Copy the file again."
        )
    check_tensors(file, NAME, {"emb.weight": tuple(codes.shape)})
    if bool((codes.norm(dim=1) == 0).any()):
        raise CheckpointError(
            f"'{file.path}': a code is 0, which has no direction. Train it first."
        )
    return codes


def _check_generator(file: ForeignFile, dim: int) -> int:
    """Return the channels of a pixel after checking every tensor."""
    last = file.tensors.get("conv2.weight")
    if "main.Start-ConvTranspose2d.weight" in file.tensors or "bn_conv1.weight" in file.tensors:
        raise CheckpointError(
            f"'{file.path}' is a generator of another size of {NAME}; only that for images of "
            "32x32 pixels can be imported."
        )
    pixels = last.shape[1] if last is not None and last.ndim == 4 else 3
    inputs = dim
    first = file.tensors.get("lin_in.weight")
    if first is not None and first.ndim == 2 and first.shape[1] == dim + NOISE:
        inputs = dim + NOISE
    maps = WIDE * SIDE**2
    expected: dict[str, tuple[int, ...]] = {
        "lin_code.weight": (NOISE, NOISE),
        "lin_in.weight": (HIDDEN, inputs),
        "lin_im.weight": (maps, HIDDEN),
        "conv1.weight": (WIDE, MIDDLE, 4, 4),
        "conv1.bias": (MIDDLE,),
        "conv2.weight": (MIDDLE, pixels, 4, 4),
        "conv2.bias": (pixels,),
    }
    for name, channels in (("bn_in", HIDDEN), ("bn_im", maps), ("bn_conv", MIDDLE)):
        kept = ("weight", "bias", "running_mean", "running_var")
        expected |= {f"{name}.{part}": (channels,) for part in kept}
        expected[f"{name}.num_batches_tracked"] = ()
    check_tensors(file, NAME, expected)
    return pixels


def _classes(file: ForeignFile, count: int) -> tuple[Tensor, tuple[str, ...]]:
    """Return the class number of each code and the classes' names."""
    known = _table(file, "idx2label", count)
    classes = sorted({label for label in known.values() if label >= 0})
    numbers = {label: number for number, label in enumerate(classes)}
    names = [f"class {label}" for label in classes]
    labels = [numbers.get(known.get(row, -1), len(classes)) for row in range(count)]
    if len(classes) in labels:
        names.append(UNLABELLED)
    return torch.tensor(labels), tuple(names)


def _table(file: ForeignFile, name: str, count: int) -> Mapping[int, int]:
    table: Any = file.others.get(name, {})
    if not isinstance(table, Mapping) or not all(
        isinstance(row, int) and isinstance(label, int) and 0 <= row < count
        for row, label in table.items()
    ):
        raise CheckpointError(
            f"'{file.path}': '{name}' is not a table from each code's number (0 to {count - 1}) "
            "to its label. Copy the file again."
        )
    return table


def _generator(found: Mapping[str, Tensor], dim: int) -> dict[str, Tensor]:
    """Return the generator's tensors; maps that are not needed stay 0."""
    weight, bias = found["conv2.weight"].float(), found["conv2.bias"].float()
    pixels, width = weight.shape[1], MIDDLE // 2
    unused = width - 2 * pixels
    both = torch.cat([weight, -weight], 1)
    to_pixels = torch.zeros(pixels, width, 3, 3)
    channel = torch.arange(pixels)
    to_pixels[channel, channel, 1, 1] = 1 / _RECTIFIED
    to_pixels[channel, channel + pixels, 1, 1] = -1 / _RECTIFIED
    return {
        "generator.spread.weight": found["lin_in.weight"][:, :dim].float().contiguous(),
        "generator.spread.bias": torch.zeros(HIDDEN),
        "generator.draw.weight": found["lin_im.weight"].float(),
        "generator.draw.bias": torch.zeros(WIDE * SIDE**2),
        "generator.enlarge.0.weight": found["conv1.weight"].float(),
        "generator.enlarge.0.bias": found["conv1.bias"].float(),
        "generator.enlarge.1.weight": functional.pad(both, (0, 0, 0, 0, 0, unused)),
        "generator.enlarge.1.bias": functional.pad(torch.cat([bias, -bias]), (0, unused)),
        "generator.to_pixels.weight": to_pixels,
        "generator.to_pixels.bias": torch.zeros(pixels),
    }


DIALECT = Dialect(name=NAME, marks=("emb.weight", "lin_in.weight"), convert=_convert)
