r"""Invertible layers of a multi-scale flow, each with its log-determinant.

`forward` maps x -> z, `inverse` maps z -> x; both return `(tensor, log_det)` with `log_det` in
nats, shape (batch,): the log absolute determinant of *that* direction's Jacobian.
`initialise` is `forward` for the first batch: it sets what depends on data, layer by layer.

| paper | here |
|---|---|
| actnorm s, b | `ActNorm.log_scale` (log s), `ActNorm.bias` (added before scaling) |
| 1x1 convolution W | `InvertibleConv1x1.weight`; W = P L (U + diag(s)) in `InvertibleConv1x1LU` |
| NN() of a coupling | `CouplingNet` |
| one step of flow | `FlowStep` |

Source: Kingma & Dhariwal, Glow: Generative Flow with Invertible 1x1 Convolutions, NeurIPS 2018,
Table 1 and section 3. The affine scale is `exp(bound * tanh(r / bound))` instead of the paper's
`exp(r)`, which diverges in training; `SigmoidCoupling` has the scale of the authors' code.
"""

__all__ = [
    "LOG_SIGMA_BOUND",
    "ActNorm",
    "AdditiveCoupling",
    "AffineCoupling",
    "Coupling",
    "CouplingNet",
    "FixedPermutation",
    "FlowLayer",
    "FlowStep",
    "InvertibleConv1x1",
    "InvertibleConv1x1LU",
    "Permutation",
    "SigmoidCoupling",
    "Split",
    "Squeeze",
    "ZeroConv",
    "standard_normal_log_prob",
]

import math
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from explorer.nn.kept import Kept
from explorer.nn.scales import BoundedScale, Scale, SigmoidScale

Maps = Float[Tensor, "batch channel height width"]
Squeezed = Float[Tensor, "batch 4*channel height//2 width//2"]
Unsqueezed = Float[Tensor, "batch channel//4 2*height 2*width"]
Half = Float[Tensor, "batch _ height width"]
Outputs = Float[Tensor, "batch outputs height width"]
LogDet = Float[Tensor, " batch"]

SMALLEST_DEVIATION = 1e-6  # a constant channel must not get an infinite scale
LOG_SIGMA_BOUND = 3.0


class FlowLayer(nn.Module):
    """An invertible layer; most need no data to be initialised."""

    def forward(self, x: Maps) -> tuple[Maps, LogDet]:
        """Return z and the log-determinant of x -> z."""
        raise NotImplementedError

    def inverse(self, z: Maps) -> tuple[Maps, LogDet]:
        """Return x and the log-determinant of z -> x."""
        raise NotImplementedError

    def initialise(self, x: Maps) -> Float[Tensor, "batch _ _ _"]:
        """Set what depends on data from a first batch; return the layer's output for it."""
        return self.forward(x)[0]


class ActNorm(FlowLayer):
    """A bias and a scale a channel, set so that the first batch leaves with mean 0, variance 1.

    Section 3.1. `z = (x + bias) * exp(log_scale)`.

    Attributes:
        bias: Shape (channel,).
        log_scale: Shape (channel,).
        initialised: Buffer, bool scalar: saved with the weights, so that a loaded layer is
            never set anew from whatever batch comes first.
    """

    initialised: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(channels))
        self.log_scale = nn.Parameter(torch.zeros(channels))
        self.register_buffer("initialised", torch.tensor(False))

    def forward(self, x: Maps) -> tuple[Maps, LogDet]:
        """Return the normalised maps and `height * width * sum(log_scale)`."""
        z = (x + self.bias[:, None, None]) * self.log_scale.exp()[:, None, None]
        return z, self._log_det(x)

    def inverse(self, z: Maps) -> tuple[Maps, LogDet]:
        """Undo `forward`."""
        x = z * (-self.log_scale).exp()[:, None, None] - self.bias[:, None, None]
        return x, -self._log_det(z)

    def _log_det(self, maps: Tensor) -> Tensor:
        return (self.log_scale.sum() * maps[0, 0].numel()).expand(len(maps))

    @torch.no_grad()
    def initialise(self, x: Maps) -> Maps:
        """Set bias and scale from the batch's mean and (biased) deviation of each channel."""
        deviation, mean = torch.std_mean(x, dim=(0, 2, 3), correction=0)
        self.bias.copy_(-mean)
        self.log_scale.copy_(-deviation.clamp(min=SMALLEST_DEVIATION).log())
        self.initialised.fill_(True)
        return self.forward(x)[0]

    def extra_repr(self) -> str:
        """Return the number of channels."""
        return f"{len(self.bias)}"


