import torch

from explorer.judge.fewshot.chance import source_of
from explorer.judge.fewshot.networks import build_network
from explorer.judge.fewshot.settings import ClassifierSettings
from explorer.nn.wide_resnet import WideResNet


def test_wide_resnet_has_the_published_size():
    with torch.device("meta"):
        network = WideResNet(3, 10)
        assert network(torch.empty(2, 3, 32, 32)).shape == (2, 10)
    assert abs(sum(p.numel() for p in network.parameters()) / 1e6 - 36.5) < 0.05


def test_resnet50_takes_grey_images():
    settings = ClassifierSettings(network="resnet-50")
    network = build_network(settings, (1, 32, 32), 7, source_of(0, "init")).eval()
    with torch.no_grad():
        assert network(torch.rand(2, 1, 32, 32)).shape == (2, 7)
