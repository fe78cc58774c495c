"""Models to and from the Hugging Face Hub: its own package against a hub on this machine."""

import socket
from pathlib import Path

import pytest
from hub_stand_in import TOKEN, Hub
from huggingface_hub import constants

from explorer.errors import CheckpointError, ConfigError, NotSupportedError
from explorer.files import sha256
from explorer.service import hub as ours
from explorer.service.hub import pull_model, push_model
from explorer.train.session import load_model

# The package hands bytes to its HTTP library in a way that this one is about to drop.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")

BUNDLED = Path(__file__).resolve().parents[2] / "checkpoints"
MODEL = "glico-fashion-10"
NAME = "somebody/garments"


def point_to(address, monkeypatch):
    """What the variable HF_ENDPOINT does, which the package reads when it is imported."""
    monkeypatch.setattr(constants, "ENDPOINT", address)
    template = address + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)


@pytest.fixture
def hub(tmp_path, monkeypatch):
    with Hub() as standing_in:
        point_to(standing_in.address, monkeypatch)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)  # large files by plain HTTP
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        yield standing_in


@pytest.fixture
def filled(hub):
    """The hub with one model on it."""
    push_model(BUNDLED, MODEL, NAME, public=True)
    return hub


def left_in(root):
    return sorted(path.name for path in root.iterdir()) if root.exists() else []


def test_a_model_goes_there_and_comes_back(hub, tmp_path):
    address = push_model(BUNDLED, MODEL, NAME)
    assert address.endswith(NAME) and NAME in hub.private  # unless it is to be public
    assert "experiment.json" in hub.repositories[NAME]
    assert pull_model(tmp_path / "root", NAME) == MODEL
    assert pull_model(tmp_path / "root", NAME, "mine") == "mine"
    folder = tmp_path / "root" / MODEL
    assert {path.name for path in folder.iterdir()} == {*hub.repositories[NAME], "run.lock"} - {
        ".gitattributes"
    }
    for name in ("weights.safetensors", "gallery.npz", "directions.npz"):
        assert sha256(folder / name) == sha256(BUNDLED / MODEL / name)
    load_model(folder)
    assert left_in(tmp_path / "root") == [MODEL, "mine"]
    push_model(BUNDLED, MODEL, NAME)  # a second time changes nothing
    with pytest.raises(ConfigError, match="already"):
        pull_model(tmp_path / "root", NAME)
    assert not list((tmp_path / "cache").glob("**/*.safetensors"))  # no second copy stays


def test_without_a_token_nothing_is_uploaded(hub, monkeypatch):
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setattr("huggingface_hub.utils._headers.get_token", lambda: None)
    with pytest.raises(CheckpointError, match=r"does not let you use.*Set HF_TOKEN"):
        push_model(BUNDLED, MODEL, NAME)
    assert hub.repositories == {}


def test_a_private_model_is_not_had_without_a_token(hub, tmp_path, monkeypatch):
    push_model(BUNDLED, MODEL, NAME)
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    with pytest.raises(CheckpointError, match=r"does not let you use.*HF_TOKEN"):
        pull_model(tmp_path / "root", NAME)
    assert left_in(tmp_path / "root") == []


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("somebody/else", "has no 'somebody/else'. Check the name"),
        ("no name at all", "is no name on the hub. Write it as OWNER/NAME"),
    ],
)
def test_what_is_not_there_is_named(filled, tmp_path, name, said):
    with pytest.raises(CheckpointError, match=said):
        pull_model(tmp_path / "root", name)
    assert left_in(tmp_path / "root") == []


def test_without_a_network_both_say_so(tmp_path, monkeypatch):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}"
    point_to(nobody, monkeypatch)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    with pytest.raises(CheckpointError, match=r"could not be reached.*Check the network"):
        pull_model(tmp_path / "root", NAME)
    with pytest.raises(CheckpointError, match=r"could not be reached.*Check the network"):
        push_model(BUNDLED, MODEL, NAME)
    assert left_in(tmp_path / "root") == []


def test_a_download_that_breaks_off_leaves_nothing(filled, tmp_path):
    filled.cut = "weights.safetensors"
    with pytest.raises(CheckpointError, match="broke off"):
        pull_model(tmp_path / "root", NAME)
    assert left_in(tmp_path / "root") == []
    filled.cut = ""
    assert pull_model(tmp_path / "root", NAME) == MODEL


def test_an_altered_or_foreign_file_is_refused(filled, tmp_path):
    files = filled.repositories[NAME]
    whole = files["weights.safetensors"]
    files["weights.safetensors"] = whole[:-1] + bytes([whole[-1] ^ 1])
    with pytest.raises(CheckpointError, match="SHA-256 differs"):
        pull_model(tmp_path / "root", NAME)
    filled.repositories[NAME] = {"README.md": b"# Something else\n"}
    with pytest.raises(CheckpointError, match="holds no model of this program"):
        pull_model(tmp_path / "root", NAME)
    assert left_in(tmp_path / "root") == []


def test_a_hub_in_trouble_is_told_with_its_number(filled, tmp_path, monkeypatch):
    filled.status = 418
    with pytest.raises(CheckpointError, match=r"error \(418\). Try again later"):
        pull_model(tmp_path / "root", NAME)
    assert left_in(tmp_path / "root") == []


def test_one_that_is_too_large_is_not_begun(filled, tmp_path, monkeypatch):
    monkeypatch.setattr(ours, "MOST_BYTES", 1000)
    with pytest.raises(CheckpointError, match="is larger than"):
        pull_model(tmp_path / "root", NAME)
    assert not any("resolve" in path for _, path in filled.asked)


def test_without_the_package_it_is_told_what_to_install(monkeypatch):
    def missing(name):
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(ours.importlib, "import_module", missing)
    with pytest.raises(NotSupportedError, match=r"pip install -r requirements-hub.txt"):
        push_model(BUNDLED, MODEL, NAME)
