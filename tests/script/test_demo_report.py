"""The table of a check."""

from script.demo_home.report import Report


def test_the_table_is_aligned_and_tells_what_failed() -> None:
    """What took no time of its own shows none."""
    report = Report()
    report.passed("a lamp", "on in the cloud", 0.0321)
    report.failed("a wall panel", "not within 10 s", 10)
    report.passed("log", "", 0)
    assert str(report).splitlines() == [
        "ok      a lamp            32 ms  on in the cloud",
        "FAILED  a wall panel  10,000 ms  not within 10 s",
        "ok      log",
    ]
    assert not report.good


def test_a_report_is_good_when_every_step_passed() -> None:
    """The exit code hangs on this."""
    report = Report()
    report.passed("a lamp", "", 0.01)
    assert report.good
