"""Four times the work takes at most five times the CPU.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import pytest

import growth

LIMIT = 5
NOISE = 0.15  # seconds: of small captures


@pytest.mark.slow
@pytest.mark.parametrize("kind", growth.KINDS)
def test_growth(lab, kind):
    few, many = growth.pair_of_seconds(lab, kind)
    assert many <= LIMIT * few + NOISE, f"{kind}: {few:.2f} s, four times as much {many:.2f} s"
