"""What the tab of distributions says of an analysis: numbers first, then words, then tables."""

__all__ = ["PARTS", "result_message", "survey_message"]

from typing import Any

from explorer.service.distributions import ClassPositions, Distribution, Part
from explorer.service.survey import Survey

Message = dict[str, Any]

PARTS: dict[Part, str] = {
    "without": "Images without it",
    "with": "Images with it",
    "all": "All images",
}
"""Parts of the images, in the words of the page."""

_STATES = {
    "supported": ("Supported", "good"),
    "refuted": ("Refuted", "warm"),
    "indistinguishable": ("Not distinguishable from a random direction", "plain"),
    "normal": ("Nothing to test: already normal", "plain"),
    "undecided": ("Undecided", "plain"),
}
_HELPS = {"supported": "they help", "refuted": "they hurt", "undecided": "undecided"}


def result_message(found: Distribution, key: str) -> Message:
    """Return everything the panel shows in words of one analysis."""
    images = "" if found.axis.kind != "attribute" else f" · {PARTS[found.part].lower()}"
    left = f" Left out, too few images: {', '.join(found.left_out)}." if found.left_out else ""
    return {
        "kind": "result",
        "key": key,
        "source": f"{found.axis.name.replace('_', ' ')}{images} · {found.source} · "
        f"seed {found.seed}",
        "note": f"{found.note}{left}".strip(),
        "mixed": _mixed(found),
        "complement": _complement(found),
        "table": _table(found),
        "sizes": _sizes(found),
    }


def survey_message(found: Survey) -> Message:
    """Return one line for each analysis, and for each that the images do not allow."""
    rows = [
        [
            _axis_title(one),
            _STATES[one.mixed.state][0],
            f"{one.mixed.change:+.2f} [{one.mixed.change_low:+.2f}, {one.mixed.change_high:+.2f}]",
            f"{corrected:.3f}",
            _STATES[one.complement.state][0],
            _gain(one),
        ]
        for one, corrected in zip(found.found, found.corrected, strict=True)
    ]
    rows += [
        [f"{one.axis.name} · {PARTS[one.part].lower()}", "too few images", "", "", "", ""]
        for one in found.skipped
    ]
    return {
        "kind": "survey",
        "heading": [
            "What varies",
            "Pooled: nearer to normal?",
            "Change of Anderson-Darling",
            "p, corrected",
            "Completed",
            "Gain",
        ],
        "rows": rows,
    }


def _mixed(found: Distribution) -> Message:
    mixed = found.mixed
    state, tone = _STATES[mixed.state]
    first, last = mixed.curves["anderson_darling"]["attribute"].mean[[0, -1]]
    mean, end = mixed.floor["anderson_darling"]
    return {
        "state": state,
        "tone": tone,
        "facts": [
            _fact("In one class", f"{first:.2f}", "Anderson-Darling"),
            _fact(
                f"In {mixed.sizes[-1]} classes pooled",
                f"{last:.2f}",
                f"{mixed.change:+.2f} [{mixed.change_low:+.2f}, {mixed.change_high:+.2f}]",
            ),
            _fact("A true normal", f"{mean:.2f}", f"95 % below {end:.2f}"),
            _fact(
                "Random directions",
                f"{mixed.random_change:+.2f}",
                f"p = {mixed.p_value:.3f}, {mixed.random_count} directions",
            ),
        ],
        "words": mixed.verdict,
        "more": ["One question among many: Compare everything corrects for asking often."],
    }


def _complement(found: Distribution) -> Message:
    complement = found.complement
    state, tone = _STATES[complement.state]
    at = next(one for one in complement.sizes if one.size == complement.primary)
    return {
        "state": f"{state} (an estimate from few images)" if complement.estimate else state,
        "tone": tone,
        "facts": [
            _fact("Alone", f"{at.alone:.3f}", f"W1 with {at.size} images a class"),
            _fact(
                "Completed", f"{at.completed:.3f}", f"coverage {100 * at.coverage_completed:.0f} %"
            ),
            _fact("Gain", f"{at.gain:+.3f}", f"[{at.gain_low:+.3f}, {at.gain_high:+.3f}]"),
            _fact(
                "Random directions",
                f"{complement.random_gain:+.3f}",
                f"[{complement.random_low:+.3f}, {complement.random_high:+.3f}]",
            ),
        ],
        "words": complement.verdict,
        "more": [complement.beyond, complement.correlation],
    }


def _table(found: Distribution) -> Message:
    return {
        "heading": [
            "Class",
            "Images",
            "Mean",
            "Deviation",
            "Skewness",
            "Excess kurtosis",
            "Own range",
            "With what others lend",
            "Others' images",
            "Others' shape",
            "Gain",
            "Do others help?",
        ],
        "rows": [_row(one) for one in found.classes],
    }


def _sizes(found: Distribution) -> Message:
    return {
        "heading": [
            "Images a class",
            "Classes",
            "Bias of the mean",
            "Deviation, share of the class's",
            "W1 alone",
            "W1 completed",
            "Gain",
            "More than a normal of its own",
            "Samples that gain",
            "Coverage alone",
            "Coverage completed",
        ],
        "rows": [
            [
                str(one.size),
                str(one.classes),
                f"{one.bias:.3f}",
                f"{100 * one.spread:.0f} %",
                f"{one.alone:.3f}",
                f"{one.completed:.3f}",
                f"{one.gain:+.3f} [{one.gain_low:+.3f}, {one.gain_high:+.3f}]",
                f"{one.beyond:+.3f} [{one.beyond_low:+.3f}, {one.beyond_high:+.3f}]",
                f"{100 * one.gaining:.0f} %",
                f"{100 * one.coverage_alone:.0f} %",
                f"{100 * one.coverage_completed:.0f} %",
            ]
            for one in found.complement.sizes
        ],
    }


def _row(one: ClassPositions) -> list[str]:
    fit = one.fit
    fits = "fits" if fit.shape <= fit.shape_limit else "differs"
    known = fit.gain == fit.gain
    return [
        one.name.replace("_", " "),
        f"{one.count:,}",
        f"{one.mean:+.2f}",
        f"{one.deviation:.2f}",
        f"{one.skewness:+.2f}",
        f"{one.kurtosis:+.2f}",
        f"{one.own[0]:+.2f} to {one.own[1]:+.2f}",
        f"{one.borrowed[0]:+.2f} to {one.borrowed[1]:+.2f}",
        f"{one.borrowed_count:,}",
        f"{fits} ({fit.shape:.2f}, 95 % below {fit.shape_limit:.2f})",
        f"{fit.gain:+.3f} [{fit.gain_low:+.3f}, {fit.gain_high:+.3f}]" if known else "",
        _HELPS[fit.state] if known else "too few images",
    ]


def _axis_title(one: Distribution) -> str:
    name = one.axis.name.replace("_", " ")
    return f"{name} · {PARTS[one.part].lower()}" if one.axis.kind == "attribute" else name


def _gain(one: Distribution) -> str:
    complement = one.complement
    at = next(size for size in complement.sizes if size.size == complement.primary)
    return f"{at.gain:+.3f} [{at.gain_low:+.3f}, {at.gain_high:+.3f}] at n = {at.size}"


def _fact(name: str, value: str, reference: str) -> Message:
    return {"name": name, "value": value, "reference": reference}
