"""Batches in parts: the same rows in the same order, without gradients, with the first error."""

import pytest
import torch

from explorer.service.parts import LEAST, MOST_WORKERS, in_parts


@pytest.mark.parametrize("count", [0, 1, LEAST, LEAST + 1, 5 * LEAST + 3])
@pytest.mark.parametrize("cores", [1, 2, 64])
def test_rows_come_back_in_order(monkeypatch, count, cores):
    monkeypatch.setattr("os.cpu_count", lambda: cores)
    rows = torch.arange(2.0 * count).reshape(count, 2)
    assert torch.equal(in_parts(lambda part: 2 * part, rows), 2 * rows)


@pytest.mark.parametrize("cores", [1, 2])
def test_no_thread_records_gradients(monkeypatch, cores):
    monkeypatch.setattr("os.cpu_count", lambda: cores * torch.get_num_threads())
    weight = torch.ones(1, requires_grad=True)
    assert not in_parts(lambda part: part * weight, torch.ones(3 * LEAST, 1)).requires_grad


def test_no_more_threads_than_are_free(monkeypatch):
    asked = []

    def refuse(workers):
        asked.append(workers)
        raise RuntimeError

    monkeypatch.setattr("os.cpu_count", lambda: 1000)
    monkeypatch.setattr("explorer.service.parts.ThreadPoolExecutor", refuse)
    with pytest.raises(RuntimeError):
        in_parts(lambda part: part, torch.ones(10 * LEAST, 1))
    assert asked == [MOST_WORKERS]


def test_an_error_in_a_part_is_raised():
    def fails(part):
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        in_parts(fails, torch.ones(3 * LEAST, 1))
