"""A small float64 level, and images for it."""

import torch

from explorer.nn.flow import (
    ActNorm,
    AdditiveCoupling,
    AffineCoupling,
    FixedPermutation,
    FlowStep,
    InvertibleConv1x1,
    InvertibleConv1x1LU,
    SigmoidCoupling,
    Split,
)
from explorer.nn.level import FlowLevel

STEPS, CHANNELS, HIDDEN = 3, 4, 5
PERMUTATIONS = {
    "plain": lambda generator: InvertibleConv1x1(CHANNELS, generator=generator),
    "lu": lambda generator: InvertibleConv1x1LU(CHANNELS, generator=generator),
    "fixed": lambda generator: FixedPermutation(torch.randperm(CHANNELS, generator=generator)),
}
COUPLINGS = {
    "affine": lambda generator: AffineCoupling(CHANNELS, HIDDEN, bound=1.5, generator=generator),
    "sigmoid": lambda generator: SigmoidCoupling(CHANNELS, HIDDEN, generator=generator),
    "additive": lambda generator: AdditiveCoupling(CHANNELS, HIDDEN, generator=generator),
}


def new_level(permutation="plain", coupling="affine"):
    """Return a float64 level whose parameters were all moved at random."""
    generator = torch.Generator().manual_seed(0)
    steps = [
        FlowStep(
            ActNorm(CHANNELS), PERMUTATIONS[permutation](generator), COUPLINGS[coupling](generator)
        )
        for _ in range(STEPS)
    ]
    level = FlowLevel(steps, Split(CHANNELS))
    with torch.no_grad():
        for parameter in level.parameters():
            parameter.add_(0.2 * torch.randn(parameter.shape, generator=generator))
    return level.double()


def new_x():
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(3, 1, 6, 4, generator=generator, dtype=torch.float64)
    return x.requires_grad_()
