"""What the panel of new images is told.

| message | when |
|---|---|
| "progress" | how far the work is |
| "set" | a set was made or opened: everything but the pixels, which have routes of their own |
| "sorted" | the same set under other limits |
| "written" | what came of an export |
| "nothing" | why there is no set, and what to do |
"""

__all__ = [
    "CANCELLED",
    "Message",
    "nothing_message",
    "progress_message",
    "set_message",
    "sorted_message",
    "written_message",
]

import math
from pathlib import Path
from typing import Any

from explorer.service.augmented_set import AugmentedSet, thin_classes
from explorer.service.limits import REASONS, Limits
from explorer.service.plan import SOURCES
from explorer.service.real_images import MEASURES
from explorer.service.set_measures import SET_MEASURES, SetMeasure, SetMeasures
from explorer.service.set_verdict import outside, set_verdict
from explorer.ui.augment_sets import SHEET_COLUMNS
from explorer.ui.background import Progress

Message = dict[str, Any]

LIMIT_TITLES = {
    "memorised": "Not memorised: distance at least",
    "unlike": "Not foreign: distance at most",
    "twin": "No double: distance at least",
    "agreement": "Classifier agrees: at least",
    "pretrained": "Pretrained one agrees: at least",
    "blurred": "Sharper than",
    "plain": "More to see than in",
    "unlikely": "Likelier than the rest beyond",
}
"""What a slider says before its number, by limit."""

CANCELLED: Message = {"kind": "nothing", "text": "Cancelled. Nothing was kept."}


def progress_message(step: Progress) -> Message:
    """Return how far the work is."""
    return {"kind": "progress", "share": round(step.share, 3), "doing": step.doing}


def nothing_message(text: str) -> Message:
    """Return why there is no set."""
    return {"kind": "nothing", "text": text}


def written_message(text: str, *, tone: str) -> Message:
    """Return what came of an export; the tone is "good" or "warm"."""
    return {"kind": "written", "text": text, "tone": tone}


def set_message(found: AugmentedSet, token: str, *, near: bool) -> Message:
    """Return everything the panel shows of a set.

    Args:
        found: The set.
        token: By which its pictures are fetched.
        near: Whether the nearest training images can be shown.
    """
    made = found.made
    _, height, width, _ = made.pixels.shape
    base = f"augment/{token}"
    labels = sorted(set(made.labels.tolist()))
    return {
        "kind": "set",
        "token": token,
        "made": f"{base}/made.png",
        "near": f"{base}/near.png" if near else None,
        "zip": f"{base}/set.zip",
        "file": f"{made.model}-augmented.zip",
        "target": str(Path.home() / f"{made.model}-augmented"),
        "sheet": {
            "count": len(made),
            "columns": min(SHEET_COLUMNS, len(made)),
            "width": width,
            "height": height,
        },
        "count": _count(found),
        "thin": _thin(found),
        "source": f"{made.model}, {SOURCES[made.plan.source]}, seed {made.plan.seed}",
        "classes": [{"label": label, "name": made.class_names[label]} for label in labels],
        "measures": [_measure(found, name) for name in found.judged.values],
        "items": [_item(found, row) for row in range(len(made))],
        "limits": _limits(found),
        "rows": _rows(found.whole, found.chosen),
        "verdict": _verdict(found),
        "note": _note(found.whole),
    }


def sorted_message(found: AugmentedSet, token: str, *, measured: bool) -> Message:
    """Return which images meet other limits.

    Args:
        found: The set, sorted out.
        token: Whose.
        measured: Whether the kept images were measured as a set.
    """
    message: Message = {
        "kind": "sorted",
        "token": token,
        "count": _count(found),
        "thin": _thin(found),
        "limits": found.limits.model_dump(mode="json"),
        "reasons": [list(reasons) for reasons in found.reasons],
    }
    if measured:
        message["rows"] = _rows(found.whole, found.chosen)
        message["verdict"] = _verdict(found)
    return message


def _count(found: AugmentedSet) -> str:
    return f"{int(found.kept.sum()):,} of {len(found.made):,} kept"


