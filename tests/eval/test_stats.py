"""The arithmetic against published values and examples small enough to do by hand."""

from __future__ import annotations

import pytest

from cockpitd.eval.stats import Share, calibration_error, mcnemar, pass_hat, reliability, share, wilson


@pytest.mark.parametrize(
    ("right", "total", "low", "high"),
    [  # Newcombe (1998), Statistics in Medicine 17, table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_as_published(right: int, total: int, low: float, high: float) -> None:
    assert wilson(right, total) == pytest.approx((low, high), abs=5e-5)
    assert wilson(total - right, total) == pytest.approx((1 - high, 1 - low), abs=5e-5)


def test_nothing_counted_is_no_rate() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    assert share([]).rate is None
    assert share([True, False, True]) == Share(2, 3)


def test_calibration_by_hand() -> None:
    # 0.9–1.0: two answers, said 0.95 on average, half right: gap 0.45. 0.6–0.7: one, said 0.6, right: gap 0.4.
    samples = [(0.9, True), (1.0, False), (0.6, True)]
    assert calibration_error(samples) == pytest.approx((2 * 0.45 + 0.4) / 3)
    low, high = reliability(samples)
    assert (low.low, low.count, low.accuracy) == (0.6, 1, 1.0)
    assert (high.count, high.accuracy) == (2, 0.5)
    assert high.confidence == pytest.approx(0.95)


def test_calibration_of_the_sure_and_right_is_perfect() -> None:
    assert calibration_error([(1.0, True)] * 5) == 0.0
    assert calibration_error([]) is None


def test_pass_hat() -> None:
    # three runs; one case always right, one in two of three, one never
    assert pass_hat([3, 2, 0], 3, 1) == pytest.approx(5 / 9)
    assert pass_hat([3, 2, 0], 3, 2) == pytest.approx((1 + 1 / 3) / 3)
    assert pass_hat([3, 2, 0], 3, 3) == pytest.approx(1 / 3)
    assert pass_hat([], 3, 1) is None


def test_mcnemar_is_a_coin_toss() -> None:
    assert mcnemar(0, 0) == 1.0
    assert mcnemar(3, 3) == 1.0
    assert mcnemar(1, 5) == pytest.approx(2 * (1 + 6) / 64)
    assert mcnemar(5, 1) == mcnemar(1, 5)
