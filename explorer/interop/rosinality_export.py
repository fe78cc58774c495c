r"""A Glow of ours as rosinality/glow-pytorch writes one, so that its scripts load and train it.

What that code cannot be given exactly is refused: another scale of the couplings, a bound on the
split's deviation, a split that does not see its edge, priors of classes, a top prior that varies
from place to place other than at the edge. What it has another name for is exact:

- ActNorms inside a coupling's network are folded into its convolutions, which have biases there;
- an output convolution that sees zeros beyond the edge gets one hidden channel more, 0 everywhere,
  with the weights -s: beyond the edge, where all are 1, it takes away s, the sum over the others;
- a fixed order of the channels is a 1x1 convolution whose L and U are 1.

The hidden channel that stands for the edge in an imported model is left out again.
"""

__all__ = ["Exported", "to_rosinality"]

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from explorer.errors import NotSupportedError
from explorer.interop import glow_tensors as ours
from explorer.interop.rosinality import NAME
from explorer.models.glow import GlowSettings

WIDTH = 512
"""Hidden channels that its own script builds."""

CLOSE = 1e-5
"""Largest difference of the top prior that is taken for rounding."""

Tensors = dict[str, Tensor]


@dataclass(frozen=True, slots=True, eq=False)
class Exported:
    """A model in that dialect.

    Attributes:
        tensors: The state_dict, with the names that a parallel wrapper gives, as its script saves.
        notes: What its script must be told, one sentence each.
    """

    tensors: Mapping[str, Tensor]
    notes: tuple[str, ...]


def to_rosinality(settings: GlowSettings, found: Mapping[str, Tensor]) -> Exported:
    """Return a Glow in the dialect of rosinality/glow-pytorch.

    Args:
        settings: Of the model.
        found: Its state_dict.

    Raises:
        NotSupportedError: It cannot be written there exactly; the message says what stands
            against it.
    """
    _check(settings, found)
    tensors: Tensors = {}
    widths = []
    last = len(settings.num_steps) - 1
    for level, count in enumerate(settings.num_steps):
        for k in range(count):
            source, target = f"levels.{level}.steps.{k}", f"blocks.{level}.flows.{k}"
            tensors |= _norm(found, f"{source}.norm", f"{target}.actnorm")
            # its last block is decomposed whatever its script is told
            is_plain = settings.permutation == "conv1x1" and level < last
            tensors |= _permutation(
                found, f"{source}.permutation", f"{target}.invconv", plain=is_plain
            )
            net = _net(found, f"{source}.coupling.net", settings)
            tensors |= {f"{target}.coupling.net.{name}": value for name, value in net.items()}
            widths.append(len(net["0.bias"]))
        prior = f"blocks.{level}.prior"
        if level < last:
            tensors |= _zero(prior, *_parts(found, f"levels.{level}.split.prior"))
    tensors |= _top(found, f"blocks.{last}.prior")
    return Exported(
        {f"module.{name}": value.contiguous() for name, value in tensors.items()},
        _notes(settings, widths),
    )


def _check(settings: GlowSettings, found: Mapping[str, Tensor]) -> None:
    """Refuse what that code has no form for."""
    against = []
    if settings.coupling == "affine":
        against.append(
            "its couplings scale by exp(bound * tanh(r / bound)), there by sigmoid(r + 2) "
            "(model.config.coupling 'sigmoid' or 'additive')"
        )
    if len(settings.num_steps) > 1 and settings.log_sigma_bound < ours.NO_BOUND:
        against.append(
            f"a level's deviations are bounded by {settings.log_sigma_bound:g}, there by nothing "
            f"(model.config.log_sigma_bound {ours.NO_BOUND:g})"
        )
    if len(settings.num_steps) > 1 and settings.split_edge != "ones":
        against.append(
            "its splits see zeros beyond the edge, there ones (model.config.split_edge 'ones')"
        )
    if any(bool((found[name] != 0).any()) for name in ("class_mean", "class_log_sigma")):
        against.append("it has a prior for each class (model.config.class_conditional false)")
    if against:
        raise NotSupportedError(
            f"This Glow cannot be written exactly as {NAME} writes one: {'; '.join(against)}. "
            "Nothing was written. Train one with the settings in brackets, or export without "
            "--dialect."
        )