class Permutation(FlowLayer):
    """A square matrix over the channels at each position."""

    def mixing(self) -> Tensor:
        """Return the matrix, shape (channel, channel)."""
        raise NotImplementedError


class InvertibleConv1x1(Permutation):
    """A learned square matrix over the channels at each position; section 3.2.

    Attributes:
        weight: Shape (channel, channel), a random rotation at first.
    """

    def __init__(self, channels: int, *, generator: torch.Generator) -> None:
        super().__init__()
        self._inverse = Kept()
        self.weight = nn.Parameter(random_rotation(channels, generator))

    def mixing(self) -> Tensor:
        """Return the matrix."""
        return self.weight

    def matrix(self) -> tuple[Tensor, Tensor]:
        """Return the matrix and the log of its absolute determinant."""
        return self.weight, torch.linalg.slogdet(self.weight)[1]

    def forward(self, x: Maps) -> tuple[Maps, LogDet]:
        """Return `W x` and `height * width * log|det W|`."""
        weight, log_det = self.matrix()
        return multiply(weight, x), (log_det * x[0, 0].numel()).expand(len(x))

    def inverse(self, z: Maps) -> tuple[Maps, LogDet]:
        """Undo `forward`; the matrix is inverted in float64, where rounding cannot be seen."""
        inverted, log_det = self._inverted()
        return multiply(inverted.to(z.dtype), z), (-log_det * z[0, 0].numel()).expand(len(z))

    def _inverted(self) -> tuple[Tensor, ...]:
        """Return the inverse, float64, and log|det W|."""

        def compute() -> tuple[Tensor, Tensor]:
            weight, log_det = self.matrix()
            return torch.linalg.inv(weight.double()), log_det

        return self._inverse.of(list(self.parameters()), compute)

    def extra_repr(self) -> str:
        """Return the number of channels."""
        return f"{self.num_channels}"

    @property
    def num_channels(self) -> int:
        """Number of channels."""
        return len(self.weight)


class InvertibleConv1x1LU(InvertibleConv1x1):
    """The same matrix as `P L (U + diag(s))`, whose log-determinant is a sum; equation 10.

    Attributes:
        permutation: Buffer P, shape (channel, channel), fixed.
        sign: Buffer, the signs of s, fixed.
        lower: L, strictly lower triangle used, unit diagonal.
        upper: U, strictly upper triangle used.
        log_s: log|s|, shape (channel,).
    """

    permutation: Tensor
    sign: Tensor

    def __init__(self, channels: int, *, generator: torch.Generator) -> None:
        nn.Module.__init__(self)
        self._inverse = Kept()
        permutation, lower, upper = torch.linalg.lu(random_rotation(channels, generator))
        self.register_buffer("permutation", permutation)
        self.register_buffer("sign", upper.diagonal().sign())
        self.lower = nn.Parameter(lower.tril(-1))
        self.upper = nn.Parameter(upper.triu(1))
        self.log_s = nn.Parameter(upper.diagonal().abs().log())

    def mixing(self) -> Tensor:
        """Return `P L (U + diag(s))`."""
        unit = torch.eye(len(self.log_s), dtype=self.log_s.dtype, device=self.log_s.device)
        lower = self.lower.tril(-1) + unit
        upper = self.upper.triu(1) + torch.diag(self.sign * self.log_s.exp())
        return self.permutation @ lower @ upper

    def matrix(self) -> tuple[Tensor, Tensor]:
        """Return the matrix and `sum(log|s|)`."""
        return self.mixing(), self.log_s.sum()

    @property
    def num_channels(self) -> int:
        """Number of channels."""
        return len(self.log_s)


