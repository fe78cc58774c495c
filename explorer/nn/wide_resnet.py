"""The wide residual network of the few-shot literature, for images of 32 pixels.

Source:
    Zagoruyko and Komodakis, Wide Residual Networks, BMVC 2016: WRN-28-10 with dropout.
"""

__all__ = ["WideResNet"]

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

DEPTH, WIDEN, DROPOUT = 28, 10, 0.3


class WideResNet(nn.Module):
    """WRN-28-10: three groups of four pre-activated blocks, 36.5 million weights."""

    def __init__(self, channels: int, num_classes: int) -> None:
        """Make the layers; weights from torch's global generator.

        Args:
            channels: Of the images.
            num_classes: Number of logits.
        """
        super().__init__()
        blocks: list[nn.Module] = []
        inner = 16
        for group, width in enumerate((16 * WIDEN, 32 * WIDEN, 64 * WIDEN)):
            for number in range((DEPTH - 4) // 6):
                blocks.append(_Block(inner, width, 2 if group and number == 0 else 1))
                inner = width
        self.stem = nn.Conv2d(channels, 16, 3, padding=1, bias=False)
        self.blocks = nn.Sequential(*blocks)
        self.last = nn.BatchNorm2d(inner)
        self.to_logits = nn.Linear(inner, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, images: Tensor) -> Tensor:
        """Return logits, shape (batch, num_classes)."""
        maps = functional.relu(self.last(self.blocks(self.stem(images))))
        return cast(Tensor, self.to_logits(maps.mean((2, 3))))


class _Block(nn.Module):
    """Two 3x3 convolutions, each behind its normalisation, and a short cut."""

    def __init__(self, maps_in: int, maps_out: int, stride: int) -> None:
        super().__init__()
        self.first, self.second = nn.BatchNorm2d(maps_in), nn.BatchNorm2d(maps_out)
        self.enter = nn.Conv2d(maps_in, maps_out, 3, stride, 1, bias=False)
        self.leave = nn.Conv2d(maps_out, maps_out, 3, padding=1, bias=False)
        self.short_cut: nn.Module | None = None
        if maps_in != maps_out:
            self.short_cut = nn.Conv2d(maps_in, maps_out, 1, stride, bias=False)

    def forward(self, maps: Tensor) -> Tensor:
        active = functional.relu(self.first(maps))
        result = functional.relu(self.second(self.enter(active)))
        result = self.leave(functional.dropout(result, DROPOUT, self.training))
        kept: Tensor = maps if self.short_cut is None else self.short_cut(active)
        return torch.add(result, kept)
