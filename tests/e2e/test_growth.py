"""Four times the work takes at most five times the CPU.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import pytest

import growth

LIMIT = 5
NOISE = 0.15  # seconds: of small captures
TRIES = 3     # what other work on this machine makes longer is not that much longer each time


@pytest.mark.slow
@pytest.mark.parametrize("kind", growth.KINDS)
def test_growth(lab, kind):
    for _ in range(TRIES):
        few, many = growth.pair_of_seconds(lab, kind)
        if many <= LIMIT * few + NOISE:
            return
    pytest.fail(f"{kind}: {few:.2f} s, four times as much {many:.2f} s", pytrace=False)


def test_locks_of_many_incidents(lab):
    """A client that holds many and has many incidents does not have all of them listed with each."""
    path = lab.folder() / "holder.pcap"
    growth.incidents_of_a_holder(1000, 210).write(path)
    report = " ".join(lab.replay([path], "--report").split())
    assert "of the incidents only 100 of the locks are listed" in report
    growth.incidents_of_a_holder(1000, 10).write(path)
    assert "of the locks are listed" not in " ".join(lab.replay([path], "--report").split())
