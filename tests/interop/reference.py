"""The three foreign Glows by their formulas, straight from their tensors, in float64."""

import math

import torch
from torch.nn import functional as F


def density(name, content, images):
    """Log-likelihood in nats and the last level's latents, without noise."""
    state = content.get("graph", content)
    state = {key.removeprefix("module."): value.double() for key, value in state.items()}
    if name.startswith("rosinality"):
        return _rosinality(state, (images + 0.5) / 256 - 0.5)
    is_first = name.startswith("chaiyujin")
    classes = 3 if name.endswith("classes") else 0
    x = images / 255 if is_first else (images + 0.5) / 256 - 0.5
    return _sequential(state, x, is_first, classes)


def _gaussian(x, mean, log_sigma):
    each = -0.5 * (math.log(2 * math.pi) + ((x - mean) / log_sigma.exp()) ** 2) - log_sigma
    return each.sum((1, 2, 3))


def _squeeze(x):
    batch, channels, height, width = x.shape
    x = x.view(batch, channels, height // 2, 2, width // 2, 2).permute(0, 1, 3, 5, 2, 4)
    return x.reshape(batch, 4 * channels, height // 2, width // 2)


def _lu(order, sign, lower, upper, log_s):
    unit = torch.eye(len(sign), dtype=torch.float64)
    return order @ (lower.tril(-1) + unit) @ (upper.triu(1) + torch.diag(sign * log_s.exp()))


def _matrix(x, weight):
    """The 1x1 convolution and its log-determinant, in float64 by the determinant itself."""
    size = x.shape[2] * x.shape[3]
    return torch.einsum("ij,bjhw->bihw", weight, x), size * weight.det().abs().log()


def _sequential(state, x, is_first, classes):
    net, conv, linear = ("f", "", "") if is_first else ("block", ".conv", ".linear")
    names = ("p", "sign_s", *(("l", "u") if is_first else ("lower", "upper")), "log_s")

    def norm(x, name):
        return (x + state[f"{name}.bias"]) * state[f"{name}.logs"].exp()

    def zeros(x, name):
        out = F.conv2d(x, state[f"{name}{conv}.weight"], state[f"{name}{conv}.bias"], padding=1)
        return out * (3 * state[f"{name}.logs"]).exp()

    total = torch.zeros(len(x), dtype=torch.float64)
    number = 0
    for level in range(2):
        x, number = _squeeze(x), number + 1
        while f"flow.layers.{number}.actnorm.bias" in state:
            step = f"flow.layers.{number}"
            x = norm(x, f"{step}.actnorm")
            total = total + x[0, 0].numel() * state[f"{step}.actnorm.logs"].sum()
            weight = state.get(f"{step}.invconv.weight")
            if weight is None:
                weight = _lu(*(state[f"{step}.invconv.{name}"] for name in names))
            x, log_det = _matrix(x, weight)
            total = total + log_det
            x1, x2 = x.chunk(2, 1)
            hidden = F.conv2d(x1, state[f"{step}.{net}.0{conv}.weight"], padding=1)
            hidden = norm(hidden, f"{step}.{net}.0.actnorm").relu()
            hidden = F.conv2d(hidden, state[f"{step}.{net}.2{conv}.weight"])
            hidden = norm(hidden, f"{step}.{net}.2.actnorm").relu()
            out = zeros(hidden, f"{step}.{net}.4")
            if out.shape[1] == x2.shape[1]:
                x2 = x2 + out
            else:
                scale = (out[:, 1::2] + 2).sigmoid()
                x2 = (x2 + out[:, 0::2]) * scale
                total = total + scale.log().sum((1, 2, 3))
            x = torch.cat([x1, x2], 1)
            number += 1
        if level == 0:
            x, dropped = x.chunk(2, 1)
            out = zeros(x, f"flow.layers.{number}.conv")
            total = total + _gaussian(dropped, out[:, 0::2], out[:, 1::2])
            number += 1
    prior = torch.zeros(len(x), 2 * x.shape[1], *x.shape[2:], dtype=torch.float64)
    top = "learn_top" if is_first else "learn_top_fn"
    if f"{top}{conv}.weight" in state:
        prior = zeros(prior, top)
    if classes:
        weight = state[f"project_ycond{linear}.weight"]
        out = F.one_hot(torch.arange(len(x)) % classes, classes).double() @ weight.T
        out = out + state[f"project_ycond{linear}.bias"]
        prior = prior + (out * (3 * state["project_ycond.logs"]).exp())[..., None, None]
    return total + _gaussian(x, *prior.chunk(2, 1)), x


def _rosinality(state, x):
    def zeros(x, name):
        padded = F.pad(x, (1, 1, 1, 1), value=1.0)
        out = F.conv2d(padded, state[f"{name}.conv.weight"], state[f"{name}.conv.bias"])
        return out * (3 * state[f"{name}.scale"]).exp()

    total = torch.zeros(len(x), dtype=torch.float64)
    for block in range(2):
        x, k = _squeeze(x), 0
        while f"blocks.{block}.flows.{k}.actnorm.loc" in state:
            step = f"blocks.{block}.flows.{k}"
            scale = state[f"{step}.actnorm.scale"]
            x = scale * (x + state[f"{step}.actnorm.loc"])
            total = total + x[0, 0].numel() * scale.abs().log().sum()
            weight = state.get(f"{step}.invconv.weight")
            if weight is None:
                parts = ("w_p", "s_sign", "w_l", "w_u", "w_s")
                weight = _lu(*(state[f"{step}.invconv.{part}"] for part in parts))
            x, log_det = _matrix(x, weight.flatten(1))
            total = total + log_det
            x1, x2 = x.chunk(2, 1)
            net = f"{step}.coupling.net"
            hidden = F.conv2d(x1, state[f"{net}.0.weight"], state[f"{net}.0.bias"], padding=1)
            hidden = F.conv2d(hidden.relu(), state[f"{net}.2.weight"], state[f"{net}.2.bias"])
            out = zeros(hidden.relu(), f"{net}.4")
            if out.shape[1] == x2.shape[1]:
                x2 = x2 + out
            else:
                raw, shift = out.chunk(2, 1)
                x2 = (x2 + shift) * (raw + 2).sigmoid()
                total = total + (raw + 2).sigmoid().log().sum((1, 2, 3))
            x = torch.cat([x1, x2], 1)
            k += 1
        if block == 0:
            x, dropped = x.chunk(2, 1)
            total = total + _gaussian(dropped, *zeros(x, "blocks.0.prior").chunk(2, 1))
    return total + _gaussian(x, *zeros(torch.zeros_like(x), "blocks.1.prior").chunk(2, 1)), x
