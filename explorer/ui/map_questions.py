"""What the map may ask of the server. A browser can send anything; what is here was checked."""

__all__ = ["ArrangeQuestion", "LassoQuestion", "MapQuestion", "WalkQuestion", "read_question"]

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from explorer.errors import ConfigError
from explorer.service.lasso import MOST_CORNERS
from explorer.service.workbench import Workbench

Name = Annotated[str, Field(max_length=200)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Position = Annotated[int, Field(ge=0, strict=True)]


class _Question(BaseModel):
    """What every question says.

    Attributes:
        token: Which files the map was drawn from.
        ask: Number of the question; its answer repeats it.
    """

    model_config = ConfigDict(frozen=True)

    token: Name
    ask: Annotated[int, Field(strict=True)] = 0

    def echo(self, token: str) -> dict[str, Any]:
        """Return the question as its answer repeats it, with the token of what was asked."""
        return {**self.model_dump(exclude={"polygon", "off"}), "token": token}


class MapQuestion(_Question):
    """Something about a layout."""

    layout: Name


class LassoQuestion(MapQuestion):
    """A line around images.

    Attributes:
        polygon: x, y, x, y, ... in the layout's own units.
        by: What the map is coloured by.
        off: Numbers of its categories that are greyed out.
    """

    polygon: Annotated[tuple[Finite, ...], Field(min_length=6, max_length=2 * MOST_CORNERS)]
    by: Name = "class"
    off: Annotated[frozenset[int], Field(max_length=1000)] = frozenset()


class WalkQuestion(MapQuestion):
    """A walk to be drawn: `along` a kind of path from A to B, or an attribute from A."""

    along: Name
    a: Position
    b: Position


class ArrangeQuestion(_Question):
    """Settings of another UMAP."""

    n_neighbors: Annotated[int, Field(strict=True)]
    min_dist: Finite
    metric: Name


Asked = TypeVar("Asked", bound=_Question)


def read_question(kind: type[Asked], workbench: Workbench, model: str, event: object) -> Asked:
    """Return what the map asks, checked.

    Args:
        kind: Which question it must be.
        workbench: Where the model lies.
        model: The model that is shown.
        event: Gradio's event; it holds what the browser sent.

    Raises:
        ConfigError: The map is of other files, or the message is not such a question.
    """
    data = getattr(event, "_data", None)
    sent = data if isinstance(data, dict) else {}
    if sent.get("token") != workbench.open(model).token:
        raise ConfigError("This map is of an older version of the model. Reload the page.")
    polygon = sent.get("polygon")
    if isinstance(polygon, list) and len(polygon) > 2 * MOST_CORNERS:
        raise ConfigError(
            f"A lasso of {len(polygon) // 2:,} corners; up to {MOST_CORNERS:,} are taken. "
            "Draw a simpler line."
        )
    try:
        return kind.model_validate(sent)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ConfigError(
            f"The map asked for something that cannot be: {place}: {first['msg']}. "
            "Reload the page and try again."
        ) from None
