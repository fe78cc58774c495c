"""Options of the form `NAME=VALUE`, which may be repeated."""

__all__ = ["pairs_of", "strengths_of"]

from collections.abc import Iterable

from explorer.errors import ConfigError


def strengths_of(edits: Iterable[str]) -> dict[str, float]:
    """Return the strength of each attribute in texts such as `glasses=1`.

    Raises:
        ConfigError: A text has another form, or its value is no number.

    Example:
        >>> strengths_of(["glasses=1", "smile=-0.5"])
        {'glasses': 1.0, 'smile': -0.5}
    """
    strengths = {}
    for name, value in pairs_of(edits, "--set", "glasses=1").items():
        try:
            strengths[name] = float(value)
        except ValueError:
            raise ConfigError(
                f"--set '{name}={value}' gives no number. Write it as attribute=strength, e.g. "
                "glasses=1."
            ) from None
    return strengths


def pairs_of(texts: Iterable[str], option: str, example: str) -> dict[str, str]:
    """Return the parts before and after the sign in texts such as `glasses=ridge`.

    Args:
        texts: What the option was given.
        option: Its name, for the refusal.
        example: What a person could have typed.

    Raises:
        ConfigError: A text has another form.
    """
    pairs = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not (name and sign and value):
            raise ConfigError(
                f"{option} '{text}' is not an attribute, '=' and its value. Write it as {example}."
            )
        pairs[name] = value
    return pairs
