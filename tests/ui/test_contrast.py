"""Words can be read on the light and on the dark page: contrast as WCAG 2.2 defines it."""

import re

import pytest

from explorer.ui.scripts import ASSETS

LEAST = 4.5
"""Contrast of text of usual size, level AA."""


def variables(look):
    """The colours of one look by name, from the sheets that name them."""
    found = {}
    for sheet in ("style.css", "panels.css"):
        text = (ASSETS / sheet).read_text(encoding="utf-8")
        block = re.search(re.escape(look) + r" \{(.*?)\n\}", text, re.DOTALL)[1]
        found |= dict(re.findall(r"--([\w-]+): (#[0-9a-f]+);", block))
    return found


def luminance(colour):
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    shares = [int(digits[k : k + 2], 16) / 255 for k in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("look", [":root", ".dark"])
@pytest.mark.parametrize(
    ("ink", "paper"),
    [
        ("text", "page"),
        ("text", "chip"),
        ("quiet", "page"),
        ("quiet", "card"),
        ("accent", "page"),
        ("on-primary", "primary"),
        ("good-text", "chip"),
        ("end-b", "chip"),
        ("slerp", "card"),
        ("nlerp", "card"),
        ("lerp", "card"),
        ("good-text", "good-fill"),
        ("warm-text", "warm-fill"),
    ],
)
def test_words_stand_out(look, ink, paper):
    colours = variables(look)
    low, high = sorted(luminance(colours[name]) for name in (ink, paper))
    assert (high + 0.05) / (low + 0.05) >= LEAST
