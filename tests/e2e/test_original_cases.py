"""The three outages that the plugin was written for: what their packets and kernel logs must be seen to say.

SPDX-License-Identifier: GPL-2.0-or-later
"""

import pytest

from harness import epoch


def only_incident(lab, day, name, with_log=False):
    capture = lab.scenario(f"{day}-{name}.scn")
    incidents = lab.story(capture, *(lab.with_log(f"{day}.kernel.log") if with_log else []))["incidents"]
    assert len(incidents) == 1, [(incident["cause"], incident["first_frame"]) for incident in incidents]
    return incidents[0]


def line(incident, ending):
    found = [line for line in incident["kernel_lines"] if line["text"].endswith(ending)]
    assert found, [line["text"] for line in incident["kernel_lines"]]
    return found[0]


def lock_call(incident):
    calls = [call for call in incident["calls"] if call["procedure"] == "LOCK"]
    assert len(calls) == 1
    return calls[0]


def issued_within(call, earliest, latest):
    """Is the window of the issue inside these bounds?"""
    return epoch(earliest) <= epoch(call["issued_earliest"]) <= epoch(call["issued_latest"]) <= epoch(latest)


class TestStuckFin:
    """2025-06-22: the FIN of an idle connection is never acknowledged and blocks the port for three minutes."""

    @pytest.fixture(params=[False, True], ids=["without log", "with log"])
    def incident(self, lab, request):
        return only_incident(lab, "2025-06-22", "stuck-fin", request.param)

    @pytest.fixture
    def logged(self, lab):
        return only_incident(lab, "2025-06-22", "stuck-fin", True)

    def test_cause(self, incident):
        assert incident["cause"] == "fin_unacked"
        assert incident["side"] in ("server", "path")
        assert (incident["client"], incident["server"]) == ("11.8.68.71", "11.73.24.85")

    def test_call_was_held_back(self, incident):
        call = lock_call(incident)
        assert call["dead"] and call["deferred"]
        assert call["dead_reason"] == "fin_unacked"
        assert issued_within(call, "2025-06-22T22:53:13.639", "2025-06-22T22:56:17.960")
        assert call["frames"] == [43]
        assert call["reply_frame"] == 45

    def test_log_tells_when_it_was_issued(self, logged):
        call = lock_call(logged)
        assert issued_within(call, "2025-06-22T22:54:30", "2025-06-22T22:54:40")
        assert epoch(call["issued_earliest"]) <= epoch("2025-06-22T22:54:39")
        assert epoch(call["issued_latest"]) >= epoch("2025-06-22T22:54:38")

    def test_logged_lines(self, logged):
        assert line(logged, "not responding, still trying")["logged"].startswith("2025-06-22T22:55:38")
        assert line(logged, "OK")["logged"].startswith("2025-06-22T22:56:18")

    def test_port_stays_blocked(self, lab):
        """The message on the FIN names the time at which the client's TCP gives up, 180 to 184.3 s later."""
        capture = lab.scenario("2025-06-22-stuck-fin.scn")
        message = lab.tshark("-2", "-r", capture, "-Y", "frame.number == 29 && nlm_health.fin_unacked", "-T", "fields",
                             "-e", "nlm_health.detail").stdout
        assert "22:56:13" in message and "22:56:17" in message, message


class TestSynAck:
    """2025-06-19: SYN-ACKs of the port mapper are never acknowledged."""

    @pytest.fixture(params=[False, True], ids=["without log", "with log"])
    def incident(self, lab, request):
        return only_incident(lab, "2025-06-19", "synack-to-portmap", request.param)

    def test_cause(self, incident):
        assert incident["cause"] == "synack_unacked"
        assert incident["side"] in ("client", "path")
        assert incident["service"] == "portmap"
        assert incident["end"] is None

    def test_no_call_was_seen(self, incident):
        assert not any(call["frames"] for call in incident["calls"])

    def test_line_is_expected_a_minute_after_the_first_syn(self, incident):
        window = line(incident, "server 215.2.21.62 not responding, still trying")
        assert epoch("2025-06-19T02:22:34.1") <= epoch(window["earliest"]) <= epoch("2025-06-19T02:22:38.99")
        assert epoch("2025-06-19T02:22:38") <= epoch(window["latest"]) <= epoch("2025-06-19T02:22:39.2")

    def test_logged_line(self, lab):
        logged = only_incident(lab, "2025-06-19", "synack-to-portmap", True)
        assert line(logged, "still trying")["logged"].startswith("2025-06-19T02:22:38")


class TestServerDown:
    """2025-06-27: server's interface down, its host unreachable; later lockd refuses, a minute late."""

    @pytest.fixture(params=[False, True], ids=["without log", "with log"])
    def incident(self, lab, request):
        return only_incident(lab, "2025-06-27", "server-down", request.param)

    def test_cause(self, incident):
        assert incident["cause"] in ("syn_unanswered", "unreachable")
        assert (incident["client"], incident["server"]) == ("192.168.53.214", "192.168.53.40")

    def test_call_was_held_back_and_resent(self, incident):
        call = lock_call(incident)
        assert call["dead"] and call["deferred"]
        assert call["dead_reason"] in ("syn_unanswered", "unreachable")
        assert issued_within(call, "2025-06-27T19:41:43.9", "2025-06-27T19:41:44.1")
        assert call["frames"] == [18, 20]
        assert (call["reply_frame"], call["status"]) == (22, "NLM_DENIED_NOLOCKS")

    def test_line(self, incident):
        window = line(incident, "not responding, still trying")
        assert epoch(window["earliest"]) < epoch("2025-06-27T19:42:46")
        assert epoch(window["latest"]) >= epoch("2025-06-27T19:42:45")

    def test_logged_lines(self, lab):
        logged = only_incident(lab, "2025-06-27", "server-down", True)
        assert line(logged, "not responding, still trying")["logged"].startswith("2025-06-27T19:42:45")
        assert line(logged, "OK")["logged"].startswith("2025-06-27T19:43:59")
