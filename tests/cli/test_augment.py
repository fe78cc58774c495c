import json

import pytest
from tiny_models import GLICO


@pytest.fixture(scope="module")
def root(tiny_root):
    return tiny_root


def test_a_set_is_made_written_and_opened_again(typed, root, tmp_path):
    out = tmp_path / "set"
    words = ["augment", "--root", root, "--model", GLICO, "--per-class", 4, "--json"]
    made = typed(*words, "--limit", "agreement=0", "--class", "hat", "--class", "bald")
    assert (made.json["images"], made.json["plan"]["classes"]) == (8, ["hat", "bald"])
    wrote = typed(*words[:-1], "--out", out)
    assert wrote.code == 0 and f"Wrote '{out}'" in wrote.out
    assert "20 new images" in wrote.out and "KID" in wrote.out
    lines = (out / "manifest.jsonl").read_text().splitlines()
    assert len(lines) == 1 + 20
    again = typed("augment", "--read", out, "--json")
    assert again.json["kept"] == json.loads(lines[0])["kept"]
    stricter = typed("augment", "--root", root, "--read", out, "--limit", "agreement=1", "--json")
    assert stricter.json["kept"] == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "Give --model NAME to make a set, or --read SET"),
        (["--model", GLICO, "--law", "papr"], "'law' is 'papr'"),
        (["--model", GLICO, "--limit", "agreement"], "--limit 'agreement'"),
        (["--model", GLICO, "--limit", "agreement=x"], "'agreement' is 'x'"),
        (["--model", GLICO, "--class", "hta"], "Did you mean 'hat'"),
        (["--model", GLICO, "--backbone", "resnet5", "--per-class", 1], "No network 'resnet5'"),
        (["--model", "tiny-glic"], "Did you mean 'tiny-glico'"),
        (["--read", "nowhere"], "No augmented set at 'nowhere'"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(typed, root, words, message):
    done = typed("augment", "--root", root, *words)
    assert done.code == 2 and message in done.err and "Traceback" not in done.err


def test_a_set_that_is_there_is_refused_before_anything_is_made(typed, root, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "note.txt").write_text("mine")
    done = typed("augment", "--root", root, "--model", GLICO, "--out", tmp_path / "mine")
    assert done.code == 2 and "is there already" in done.err
    again = typed(
        "augment", "--root", root, "--model", GLICO, "--out", tmp_path / "mine", "--overwrite"
    )
    assert again.code == 2 and "something else" in again.err
