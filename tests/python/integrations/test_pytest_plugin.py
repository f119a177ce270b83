"""The pytest plugin, in a pytest of its own: what passes, what fails, and what it says."""

from __future__ import annotations

import pytest

pytest_plugins = ("pytester",)

LINEAR = "torch.nn.Linear(16, 8), (4, 16)"  # 4 * (16 * 8 + 8) = 544 multiply-adds, 16 * 8 + 8 = 136 parameters
ROWS = [
    ("max_macs(544)", f"count_model({LINEAR})", None),
    ("max_macs(543)", f"count_model({LINEAR})", "544 MACs, 1 more than max_macs allows"),
    ('max_macs("0.5K")', f"count_model({LINEAR})", "544 MACs, 44 more than max_macs allows"),
    ("max_params(136)", f"count_model({LINEAR})", None),
    ("max_params(135)", f"count_model({LINEAR})", "136 params, 1 more than max_params allows"),
    ("max_bytes(4 * 136)", f"count_model({LINEAR})", None),
    ("max_bytes(4 * 136 - 1)", f"count_model({LINEAR})", "544 bytes, 1 more than max_bytes allows"),
    ("max_trainable(0)", f"count_model({LINEAR})", "136 trainable, 136 more than max_trainable allows"),
    ("max_traffic(4 * (64 + 136 + 32))", f"count_model({LINEAR})", None),  # reads input and weights, writes the result
    ("max_traffic(4 * (64 + 136 + 32) - 1)", f"count_model({LINEAR})", "928 traffic, 1 more than max_traffic allows"),
    ("max_macs(512)", f"count_model({LINEAR}, convention='exact')", None),  # no biases: 4 * 16 * 8
    ("max_macs(1023)", f"count_model({LINEAR}, convention='torch')", "1024 FLOPs, 1 more than max_macs allows"),
    ("max_macs(543)", f"count_model(torch.nn.ReLU(), (4,)); count_model({LINEAR})", "1 more than"),  # each is held
    ("max_macs(1)", "pass", "max_macs limits what the fixture count_model counts, and this test counted nothing"),
    ("max_macs(1)", "assert 1 == 2", "assert 1 == 2"),  # and not that it counted nothing
    ('max_macs("much")', "pass", "max_macs takes one limit, such as max_macs(\"2G\")*not 'much'"),
    ("max_macs(-1)", "pass", "max_macs takes one limit*not -1"),
    ("max_macs()", "pass", "max_macs takes one limit*"),
    ("max_macs(1, 2)", "pass", "max_macs takes one limit*"),
]


def run(pytester: pytest.Pytester, *tests: str) -> pytest.RunResult:
    pytester.makepyfile("import pytest, torch\n\n" + "\n\n".join(tests))
    return pytester.runpytest_inprocess("--strict-markers", "-p", "no:cacheprovider", "-p", "no:xdist")


def test_limits_hold_to_the_last_unit(pytester: pytest.Pytester) -> None:
    tests = [
        f"@pytest.mark.{marker}\ndef test_{i:02}(count_model):\n    {body}" for i, (marker, body, _) in enumerate(ROWS)
    ]
    result = run(pytester, *tests)
    outcomes = {}
    for report in result.reprec.getreports("pytest_runtest_logreport"):  # type: ignore[attr-defined]
        outcomes.setdefault(report.nodeid[-2:], []).append((report.outcome, report.longreprtext))
    for i, (marker, body, said) in enumerate(ROWS):
        failed = [text for outcome, text in outcomes[f"{i:02}"] if outcome == "failed"]
        assert len(failed) == (said is not None), (marker, body, failed)
        if said is not None:
            pytest.LineMatcher(failed[0].splitlines()).fnmatch_lines([f"*{said}*"])


def test_what_the_fixture_gives(pytester: pytest.Pytester) -> None:
    """A table of layers; of a file, too; and a total that is only a lower bound is said."""
    unknown = "torch.nn.Sequential(torch.nn.Linear(4, 4), Odd())"
    odd = (
        "class Odd(torch.nn.Module):\n    def forward(self, x):\n        return torch.linalg.matrix_exp(x)\n\n"
        "@pytest.mark.max_macs(1000)\n"
        f"def test_unknown(count_model):\n    assert not count_model({unknown}, (4, 4)).exact"
    )
    trace = (
        "def test_file(count_model, tmp_path):\n"
        "    import thoplw\n"
        f"    info = count_model({LINEAR})\n"
        "    info.save(tmp_path / 'linear.json')\n"
        "    assert count_model(tmp_path / 'linear.json').macs == info.macs == 544"
    )
    result = run(pytester, odd, trace)
    result.assert_outcomes(passed=2, warnings=1)
    result.stdout.fnmatch_lines(["*may be over its limits, as its counts are lower bounds: no rule for *matrix_exp*"])


def test_counts_are_in_the_junit_report(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(f"import torch\ndef test_it(count_model):\n    count_model({LINEAR})")
    pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:xdist", "--junitxml=report.xml")
    report = (pytester.path / "report.xml").read_text()
    assert '<property name="macs" value="544"' in report
    assert '<property name="params" value="136"' in report


def test_it_can_be_switched_off(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(count_model): pass")
    result = pytester.runpytest_subprocess("-p", "no:thoplw", "-p", "no:cacheprovider")
    result.stdout.fnmatch_lines(["*fixture 'count_model' not found*"])
