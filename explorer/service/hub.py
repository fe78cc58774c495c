"""Models to and from the Hugging Face Hub: the same files, checked in the same way.

Needs the package `huggingface_hub` (`requirements-hub.txt`); its own environment variables say who
you are (`HF_TOKEN`) and where the hub is (`HF_ENDPOINT`).
"""

__all__ = ["pull_model", "push_model"]

import importlib
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from explorer.errors import CheckpointError, NotSupportedError
from explorer.service.model_file import MOST_BYTES, files_of, is_known, take_in
from explorer.service.runs import folder_of

_HTTP = ("httpx", "httpx2")
"""What it speaks HTTP with: the one or the other, by its version."""

_OF_NETWORK = {"ConnectionError", "TimeoutError", "HTTPError"}


def push_model(root: Path, name: str, repository: str, *, public: bool = False) -> str:
    """Upload a finished model and return its address.

    A GLICO model holds a code for each training image: close copies of these can be drawn from it.

    Args:
        root: Folder of all models.
        name: The model.
        repository: "owner/name" on the hub; made if it is not there.
        public: Whether a new repository can be seen by everybody.

    Raises:
        NotSupportedError: `huggingface_hub` is not installed.
        CheckpointError: The model is not finished, or the hub refuses.
    """
    hub, folder = _hub(), folder_of(root, name)
    names = files_of(folder)
    api = hub.HfApi()
    try:
        address = api.create_repo(repository, private=not public, exist_ok=True)
        files = [
            hub.CommitOperationAdd(path_in_repo=one, path_or_fileobj=folder / one) for one in names
        ]
        api.create_commit(repository, files, commit_message=f"Upload {name}")  # all or nothing
    except _refusals() as error:
        raise CheckpointError(_refused(repository, error)) from None
    return str(address)


def pull_model(root: Path, repository: str, name: str = "") -> str:
    """Download a model and return its name here.

    Args:
        root: Folder of all models.
        repository: "owner/name" on the hub.
        name: Its name here; that of its experiment if empty.

    Raises:
        NotSupportedError: `huggingface_hub` is not installed.
        CheckpointError: There is no such model, the hub refuses, or a file is not as it should be.
        ConfigError: The name is taken.
    """
    hub = _hub()
    with take_in(root) as (folder, finish):
        try:
            found = hub.HfApi().model_info(repository, files_metadata=True)
            files = [one for one in found.siblings if is_known(one.rfilename)]
            if sum(one.size or 0 for one in files) > MOST_BYTES:
                raise CheckpointError(f"'{repository}' is larger than {MOST_BYTES / 1e9:.0f} GB.")
            for one in files:
                hub.hf_hub_download(
                    repository, one.rfilename, revision=found.sha, local_dir=folder
                )
            shutil.rmtree(folder / ".cache", ignore_errors=True)  # the package's own notes
        except _refusals() as error:
            raise CheckpointError(_refused(repository, error)) from None
        if not files:
            raise CheckpointError(
                f"'{repository}' holds no model of this program. Give one that `push` uploaded."
            )
        return finish(name)


def _hub() -> Any:
    try:
        return importlib.import_module("huggingface_hub")
    except ModuleNotFoundError:
        raise NotSupportedError(
            "The hub needs `huggingface_hub`, which is not installed. "
            "Run `pip install -r requirements-hub.txt`."
        ) from None


def _refusals() -> tuple[type[Exception], ...]:
    """Return what the package raises where the hub cannot be reached or says no."""
    errors = importlib.import_module("huggingface_hub.errors")
    http = [importlib.import_module(name).HTTPError for name in _HTTP if find_spec(name)]
    own = (errors.HfHubHTTPError, errors.HFValidationError, *http)
    return (*own, OSError, ValueError, RuntimeError)  # the last is an upload that broke off


def _refused(repository: str, error: Exception) -> str:
    """Return what happened and what to do about it; no answer of the hub is quoted."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    kinds = {one.__name__ for one in type(error).__mro__}
    if status in (401, 403) or "LocalTokenNotFoundError" in kinds:
        return (
            f"The hub does not let you use '{repository}'. Set HF_TOKEN to a token of yours that "
            "may read it, or write to it for `push`, and check the name."
        )
    if status == 404:
        return f"The hub has no '{repository}'. Check the name: OWNER/NAME, upper and lower case."
    if "HFValidationError" in kinds:
        return f"'{repository}' is no name on the hub. Write it as OWNER/NAME."
    if status is not None:
        return f"The hub answered '{repository}' with an error ({status}). Try again later."
    if isinstance(error, OSError) and error.errno is not None and not kinds & _OF_NETWORK:
        return f"'{repository}' could not be kept: {error.strerror}. Make room, then try again."
    return (
        f"The hub could not be reached, or '{repository}' broke off ({type(error).__name__}). "
        "Check the network, and HF_ENDPOINT if you set it; then try again."
    )
