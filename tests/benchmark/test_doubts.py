import pytest

from fv_benchmark import doubts

EXAMPLES = [
    doubts.TooFewSamples(99, 312, 1000),
    doubts.TooFewBlocks(2, 5),
    doubts.Unsteady(0.12, 0.05),
    doubts.WarmUpTooShort(2, 5),
    doubts.Drifted(-0.08, 0.05),
    doubts.Throttled(3),
    doubts.OtherLoad(1.6, 0.25),
    doubts.Stolen(0.034, 0.01),
    doubts.ClockFree("ondemand"),
    doubts.PresetNotReached("normal", 60, 1024),
    doubts.OnlySummaries(5, "median", 250),
    doubts.NoAccuracy("the binary only times", "--on ssh://USER@HOST"),
    doubts.Crowded(0.31, 0.05),
    doubts.NotCooled(2, 5, 300.0),
    doubts.CoolDownUnknown(),
    doubts.Emulated("qemu-user"),
    doubts.Disturbed("competed", 180.0, 200.0, 380.0, 0.5),
    doubts.Disturbed("throttled", 60.0, 0.0, 60.0, 0.12),
    doubts.Disturbed("competed", 60.0, 0.0, 60.0, None),
    doubts.Slowed(45.0, 0.05),
    doubts.Unsteady(0.12, 0.05, "nothing explains it"),
]


def test_every_kind_has_an_example_here():
    assert {type(doubt) for doubt in EXAMPLES} == set(doubts.KINDS.values())


@pytest.mark.parametrize("doubt", EXAMPLES, ids=lambda doubt: doubt.kind)
def test_a_doubt_says_its_numbers_and_what_to_try_and_is_read_back(doubt):
    entry = doubt.to_json()
    assert entry["sentence"] == doubt.sentence
    assert entry["next_step"]
    assert doubts.from_json(entry) == doubt


def test_sentences():
    assert [doubt.sentence for doubt in EXAMPLES] == [
        "no p99: 312 calls, it wants 1000",
        "no interval of the ratio: measured in 2 processes, it wants 5",
        "its processes differ by 12% (more than 5%)",
        "2 of 5 processes were not steady after the warm-up",
        "the machine became 8% faster while it was measured (more than 5%)",
        "the processor throttled 3 times (heat or low voltage)",
        "other programs used 1.6 processor cores meanwhile (more than 0.25)",
        "the hypervisor took 3.4% of the processor's time (more than 1%)",
        "the governor 'ondemand' changes the processor's clock while it works",
        "60 calls within the time limit, the preset normal wants 1024",
        "p50 is the median of 5 processes' medians (250 calls); no p90 and p99",
        "no accuracy: the binary only times",
        "another program held its core for 31% of the time (more than 5%)",
        "still warm before 2 of 5 rounds, after 300 s",
        "whether it had cooled between rounds is not known: it tells neither temperature nor throttling",
        "emulated by qemu-user: the answers count, the milliseconds are no figures of a device",
        "another program held its core for 180 s between 3:20 and 6:20: 50% fewer calls a second",
        "the processor was throttled for 60 s between 0:00 and 1:00: 12% fewer calls a second",
        "another program held its core for 60 s between 0:00 and 1:00: no second was undisturbed",
        "slower by more than 5% for 45 s, and nothing the machine tells says why",
        "its processes differ by 12% (more than 5%): nothing explains it",
    ]


@pytest.mark.parametrize(
    "entry",
    [
        {"kind": "nonsense"},
        {"blocks": 1},
        {"kind": "throttled", "events": "many"},
        {"kind": "throttled", "events": 1, "extra": 2},
        {"kind": "clock-free", "governor": 3},
    ],
)
def test_a_stranger_is_refused(entry):
    with pytest.raises((KeyError, TypeError, ValueError)):
        doubts.from_json(entry)