def _thin(found: AugmentedSet) -> Message:
    """Return what to say of classes of which few images are kept, and of those with none."""
    thin = thin_classes(found)
    some = [f"{one.name} {one.kept}/{one.made}" for one in thin if one.kept]
    return {
        "some": f"Fewer than half are kept of: {', '.join(some)}" if some else "",
        "none": [
            f"No {one.name} is kept: all {one.made} are left out, most often with the reason "
            f"'{one.reason}'."
            for one in thin
            if not one.kept
        ],
    }


def _verdict(found: AugmentedSet) -> Message | None:
    """Return what the measures say of the kept images; of all where too few are kept."""
    if found.chosen.found:
        verdict = set_verdict("The kept images", found.chosen)
    else:
        verdict = set_verdict("The new images", found.whole)
    return None if verdict is None else {"text": verdict.text, "tone": verdict.tone}


def _measure(found: AugmentedSet, name: str) -> Message:
    measure, known = MEASURES[name], found.judged.yardsticks.get(name)
    digits = measure.digits
    real = known and {
        "low": f"{known.low:.{digits}f}",
        "high": f"{known.high:.{digits}f}",
        "source": f"Middle 95 % of {known.source}",
    }
    return {
        "name": name,
        "title": measure.title,
        "text": measure.text,
        "digits": digits,
        "real": real or None,
    }


def _item(found: AugmentedSet, row: int) -> Message:
    made, judged = found.made, found.judged
    label = int(made.labels[row])
    return {
        "label": label,
        "name": f"{made.class_names[label]} {int(made.numbers[row])}",
        "origin": _origin(found, row),
        "values": [_finite(float(values[row]), 5) for values in judged.values.values()],
        "shares": [_finite(float(shares[row]), 3) for shares in judged.shares.values()],
        "reasons": list(found.reasons[row]),
    }


def _origin(found: AugmentedSet, row: int) -> str:
    made = found.made
    parents = [one for one in made.parents[row].tolist() if one >= 0]
    if not parents:
        return "A sample of the model"
    if len(parents) == 1:
        return f"Training image #{parents[0]} moved"
    text = f"{float(made.t[row]):.2f} of the way from #{parents[0]} to #{parents[1]}"
    mixed = {
        made.class_names[k]: share
        for k, share in enumerate(made.mixture[row].tolist())
        if share > 0
    }
    if len(mixed) > 1:
        text += "; label " + ", ".join(f"{name} {share:.0%}" for name, share in mixed.items())
    return text


def _limits(found: AugmentedSet) -> list[Message]:
    shown = []
    for name, (measure, _) in REASONS.items():
        if measure not in found.judged.values:
            continue
        field = Limits.model_fields[name]
        low = next(one.ge for one in field.metadata if hasattr(one, "ge"))
        high = next(one.le for one in field.metadata if hasattr(one, "le"))
        percent = high > 3
        shown.append(
            {
                "name": name,
                "title": LIMIT_TITLES[name],
                "text": field.description,
                "low": low,
                "high": high,
                "step": 1 if percent else 0.05,
                "unit": "%" if percent else "",
                "off": high if name in ("unlike", "unlikely") else low,
                "value": getattr(found.limits, name),
            }
        )
    return shown


def _rows(whole: SetMeasures, chosen: SetMeasures) -> list[Message]:
    kept = {one.name: one for one in chosen.found}
    rows = []
    for one in whole.found:
        measure = SET_MEASURES[one.name]
        own = _cell(kept[one.name]) if one.name in kept else {"text": "too few", "side": ""}
        span = _span(one)
        if one.name in kept and _span(kept[one.name]) != span:
            span += f", for the kept {_span(kept[one.name])}"
        cells = [_cell(one), own, {"text": span, "side": ""}]
        rows.append({"title": measure.title, "text": measure.text, "cells": cells})
    return rows


def _cell(one: SetMeasure) -> Message:
    """Return a number and on which side of the real ones it is off."""
    return {"text": f"{one.value:.{SET_MEASURES[one.name].digits}f}", "side": outside(one)}


def _span(one: SetMeasure) -> str:
    digits = SET_MEASURES[one.name].digits
    return f"{one.low:.{digits}f} to {one.high:.{digits}f}"


def _note(whole: SetMeasures) -> str:
    return whole.note[:1].upper() + whole.note[1:] + "."


def _finite(value: float, digits: int) -> float | None:
    return round(value, digits) if math.isfinite(value) else None
