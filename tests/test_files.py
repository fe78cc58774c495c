"""Files appear whole or not at all."""

import hashlib
import os

import pytest
from hypothesis import HealthCheck, given, settings, strategies

from explorer import files


@given(content=strategies.binary(max_size=300))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
def test_what_was_written_is_read_and_has_its_hash(tmp_path, content):
    path = tmp_path / "deep" / "er" / "file"
    files.write_bytes(path, content)
    assert path.read_bytes() == content
    assert files.sha256(path) == hashlib.sha256(content).hexdigest()
    assert [other.name for other in path.parent.iterdir()] == ["file"]


def test_text_is_utf_8(tmp_path):
    files.write_text(tmp_path / "a", "größer\n")
    assert (tmp_path / "a").read_bytes() == "größer\n".encode()


def test_json_is_readable_and_refuses_what_json_does_not_know(tmp_path):
    files.write_json(tmp_path / "a", {"b": [1, 2.5, None]})
    assert (tmp_path / "a").read_text().startswith('{\n  "b"')
    for value in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match="JSON compliant"):
            files.write_json(tmp_path / "a", value)
    assert (tmp_path / "a").read_text().startswith('{\n  "b"')


@pytest.mark.parametrize("call", ["fsync", "chmod", "replace"])
def test_a_write_that_breaks_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, call):
    path = tmp_path / "a"
    files.write_bytes(path, b"old")

    def fail(*args):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, call, fail)
        with pytest.raises(OSError, match="No space"):
            files.write_bytes(path, b"new and longer")
    assert path.read_bytes() == b"old"
    assert [other.name for other in tmp_path.iterdir()] == ["a"]


def test_others_may_read_what_was_written(tmp_path):
    files.write_bytes(tmp_path / "a", b"x")
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o644
