"""What the page asks for about runs, and archives that it brings."""

import shutil
import signal
import zipfile
from pathlib import Path

import numpy as np
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient
from tiny_models import GLICO, GLOW
from tiny_sets import folder

from explorer.files import write_text
from explorer.latent.arrayfile import save_arrays
from explorer.service.datasets import UPLOADS
from explorer.service.workbench import Workbench
from explorer.ui.guard import Guard
from explorer.ui.training import uploads
from explorer.ui.training.run_routes import add_run_routes


@pytest.fixture
def root(tiny_root, tmp_path):
    return shutil.copytree(tiny_root, tmp_path / "checkpoints")


@pytest.fixture
def client(root):
    app = FastAPI()
    add_run_routes(app, Workbench(root))
    uploads.add_upload_routes(app, root)
    guarded = Guard(
        app, hosts=["testserver"], larger={"/training/upload": 50_000, "/training/import": 2**24}
    )
    return TestClient(guarded)


def test_the_list_has_every_run_and_the_open_one_its_pictures(client):
    told = client.get("training/state.json", params={"open": GLICO, "rows": f"{GLICO}:-1"}).json()
    assert {run["name"] for run in told["runs"]} == {GLOW, GLICO}
    assert all(run["state"] == "done" and run["ready"] for run in told["runs"])
    assert [row["step"] for row in told["rows"][GLICO]][-1] == told["runs"][0]["steps"]
    pictures = told["open"]["pictures"]
    assert pictures[0]["step"] == 0 and pictures[-1]["psnr"] > 0
    assert client.get(f"training/{GLICO}/samples-0.png").headers["content-type"] == "image/png"
    assert client.get(f"training/{GLICO}/restored-0.png").status_code == 200


def test_only_new_lines_are_sent(client):
    every = client.get("training/state.json", params={"rows": f"{GLOW}:-1"}).json()["rows"][GLOW]
    last = every[-1]["step"]
    told = client.get("training/state.json", params={"rows": f"{GLOW}:{last}"}).json()
    assert told["rows"] == {GLOW: []} and told["open"] is None


def test_numbers_that_json_does_not_know_are_null(client, root):
    write_text(root / GLOW / "metrics.jsonl", '{"step": 1, "total": NaN}\n')
    told = client.get("training/state.json", params={"rows": f"{GLOW}:-1"})
    assert told.json()["rows"][GLOW] == [{"step": 1, "total": None}]


def test_latents_are_those_of_the_files(client, root):
    told = client.get(f"training/{GLICO}/latents.json").json()
    assert len(told["labels"]) == len(told["steps"][0]["places"])
    assert told["steps"][0]["step"] == 0 and len(told["classes"]) > 1
    path = root / GLICO / "previews" / "latents-00000000.npz"
    places = np.zeros((len(told["labels"]), 2), dtype=np.float32)
    labels = np.array(told["labels"])
    save_arrays(path, {"coordinates": places, "labels": labels, "indices": labels})
    assert client.get(f"training/{GLICO}/latents.json").json()["steps"][0]["places"][0] == [0, 0]


def test_metrics_come_as_a_table_and_the_library_from_this_machine(client):
    table = client.get(f"training/{GLOW}/metrics.csv")
    assert table.text.startswith("step,") and "attachment" in table.headers["content-disposition"]
    assert b"plotly" in client.get("training/plotly.js").content[:2000].lower()


@pytest.mark.parametrize(
    "path",
    [
        "nothing/metrics.csv",
        "nothing/latents.json",
        "nothing/log.txt",
        f"{GLOW}/samples-999.png",
        f"{GLOW}/samples-x.png",
        f"{GLOW}/samples-{'9' * 5000}.png",
        f"{GLOW}/weights-0.png",
        "..%2f..%2fetc/samples-0.png",
        "%00/metrics.csv",
    ],
)
def test_what_is_not_there_is_not_there(client, path):
    assert client.get(f"training/{path}").status_code == 404