def _notes(settings: GlowSettings, widths: list[int]) -> tuple[str, ...]:
    """Return what its script must be told to load the file."""
    affine = "--affine" if settings.coupling == "sigmoid" else "no --affine"
    lu = "--no_lu" if settings.permutation == "conv1x1" else "no --no_lu"
    notes = [f"its script needs {affine}, {lu}, --n_block {len(settings.num_steps)}"]
    steps = set(settings.num_steps)
    notes[0] += f" and --n_flow {steps.pop()}" if len(steps) == 1 else ""
    if len(set(settings.num_steps)) > 1:
        notes.append("its script builds as many steps in each block, this model has not")
    if set(widths) != {WIDTH}:
        shown = ", ".join(map(str, sorted(set(widths))))
        notes.append(f"its script builds {WIDTH} hidden channels, this model has {shown}")
    if settings.dequantisation == "gaussian":
        notes.append("it was trained with Gaussian noise, there noise is uniform")
    elif settings.dequantisation == "variational":
        notes.append("its learned noise is left out, there noise is uniform")
    else:
        notes.append(f"--n_bits {settings.n_bits}")
    return tuple(notes)


def _norm(found: Mapping[str, Tensor], source: str, target: str) -> Tensors:
    shape = (1, -1, 1, 1)
    return {
        f"{target}.loc": found[f"{source}.bias"].reshape(shape),
        f"{target}.scale": found[f"{source}.log_scale"].double().exp().float().reshape(shape),
        f"{target}.initialized": torch.tensor(1, dtype=torch.uint8),
    }


def _permutation(found: Mapping[str, Tensor], source: str, target: str, *, plain: bool) -> Tensors:
    """Return the 1x1 convolution: as it is, decomposed as it is, or decomposed now."""
    if f"{source}.log_s" in found:
        names = ("permutation", "sign", "lower", "upper", "log_s")
        order, sign, lower, upper, log_s = (found[f"{source}.{name}"] for name in names)
    elif f"{source}.order" in found:
        order = torch.eye(len(found[f"{source}.order"]))[found[f"{source}.order"]]
        lower = upper = torch.zeros_like(order)
        log_s, sign = torch.zeros(len(order)), torch.ones(len(order))
    else:
        weight = found[f"{source}.weight"]
        if plain:
            return {f"{target}.weight": weight[:, :, None, None]}
        order, lower, upper = torch.linalg.lu(weight.double())
        diagonal = upper.diagonal()
        log_s, sign = diagonal.abs().log(), diagonal.sign()
    mask = torch.ones(len(order), len(order)).triu(1)
    return {
        f"{target}.w_p": order.float(),
        f"{target}.w_l": lower.tril(-1).float(),
        f"{target}.w_u": upper.triu(1).float(),
        f"{target}.w_s": log_s.float(),
        f"{target}.s_sign": sign.float(),
        f"{target}.u_mask": mask,
        f"{target}.l_mask": mask.T,
        f"{target}.l_eye": torch.eye(len(order)),
    }


