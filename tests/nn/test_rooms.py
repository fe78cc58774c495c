"""Memory that passes borrow: never lent twice, never part of a result, kept within bounds."""

import copy
import itertools
from concurrent.futures import ThreadPoolExecutor

import torch
from small_level import new_level, new_x

from explorer.nn import rooms as module
from explorer.nn.column_net import NetWeights
from explorer.nn.columns import Grid
from explorer.nn.rooms import Rooms

WEIGHTS = NetWeights(*(torch.zeros(size) for size in
                       [(5, 18), (5, 1), (5, 5), (5, 1), (36, 5), (4, 1)]))  # fmt: skip


def borrow(rooms, images):
    return rooms.borrow(WEIGHTS, Grid(2, 3, images), torch.float32)


def test_a_room_is_lent_to_one_at_a_time_and_then_to_the_next():
    rooms = Rooms()
    first, second = borrow(rooms, 1), borrow(rooms, 1)
    assert first is not second and first.grid == Grid(2, 3, 1)
    rooms.give_back(first)
    assert borrow(rooms, 1) is first
    assert borrow(rooms, 2) is not first
    rooms.give_back(second)
    narrow = rooms.borrow(WEIGHTS, Grid(2, 3, 1), torch.bfloat16)
    assert narrow is not second and narrow.hidden[0].dtype == torch.bfloat16
    assert narrow.maps[0].dtype == torch.float32


def test_few_are_kept(monkeypatch):
    monkeypatch.setattr(module, "SIZES", 2)
    monkeypatch.setattr(module, "OF_A_SIZE", 1)
    rooms = Rooms()
    pair = [borrow(rooms, 1), borrow(rooms, 1)]
    for room in pair:
        rooms.give_back(room)
    found = [borrow(rooms, 1), borrow(rooms, 1)]
    assert found[0] is pair[0] and found[1] is not pair[1]
    sizes = [borrow(rooms, images) for images in (1, 2, 3)]
    for room in sizes:
        rooms.give_back(room)
    assert borrow(rooms, 3) is sizes[2] and borrow(rooms, 2) is sizes[1]
    assert borrow(rooms, 1) is not sizes[0]


def test_a_copy_of_a_model_has_memory_of_its_own():
    level, x = new_level(), new_x().detach()
    with torch.no_grad():
        expected = level.inverse(level(x)[0])[0]
        twin = copy.deepcopy(level)
        torch.testing.assert_close(twin.inverse(twin(x)[0])[0], expected)
    assert twin._rooms is not level._rooms


def test_a_later_pass_does_not_change_what_an_earlier_one_returned():
    level, x = new_level(), new_x().detach()
    with torch.no_grad():
        for function in (level, level.inverse):
            z = level(x)[0]
            given = x if function is level else z
            first, log_det = function(given)
            kept, kept_log_det = first.clone(), log_det.clone()
            function(given + 1)
            assert torch.equal(first, kept) and torch.equal(log_det, kept_log_det)


def test_many_threads_at_once_get_what_one_gets():
    level = new_level()
    generator = torch.Generator().manual_seed(3)
    batches = [torch.randn(3, 1, 6, 4, generator=generator, dtype=torch.float64) for _ in range(6)]

    def there_and_back(x):
        with torch.no_grad():
            z, _ = level(x)
            return z, level.inverse(z)[0]

    expected = [there_and_back(x) for x in batches]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(there_and_back, itertools.chain(*[batches] * 40)))
    for mine, right in zip(found, expected * 40, strict=True):
        assert torch.equal(mine[0], right[0]) and torch.equal(mine[1], right[1])
