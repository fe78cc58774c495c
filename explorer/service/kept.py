"""Results that take long, kept for the next time in the person's cache folder.

```text
~/.cache/latent-explorer/models/FINGERPRINT/
    codes.npy            latents of the gallery, for models that encode
    neighbours.npz       the nearest gallery images of each
    layouts-VERSIONS/    maps, by the name of their settings
```

The fingerprint changes with the weights, the gallery and the program's version, so that nothing
old is ever taken for new. The folder can be deleted at any time.
"""

__all__ = ["kept", "kept_folder"]

import hashlib
import os
import tempfile
import threading
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path

from explorer import __version__
from explorer.data.download import cache_folder
from explorer.service.aside import PATIENCE, aside
from explorer.service.gallery import ARRAYS, ATLAS
from explorer.service.progress import Report
from explorer.service.shelf import OpenModel
from explorer.train.checkpoint import manifest

_MAKING: defaultdict[Path, threading.Lock] = defaultdict(threading.Lock)
"""One thread makes a file; others that want it wait."""


def kept_folder(opened: OpenModel) -> Path:
    """Return where results of a model and its gallery are kept; it need not exist."""
    entries = manifest(opened.folder)
    hashes = [entries.get(name, {}).get("sha256", "") for name in (ATLAS, ARRAYS)]
    text = "\n".join([__version__, opened.version, *hashes])
    return cache_folder("models") / hashlib.sha256(text.encode()).hexdigest()[:24]


def kept(path: Path, make: Callable[[Path, Report], object], report: Report) -> Path:
    """Return the path of a file that is made, in a process of its own, if it is not there.

    Args:
        path: The file.
        make: Writes it where it is told; can be pickled.
        report: Told how far it is; where it raises, nothing is left behind.

    Raises:
        OSError: The cache folder cannot be written.
    """
    making = _MAKING[path]
    while not making.acquire(timeout=PATIENCE):
        report(0.0, "Waiting for the same work")
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=path.parent, prefix=".making-") as folder:
                unfinished = Path(folder) / path.name
                aside(partial(make, unfinished), report)
                os.replace(unfinished, path)
    finally:
        making.release()
    return path