def _net(found: Mapping[str, Tensor], source: str, settings: GlowSettings) -> Tensors:
    """Return a coupling's network by the numbers of its layers there."""
    part = {
        name: found[f"{source}.{name}"].double()
        for name in ("weight1", "norm1.bias", "weight2", "norm2.bias")
    }
    scale1, scale2 = (found[f"{source}.norm{k}.log_scale"].double().exp() for k in (1, 2))
    weight1 = part["weight1"] * scale1[:, None, None, None]
    weight2 = part["weight2"] * scale2[:, None]
    bias1, bias2 = part["norm1.bias"] * scale1, part["norm2.bias"] * scale2
    weight3, bias3, scale3 = (one.double() for one in _parts(found, f"{source}.out"))
    if _marks_edge(weight1, bias1, weight2, bias2, weight3):
        weight1, bias1 = weight1[:-1], bias1[:-1]
        weight2, bias2 = weight2[:-1, :-1], bias2[:-1]
        bias3 = bias3 + weight3[:, -1].sum((1, 2))
        weight3 = weight3[:, :-1]
    else:
        weight1 = functional.pad(weight1, (0, 0, 0, 0, 0, 0, 0, 1))
        weight2 = functional.pad(weight2, (0, 1, 0, 1))
        bias1, bias2 = functional.pad(bias1, (0, 1)), functional.pad(bias2, (0, 1))
        weight3 = torch.cat([weight3, -weight3.sum(1, keepdim=True)], 1)
    if settings.coupling == "sigmoid":  # log-scales before shifts there
        weight3, bias3, scale3 = (
            torch.cat(one.chunk(2)[::-1]) for one in (weight3, bias3, scale3)
        )
    net = {"0.weight": weight1, "0.bias": bias1, "2.bias": bias2}
    net["2.weight"] = weight2[:, :, None, None]
    return {name: value.float() for name, value in net.items()} | _zero(
        "4", weight3, bias3, scale3
    )


def _marks_edge(
    weight1: Tensor, bias1: Tensor, weight2: Tensor, bias2: Tensor, weight3: Tensor
) -> bool:
    """Return whether the last hidden channel is 1 everywhere and takes the others' taps away."""
    is_one = (
        len(bias1) > 1
        and not bool(weight1[-1].any() or weight2[-1].any() or weight2[:, -1].any())
        and float(bias1[-1]) == float(bias2[-1]) == 1.0
    )
    taps = weight3[:, :-1].sum(1)
    return is_one and torch.equal((-taps).float(), weight3[:, -1].float())


def _parts(found: Mapping[str, Tensor], source: str) -> tuple[Tensor, Tensor, Tensor]:
    return found[f"{source}.weight"], found[f"{source}.bias"], found[f"{source}.log_scale"]


def _zero(target: str, weight: Tensor, bias: Tensor, log_scale: Tensor) -> Tensors:
    return {
        f"{target}.conv.weight": weight.float(),
        f"{target}.conv.bias": bias.float(),
        f"{target}.scale": log_scale.float().reshape(1, -1, 1, 1),
    }


def _top(found: Mapping[str, Tensor], target: str) -> Tensors:
    """Return a convolution of zeros, padded with ones, that gives the top prior."""
    prior = torch.cat([found["top_mean"], found["top_log_sigma"]]).double()
    outputs, height, width = prior.shape
    zeros = torch.zeros(1, 1, height, width, dtype=torch.float64)
    beyond = functional.pad(zeros, (1, 1, 1, 1), value=1.0)
    seen = functional.unfold(beyond, 3)[0].T  # which taps lie beyond the edge, at each position
    ways = torch.cat([torch.ones(len(seen), 1, dtype=torch.float64), seen], 1)
    solved = torch.linalg.lstsq(ways, prior.flatten(1).T, driver="gelsd").solution
    rest = (ways @ solved - prior.flatten(1).T).abs().max()
    if float(rest) > CLOSE:
        raise NotSupportedError(
            f"This Glow cannot be written exactly as {NAME} writes one: its top prior differs by "
            f"{float(rest):.2g} from place to place, there it is the same but for the edge. "
            "Nothing was written. Train one with model.config.learn_top false, or export without "
            "--dialect."
        )
    weight = torch.zeros(outputs, outputs // 2, 3, 3, dtype=torch.float64)
    weight[:, 0] = solved[1:].T.unflatten(1, (3, 3))
    return _zero(target, weight, solved[0], torch.zeros(outputs))
