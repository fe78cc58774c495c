"""What a measurement of a few steps tells: device, memory, speed, time."""

__all__ = ["duration_words", "estimate_html"]

from explorer.service.run_estimate import Estimate
from explorer.ui.attributes.fragments import words_html

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def estimate_html(found: Estimate, steps: int) -> str:
    """Return the measurement in two sentences."""
    return words_html(
        f"{steps:,} steps take about {duration_words(found.total_seconds)} on "
        f"{found.device}, with {found.memory_mb:,.0f} MB of memory.",
        f"Measured on {found.measured_steps} real steps: {found.seconds_per_step:.3g} s a step, "
        f"{found.images_per_second:.3g} images a second.",
    )


def duration_words(seconds: float) -> str:
    """Return a time for people.

    Example:
        >>> [duration_words(seconds) for seconds in (4.0, 100.0, 6000.0, 200_000.0)]
        ['4 s', '1 min 40 s', '1 h 40 min', '2 days 7 h']
    """
    whole = max(1, round(seconds))
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    if whole < 2 * _DAY:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"
    return f"{whole // _DAY} days {whole % _DAY // _HOUR} h"
