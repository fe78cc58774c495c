"""GLICO in a person's own training code: fit, sample, and replace images of a batch by samples."""

from explorer.augment.dataset import Augmented, MixInBatch, ReplaceInBatch
from explorer.augment.glico import Glico

__all__ = ["Augmented", "Glico", "MixInBatch", "ReplaceInBatch"]
