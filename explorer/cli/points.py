"""The images that a command is given: numbers, samples and means by name, picture files."""

__all__ = ["point"]

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import explorer.service.workbench

_SOURCE = re.compile(r"\d+|(sample|mean|image):.*")


def point(workbench: "explorer.service.workbench.Workbench", model: str, text: str) -> int:
    """Return the position of the image that a text names.

    Args:
        workbench: Where the model lies.
        model: Its name.
        text: A number, a source such as "sample:7" (see `explorer.service.points`), or the path
            of a picture file, which is cropped to its middle square.

    Raises:
        ConfigError: There is no such image.
        DataError: The file is missing or no picture.
    """
    from explorer.cli.output import print_progress
    from explorer.service.own_image import add_own_image, read_own_image
    from explorer.service.points import find_point

    path = Path(text)
    if _SOURCE.fullmatch(text.strip()) or not (path.suffix or path.exists()):
        return find_point(workbench, model, text, print_progress)
    return add_own_image(workbench, model, read_own_image(path), report=print_progress)
