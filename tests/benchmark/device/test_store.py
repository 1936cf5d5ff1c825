import hashlib
import os
import zlib

import numpy as np
import pytest

from fv_benchmark.device import store as module
from fv_benchmark.device.errors import DeviceDiskFull, TransferDamaged
from fv_benchmark.device.store import Store, remove_tree

DATA = np.random.default_rng(0).bytes(10_000)
NAME = f"{hashlib.sha256(DATA).hexdigest()}.bin"


def frames(data):
    compressed = zlib.compress(data)
    return [compressed[start : start + 1000] for start in range(0, len(compressed), 1000)]


@pytest.fixture
def store(tmp_path):
    one = Store(tmp_path / "blobs")
    one.make_room(0, [], 1 << 20)
    return one


def test_what_arrives_whole_gets_its_name(store):
    store.receive(NAME, len(DATA), 0, frames(DATA))
    assert store.path(NAME).read_bytes() == DATA
    assert store.bytes_of(NAME) == (len(DATA), True)


def test_a_part_stays_and_is_continued(store):
    def broken():
        yield from frames(DATA)[:4]
        raise InterruptedError

    with pytest.raises(InterruptedError):
        store.receive(NAME, len(DATA), 0, broken())
    have, is_whole = store.bytes_of(NAME)
    assert 0 < have < len(DATA)
    assert not is_whole
    store.receive(NAME, len(DATA), have, frames(DATA[have:]))
    assert store.path(NAME).read_bytes() == DATA


@pytest.mark.parametrize("arrived", [DATA[:-1], DATA + b"x", DATA[:-1] + b"x"])
def test_what_differs_is_thrown_away(store, arrived):
    with pytest.raises(TransferDamaged):
        store.receive(NAME, len(DATA), 0, frames(arrived))
    assert store.bytes_of(NAME) == (0, False)


def fill(store, count, size=1000):
    """Blobs of `size` bytes, the first the one that was not used for longest."""
    names = [f"{index:064x}.bin" for index in range(count)]
    for index, name in enumerate(names):
        store.path(name).write_bytes(bytes(size))
        os.utime(store.path(name), (index, index))
    return names


def there(store, names):
    return [store.path(name).exists() for name in names]


def test_what_was_not_used_for_longest_goes_first(store):
    names = fill(store, 4)
    store.make_room(1500, [], 4000)
    assert there(store, names) == [False, False, True, True]


def test_what_is_used_now_stays(store):
    names = fill(store, 4)
    store.make_room(1500, names[:2], 4000)
    assert there(store, names) == [True, True, False, False]


def test_with_room_enough_nothing_goes(store):
    names = fill(store, 4)
    store.make_room(1000, [], 5000)
    assert there(store, names) == [True] * 4


def test_a_used_one_counts_as_new(store):
    names = fill(store, 3)
    store.bytes_of(names[0])
    store.make_room(1000, [], 3000)
    assert there(store, names) == [True, False, True]


def test_a_full_disk_is_an_error_with_numbers(store, monkeypatch):
    monkeypatch.setattr(module.shutil, "disk_usage", lambda path: module.shutil._ntuple_diskusage(10, 10, 70 << 20))
    store.make_room(1 << 20, [], 1 << 30)
    with pytest.raises(DeviceDiskFull) as error:
        store.make_room(10 << 20, [], 1 << 30)
    assert "10 MB are to be sent" in error.value.why


@pytest.mark.parametrize("name", ["../../.ssh/authorized_keys", "a.bin", f"{'0' * 64}.sh", f"{'0' * 64}", ""])
def test_only_digests_are_names(store, name):
    with pytest.raises(ValueError, match="no blob"):
        store.path(name)


def test_a_removed_folder_says_how_much_it_held(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b").write_bytes(bytes(10))
    assert remove_tree(tmp_path / "a") == 10
    assert remove_tree(tmp_path / "a") == 0
