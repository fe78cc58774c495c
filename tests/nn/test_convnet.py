"""The generator and the classifier of GLICO as plain networks."""

import pytest
import torch
from torch.nn import functional

from explorer.errors import ConfigError
from explorer.nn.convnet import ImageClassifier, ImageGenerator, check_image_shape


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("shape", [(1, 16, 16), (3, 32, 32), (3, 64, 64)])
def test_a_new_generator_makes_unsaturated_images_that_differ(shape):
    torch.manual_seed(0)
    generator = ImageGenerator(8, shape, hidden=16, width=4)
    latents = functional.normalize(torch.randn(3, 8, generator=seeded()))
    images = generator(latents)
    assert images.shape == (3, *shape)
    assert images.min() > 0.01
    assert images.max() < 0.99
    assert not torch.equal(images[0], images[1])


def test_the_classifier_gives_logits_and_not_probabilities():
    torch.manual_seed(0)
    classifier = ImageClassifier((1, 32, 32), 5, width=4)
    images = torch.rand(2, 1, 32, 32, generator=seeded())
    logits = classifier(images)
    with torch.no_grad():
        classifier.to_logits.weight.mul_(40)
    # A softmax would squash the factor; logits follow it.
    torch.testing.assert_close(classifier(images), 40 * logits, rtol=1e-4, atol=1e-4)


def test_the_classifier_judges_each_image_alone():
    torch.manual_seed(0)
    classifier = ImageClassifier((3, 16, 16), 4, width=4)
    images = torch.rand(3, 3, 16, 16, generator=seeded())
    torch.testing.assert_close(classifier(images)[1:2], classifier(images[1:2]))


def test_the_text_for_a_wrong_shape_says_what_is_allowed():
    with pytest.raises(ConfigError, match=r"48x48 pixels.*16, 32, 64 or 128.*data\.image_size"):
        check_image_shape((3, 48, 48))
    with pytest.raises(ConfigError, match="4 channels"):
        check_image_shape((4, 32, 32))
