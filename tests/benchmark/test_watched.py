from fv_benchmark.watched import watched


class Seen:
    def __init__(self):
        self.told = []

    def advance(self, task, done, total, note=""):
        self.told.append((task, done, total))

    def say(self, message):
        raise AssertionError(message)


def test_what_stands_in_the_file_is_shown_at_the_end(tmp_path):
    seen = Seen()
    with watched(tmp_path / "done.txt", seen, "running"):
        (tmp_path / "done.txt").write_text("3 10")
    assert seen.told[-1] == ("running", 3, 10)


def test_a_file_that_is_not_there_or_is_nonsense_is_not_shown(tmp_path):
    seen = Seen()
    with watched(tmp_path / "nothing.txt", seen, "running"):
        pass
    (tmp_path / "done.txt").write_bytes(b"\xff 10")
    with watched(tmp_path / "done.txt", seen, "running"):
        pass
    (tmp_path / "done.txt").write_text("half")
    with watched(tmp_path / "done.txt", seen, "running"):
        pass
    assert seen.told == []