class FixedPermutation(Permutation):
    """A fixed order of the channels; the baseline of section 3.2.

    Attributes:
        order: Buffer, int64, shape (channel,): channel k of z is channel order[k] of x.
    """

    order: Tensor
    unit: Tensor

    def __init__(self, order: Tensor) -> None:
        super().__init__()
        self.register_buffer("order", order)
        self.register_buffer("unit", torch.eye(len(order)), persistent=False)

    def mixing(self) -> Tensor:
        """Return the rows of the unit matrix in the new order."""
        return self.unit[self.order]

    def forward(self, x: Maps) -> tuple[Maps, LogDet]:
        """Return the channels in the new order; the log-determinant is 0."""
        return x[:, self.order], x.new_zeros(len(x))

    def inverse(self, z: Maps) -> tuple[Maps, LogDet]:
        """Return the channels in the old order; the log-determinant is 0."""
        return z[:, self.order.argsort()], z.new_zeros(len(z))


class ZeroConv(nn.Module):
    """A 3x3 convolution that starts as 0 and whose scale is learned fast; section 3.3.

    `(conv(x) + bias) * exp(3 * log_scale)`.

    Attributes:
        beyond: What it sees beyond the edge of the maps; other values than 0 tell it where the
            edge is.
    """

    def __init__(self, inputs: int, outputs: int, *, beyond: float = 0.0) -> None:
        super().__init__()
        self.beyond = beyond
        self.weight = nn.Parameter(torch.zeros(outputs, inputs, 3, 3))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.log_scale = nn.Parameter(torch.zeros(outputs))

    def scale(self) -> Tensor:
        """Return `exp(3 * log_scale)`, shape (outputs, 1, 1)."""
        return (3 * self.log_scale).exp()[:, None, None]

    def forward(self, x: Maps) -> Outputs:
        """Return maps of the same height and width."""
        padded = F.pad(x, (1, 1, 1, 1), value=self.beyond)
        return (F.conv2d(padded, self.weight) + self.bias[:, None, None]) * self.scale()