@pytest.mark.parametrize("rows", ["x", ":::", f"{GLOW}:x", "a:1," * 500, "../x:0", "\x00:1"])
def test_anything_can_be_asked(client, rows):
    answer = client.get("training/state.json", params={"rows": rows, "open": "../x"})
    assert answer.status_code == 200 and answer.json()["open"] is None


def test_a_run_that_cannot_be_read_is_listed_with_the_reason(client, root):
    (root / GLOW / "status.json").write_text("{")
    runs = client.get("training/state.json").json()["runs"]
    broken = next(run for run in runs if run["name"] == GLOW)
    assert broken["state"] == "damaged" and "status.json" in broken["message"]


def test_an_archive_is_unpacked_and_nothing_else_is_left(client, root, tmp_path):
    settings = folder(tmp_path / "set")
    small = shutil.make_archive(str(tmp_path / "a"), "zip", settings.root, "roses/0.png")
    answer = client.post("training/upload?name=My roses.zip", content=Path(small).read_bytes())
    assert answer.json()["folder"].startswith(str(root / UPLOADS / "my-roses-"))
    assert len(list((root / UPLOADS).iterdir())) == 1


def test_what_was_brought_is_listed_and_deleted(client, tmp_path):
    settings = folder(tmp_path / "set")
    small = shutil.make_archive(str(tmp_path / "a"), "zip", settings.root, "roses/0.png")
    client.post("training/upload?name=roses.zip", content=Path(small).read_bytes())
    (row,) = client.get("training/brought.json").json()
    assert row["name"].startswith("roses-") and row["images"] == 1 and row["runs"] == []
    refused = client.post("training/brought/delete", params={"name": "../x"}).json()
    assert "No archive '../x'" in refused["error"]
    assert client.post("training/brought/delete", params={"name": row["name"]}).json() == {}
    assert client.get("training/brought.json").json() == []


def test_what_is_no_archive_is_refused_in_words(client, root):
    answer = client.post("training/upload?name=x.zip", content=b"hello").json()
    assert "no ZIP archive" in answer["error"]
    assert list((root / UPLOADS).iterdir()) == []


@pytest.mark.parametrize("room", [100, 2000])
def test_an_archive_that_finds_no_room_is_told_and_leaves_nothing(room, client, root, tmp_path):
    """Real files that may not grow: first the archive does not fit, then what comes out of it."""
    resource = pytest.importorskip("resource")
    packed = tmp_path / "a.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_LZMA) as file:
        file.writestr("a/1.bmp", b"BM" + bytes(50_000))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, limits[1]))
    try:
        answer = client.post("training/upload?name=x.zip", content=packed.read_bytes())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert 100 < packed.stat().st_size < 2000
    assert answer.json() == {"error": "The file could not be kept: File too large."}
    assert list((root / UPLOADS).iterdir()) == []


def test_an_archive_over_the_limit_is_refused(client, root):
    answer = client.post("training/upload?name=x.zip", content=b"x" * 50_001)
    assert answer.status_code == 413
    assert not (root / UPLOADS).exists() or list((root / UPLOADS).iterdir()) == []


def test_a_model_leaves_as_one_file_and_comes_back(client, root):
    content = client.get(f"training/{GLICO}/model.zip")
    assert content.status_code == 200 and content.content[:2] == b"PK"
    taken = client.post("training/import", content=content.content).json()
    assert "already" in taken["error"]
    shutil.rmtree(root / GLICO)
    assert client.post("training/import", content=content.content).json() == {"run": GLICO}
    runs = client.get("training/state.json").json()["runs"]
    assert next(run for run in runs if run["name"] == GLICO)["ready"]


def test_what_is_no_model_is_refused_in_words(client, root):
    answer = client.post("training/import", content=b"PK hello").json()
    assert "not a whole model file" in answer["error"] and str(root) not in answer["error"]
    assert client.get("training/nothing/model.zip").status_code == 404
    assert not [path for path in root.iterdir() if path.name.startswith(".import")]
