"""The classifiers of the few-shot comparison, by name."""

__all__ = ["CompactClassifier", "build_network"]

import torch
from torch import Generator, nn
from torchvision.models import ResNet50_Weights, resnet50

from explorer.judge.fewshot.settings import ClassifierSettings
from explorer.nn.wide_resnet import WideResNet
from explorer.protocol import Images

WIDTHS = (16, 32, 64)


class CompactClassifier(nn.Sequential):
    """Three convolutions, the first with stride 2, each with batch normalisation; their mean."""

    def __init__(self, channels: int, num_classes: int) -> None:
        layers: list[nn.Module] = []
        inner = channels
        for number, width in enumerate(WIDTHS):
            if number == 0:
                layers += [nn.Conv2d(inner, width, 5, stride=2, padding=2, bias=False)]
            else:  # pooling first: normalisation then has a quarter of the work
                layers += [nn.Conv2d(inner, width, 3, padding=1, bias=False), nn.MaxPool2d(2)]
            layers += [nn.BatchNorm2d(width), nn.ReLU()]
            inner = width
        ends = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inner, num_classes)]
        super().__init__(*layers, *ends)


def build_network(
    settings: ClassifierSettings,
    image_shape: tuple[int, int, int],
    num_classes: int,
    generator: Generator,
) -> nn.Module:
    """Return a new classifier of images in [0, 1].

    Args:
        settings: Which network.
        image_shape: (channel, height, width).
        num_classes: Number of outputs.
        generator: Its seed is that of the weights; torch's global generator stays as it is.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(generator.initial_seed())
        if settings.network == "compact":
            return _Centred(CompactClassifier(image_shape[0], num_classes))
        if settings.network == "wide-resnet-28-10":
            return _Centred(WideResNet(image_shape[0], num_classes))
        return _Centred(_resnet50(image_shape[0], num_classes, settings.pretrained))


def _resnet50(channels: int, num_classes: int, pretrained: bool) -> nn.Module:
    network = resnet50(weights=ResNet50_Weights.IMAGENET1K_V1 if pretrained else None)
    network.fc = nn.Linear(network.fc.in_features, num_classes)
    return nn.Sequential(_Colour(), network) if channels == 1 else network


class _Colour(nn.Module):
    """Grey maps as three equal channels."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images.expand(-1, 3, -1, -1)


class _Centred(nn.Module):
    """A network whose inputs lie around 0."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Images) -> torch.Tensor:
        logits: torch.Tensor = self.network((images - 0.5) * 4)
        return logits