class CouplingNet(nn.Module):
    """The network inside a coupling: 3x3, 1x1 and zero 3x3 convolutions.

    An ActNorm follows each of the first two.
    """

    def __init__(
        self, inputs: int, hidden: int, outputs: int, *, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.weight1 = nn.Parameter(torch.randn(hidden, inputs, 3, 3, generator=generator) * 0.05)
        self.norm1 = ActNorm(hidden)
        self.weight2 = nn.Parameter(torch.randn(hidden, hidden, generator=generator) * 0.05)
        self.norm2 = ActNorm(hidden)
        self.out = ZeroConv(hidden, outputs)

    def forward(self, x: Maps) -> Outputs:
        """Return maps with `outputs` channels; all zero at first."""
        hidden1 = self.norm1(F.conv2d(x, self.weight1, padding=1))[0].relu()
        hidden2 = self.norm2(multiply(self.weight2, hidden1))[0].relu()
        return cast(Tensor, self.out(hidden2))

    @torch.no_grad()
    def initialise(self, x: Maps) -> Outputs:
        """Set both ActNorms from a first batch; return the output for it."""
        hidden1 = self.norm1.initialise(F.conv2d(x, self.weight1, padding=1)).relu()
        hidden2 = self.norm2.initialise(multiply(self.weight2, hidden1)).relu()
        return self.out.forward(hidden2)


class Coupling(FlowLayer):
    """Half of the channels, changed by a function of the other half; section 3.3.

    `z2 = (x2 + shift(x1)) * exp(log_scale(r(x1)))`, `z1 = x1`.

    Attributes:
        net: Says shift and raw log-scale, or without a scale the shift alone.
        scale: Makes the log-scale of what the network says; None: volume-preserving.
    """

    scale: Scale | None = None
    net: CouplingNet


class AffineCoupling(Coupling):
    """A coupling whose log-scale is `bound * tanh(r(x1) / bound)`."""

    scale: Scale

    def __init__(
        self, channels: int, hidden: int, *, bound: float, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.scale = BoundedScale(bound)
        self.net = CouplingNet(
            channels // 2, hidden, 2 * (channels - channels // 2), generator=generator
        )

    def forward(self, x: Maps) -> tuple[Maps, LogDet]:
        """Return the coupled maps and the sum of the log-scales."""
        x1, x2 = split_channels(x)
        shift, log_scale = self._shift_and_scale(x1)
        return torch.cat([x1, (x2 + shift) * log_scale.exp()], 1), log_scale.sum((1, 2, 3))

    def inverse(self, z: Maps) -> tuple[Maps, LogDet]:
        """Undo `forward`."""
        z1, z2 = split_channels(z)
        shift, log_scale = self._shift_and_scale(z1)
        return torch.cat([z1, z2 * (-log_scale).exp() - shift], 1), -log_scale.sum((1, 2, 3))

    def _shift_and_scale(self, half: Tensor) -> tuple[Tensor, Tensor]:
        shift, raw = self.net(half).chunk(2, dim=1)
        return shift, self.scale.log_scale(raw)

    def initialise(self, x: Maps) -> Maps:
        """Initialise the network; return the coupled maps."""
        self.net.initialise(split_channels(x)[0])
        return self.forward(x)[0]


class SigmoidCoupling(AffineCoupling):
    """The same with the scale `sigmoid(r(x1) + 2)`, that of the authors' code."""

    def __init__(self, channels: int, hidden: int, *, generator: torch.Generator) -> None:
        super().__init__(channels, hidden, bound=math.inf, generator=generator)
        self.scale = SigmoidScale()


class AdditiveCoupling(Coupling):
    """Half of the channels, shifted by a function of the other half; volume-preserving."""

    def __init__(self, channels: int, hidden: int, *, generator: torch.Generator) -> None:
        super().__init__()
        self.net = CouplingNet(
            channels // 2, hidden, channels - channels // 2, generator=generator
        )

    def forward(self, x: Maps) -> tuple[Maps, LogDet]:
        """Return the coupled maps and 0."""
        x1, x2 = split_channels(x)
        return torch.cat([x1, x2 + self.net(x1)], 1), x.new_zeros(len(x))

    def inverse(self, z: Maps) -> tuple[Maps, LogDet]:
        """Undo `forward`."""
        z1, z2 = split_channels(z)
        return torch.cat([z1, z2 - self.net(z1)], 1), z.new_zeros(len(z))

    def initialise(self, x: Maps) -> Maps:
        """Initialise the network; return the coupled maps."""
        self.net.initialise(split_channels(x)[0])
        return self.forward(x)[0]


class FlowStep(FlowLayer):
    """ActNorm, permutation, coupling: one step of flow; figure 2a."""

    def __init__(self, norm: ActNorm, permutation: Permutation, coupling: Coupling) -> None:
        super().__init__()
        self.norm = norm
        self.permutation = permutation
        self.coupling = coupling

    def forward(self, x: Maps) -> tuple[Maps, LogDet]:
        """Return the output of the three layers and the sum of their log-determinants."""
        x, log_det1 = self.norm(x)
        x, log_det2 = self.permutation(x)
        x, log_det3 = self.coupling(x)
        return x, log_det1 + log_det2 + log_det3

    def inverse(self, z: Maps) -> tuple[Maps, LogDet]:
        """Undo `forward`."""
        z, log_det3 = self.coupling.inverse(z)
        z, log_det2 = self.permutation.inverse(z)
        z, log_det1 = self.norm.inverse(z)
        return z, log_det1 + log_det2 + log_det3

    def initialise(self, x: Maps) -> Maps:
        """Initialise the three layers one after the other."""
        x = self.norm.initialise(x)
        x = self.permutation.initialise(x)
        return self.coupling.initialise(x)


class Squeeze(FlowLayer):
    """2x2 squares of positions become channels, in the order (channel, row, column)."""

    def forward(self, x: Maps) -> tuple[Squeezed, LogDet]:
        """Return (batch, 4 * channel, height / 2, width / 2) and 0."""
        return F.pixel_unshuffle(x, 2), x.new_zeros(len(x))

    def inverse(self, z: Maps) -> tuple[Unsqueezed, LogDet]:
        """Undo `forward`."""
        return F.pixel_shuffle(z, 2), z.new_zeros(len(z))


class Split(FlowLayer):
    """Factor half of the channels out and whiten them given the kept half.

    `eps = (x2 - mean(x1)) * exp(-log_sigma(x1))`, so that every level's latent is standard normal
    and levels can be compared; section 3.4 and the encoder of the authors' code. The kept half and
    eps leave side by side: `forward` returns `[x1, eps]`.

    Attributes:
        bound: Largest log_sigma.
    """

    def __init__(
        self, channels: int, *, bound: float = LOG_SIGMA_BOUND, beyond: float = 0.0
    ) -> None:
        super().__init__()
        self.bound = bound
        self.prior = ZeroConv(channels // 2, 2 * (channels - channels // 2), beyond=beyond)

    def forward(self, x: Maps) -> tuple[Maps, LogDet]:
        """Return [kept half, eps] and `-sum(log_sigma)`."""
        kept, rest = split_channels(x)
        mean, log_sigma = self._mean_and_log_sigma(kept)
        eps = (rest - mean) * (-log_sigma).exp()
        return torch.cat([kept, eps], 1), -log_sigma.sum((1, 2, 3))

    def inverse(self, z: Maps) -> tuple[Maps, LogDet]:
        """Undo `forward`."""
        kept, eps = split_channels(z)
        mean, log_sigma = self._mean_and_log_sigma(kept)
        return torch.cat([kept, eps * log_sigma.exp() + mean], 1), log_sigma.sum((1, 2, 3))

    def _mean_and_log_sigma(self, kept: Tensor) -> tuple[Tensor, Tensor]:
        mean, raw = self.prior(kept).chunk(2, dim=1)
        return mean, self.bound * torch.tanh(raw / self.bound)


def split_channels(x: Maps) -> tuple[Half, Half]:
    """Return the first `channel // 2` channels and the others."""
    half = x.shape[1] // 2
    return x[:, :half], x[:, half:]


def multiply(weight: Float[Tensor, "out channel"], x: Maps) -> Float[Tensor, "batch out h w"]:
    """Apply a matrix to the channels at each position."""
    return cast(Tensor, (weight @ x.flatten(2)).unflatten(2, x.shape[2:]))


def random_rotation(
    channels: int, generator: torch.Generator
) -> Float[Tensor, "channels channels"]:
    """Return a random orthogonal matrix, uniformly distributed up to signs."""
    drawn = torch.randn(channels, channels, generator=generator)
    rotation: Tensor = torch.linalg.qr(drawn)[0]
    return rotation.contiguous()  # LAPACK's own order is by columns


def standard_normal_log_prob(z: Float[Tensor, "batch dim"]) -> LogDet:
    """Return the log-density of rows under the standard normal, nats."""
    return -0.5 * (z.square().sum(1) + z.shape[1] * math.log(2 * math.pi))
