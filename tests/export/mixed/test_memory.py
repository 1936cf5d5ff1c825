from __future__ import annotations

from pathlib import Path

from fv_export.mixed.memory import Memory, key_of


def test_what_was_put_is_there_for_the_next_process(tmp_path: Path) -> None:
    key = key_of("a", b"file")
    first = Memory(tmp_path)
    assert first.get(key) is None
    first.put(key, {"lost": 3})
    second = Memory(tmp_path)
    assert second.get(key) == {"lost": 3}
    assert (first.computed, first.remembered, second.computed, second.remembered) == (1, 0, 0, 1)


def test_a_damaged_result_is_none(tmp_path: Path) -> None:
    memory, key = Memory(tmp_path), key_of("a")
    memory.put(key, [1.0])
    (path,) = tmp_path.rglob("*.json")
    path.write_text("[1.", encoding="utf-8")
    assert memory.get(key) is None
    assert memory.remembered == 0


def test_parts_are_told_apart_by_their_borders() -> None:
    assert key_of("ab", "c") != key_of("a", "bc")
    assert key_of("a") == key_of(b"a")
