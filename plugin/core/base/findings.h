/* findings.h
 * The table of findings: one row makes the enumerator, the expert info, its
 * filter name, the trouble and cause enumerations, the advice in the report and
 * the table in the documentation.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_FINDINGS_H
#define NLM_HEALTH_FINDINGS_H

/* What a finding is about. */
typedef enum {
    NH_KIND_TRANSPORT, /* what is wrong with a connection: also a value of nlm_health.trouble */
    NH_KIND_CALL,      /* what happened to a call */
    NH_KIND_ANSWER,    /* what the peer said */
    NH_KIND_NOTE       /* says something, explains no outage */
} nh_kind;

/* Whom a cause points at; cause.c says how each is judged. */
typedef enum {
    NH_BLAME_NOBODY,    /* explains no outage */
    NH_BLAME_SILENT,    /* the side that did not answer */
    NH_BLAME_HANDSHAKE, /* the client that does not take the SYN-ACK */
    NH_BLAME_ICMP_SENDER,
    NH_BLAME_RESET_SENDER,
    NH_BLAME_CALLED_BACK,    /* the client that a callback does not reach */
    NH_BLAME_RECEIVER,       /* the side that closed its window */
    NH_BLAME_OLD_CONNECTION, /* the server that holds on to it, or the client that had restarted */
    NH_BLAME_SERVER_LIKELY,
    NH_BLAME_SERVER,
    NH_BLAME_COUNT
} nh_blame;

/*
 * X(enumerator, name, group, severity, kind, title, raised on, what to check next, whom it points at, clause)
 *
 * group and severity are the PI_ names of Wireshark without the prefix; the
 * clause follows "because" in the summary of an incident with this cause.
 */
/* clang-format off */
#define NH_FINDINGS(X) \
    X(NH_DEAD_CALL, "dead_call", SEQUENCE, ERROR, NH_KIND_CALL, \
      "Call issued on a dead connection", \
      "the NLM call (first transmission), its retransmissions while dead", \
      NULL, \
      NH_BLAME_NOBODY, NULL) \
    X(NH_NOT_RESPONDING, "not_responding", RESPONSE_CODE, ERROR, NH_KIND_NOTE, \
      "Server not responding", \
      "frame that shows or first outlives the major timeout; the call on a second pass", \
      NULL, \
      NH_BLAME_NOBODY, NULL) \
    X(NH_FIN_UNACKED, "fin_unacked", SEQUENCE, WARN, NH_KIND_TRANSPORT, \
      "Stuck FIN: the peer does not acknowledge it", \
      "each FIN resent without an ACK; the FIN itself on a second pass", \
      "On the server: is the host up, and does a firewall or a dead conntrack entry drop packets to this port (nft list ruleset, ss -tnp)? " \
      "On the client `ss -tno state fin-wait-1` shows the socket that blocks the port; `ss -K` destroys it.", \
      NH_BLAME_SILENT, "the server never acknowledged the FIN of the old connection, whose socket kept blocking the port") \
    X(NH_SYNACK_UNACKED, "synack_unacked", SEQUENCE, WARN, NH_KIND_TRANSPORT, \
      "SYN-ACK without ACK", \
      "each SYN-ACK or SYN resent after an unanswered SYN-ACK; the first SYN-ACK on a second pass", \
      "On the client: does a firewall, conntrack (INVALID) or reverse-path filter drop the SYN-ACK (nft list ruleset, nstat -az TcpExtIPReversePathFilter, conntrack -S)? " \
      "Capture on both hosts to see whether it arrives.", \
      NH_BLAME_HANDSHAKE, "the server's SYN-ACK was never acknowledged, so that no connection could be opened") \
    X(NH_SYN_UNANSWERED, "syn_unanswered", SEQUENCE, WARN, NH_KIND_TRANSPORT, \
      "SYN without any answer", \
      "each SYN resent", \
      "Is the server up, and does a firewall on the way or on the server drop SYNs to this port? Try `rpcinfo -t SERVER nlockmgr 4` and a capture on the server.", \
      NH_BLAME_SILENT, "nothing answered the client's SYN") \
    X(NH_SYN_REFUSED, "syn_refused", SEQUENCE, WARN, NH_KIND_TRANSPORT, \
      "Connection refused: nobody listens", \
      "RST that answers a SYN", \
      "Is lockd (or rpcbind) running on the server, and on this port? Compare `rpcinfo -p SERVER` with the port in the capture; a firewall may also reject with reset.", \
      NH_BLAME_SERVER, "the server refused the connection: nobody listened on the port") \
    X(NH_UNREACHABLE, "unreachable", SEQUENCE, WARN, NH_KIND_TRANSPORT, \
      "ICMP error for this connection", \
      "ICMP/ICMPv6 error that quotes the connection", \
      "Who sent the ICMP error? The client's own host: host unreachable means no ARP/ND answer, the server or its link is down; anything else its own firewall (nft list ruleset, output). A router: routing or an administrative filter. The server: its firewall rejects.", \
      NH_BLAME_ICMP_SENDER, "an ICMP error says that the server, or its port, cannot be reached") \
    X(NH_CHALLENGE_ACK, "challenge_ack", SEQUENCE, WARN, NH_KIND_TRANSPORT, \
      "Bare ACK answers a SYN: the peer still holds the old connection", \
      "bare ACK that answers a SYN", \
      "The server still holds an old connection of this port pair (client restarted, NAT swapped ports, TIME-WAIT): `ss -tno` on the server; RFC 5961 lets the client's RST clear it.", \
      NH_BLAME_OLD_CONNECTION, "the server still held the old connection and answered the SYN with a bare ACK") \
    X(NH_PEER_SILENT, "peer_silent", SEQUENCE, WARN, NH_KIND_TRANSPORT, \
      "Peer silent", \
      "2nd and later retransmission of data or keep-alive without any packet back (the first, if it comes seconds late); copies of a call that left the socket together", \
      "Did the server or the path go away? Look for drops on the server and on firewalls or NAT boxes between (idle timeout), and for a fail-over of the address. " \
      "A SYN-ACK that comes again: the server's accept queue is full (`ss -ltn`, nstat -az TcpExtListenOverflows) or the client's ACK is lost.", \
      NH_BLAME_SILENT, "the server fell silent: what was sent again and again met no answer") \
    X(NH_ZERO_WINDOW, "zero_window", SEQUENCE, WARN, NH_KIND_TRANSPORT, \
      "Receive window closed", \
      "window closed for more than a second with a call waiting", \
      "The receiver does not read its socket: look at its lockd thread (`cat /proc/$(pgrep -x lockd)/stack`) and at memory pressure.", \
      NH_BLAME_RECEIVER, "the server's receive window was closed") \
    X(NH_HALF_CLOSED, "half_closed", SEQUENCE, NOTE, NH_KIND_TRANSPORT, \
      "Half-closed connection", \
      "call sent after the peer's FIN, or FIN acknowledged but never answered", \
      "One side closed and the other did not follow: `ss -tn state close-wait` on the side that did not (a leaked socket in a user-space server).", \
      NH_BLAME_SERVER_LIKELY, "the connection was half-closed") \
    X(NH_RESET, "reset", SEQUENCE, WARN, NH_KIND_TRANSPORT, \
      "Connection reset", \
      "RST on an open connection", \
      "Who sent the RST? Compare TTL and TCP options with the server's other packets to tell the server from a middlebox; look for a lockd restart or `ss -K` there.", \
      NH_BLAME_RESET_SENDER, "the connection was reset") \
    X(NH_RESET_STORM, "reset_storm", SEQUENCE, WARN, NH_KIND_TRANSPORT, \
      "Reset storm", \
      "3rd reset within a second for a pair; once per storm, with a count at its end", \
      "The client reconnects at once after each reset: find what rejects the connection (firewall rule with tcp reset, lockd not running).", \
      NH_BLAME_RESET_SENDER, "connections were reset over and over") \
    X(NH_PORT_REUSED, "port_reused", SEQUENCE, NOTE, NH_KIND_NOTE, \
      "Port pair reused", \
      "SYN that reuses the 4-tuple of a connection that did not close cleanly", \
      NULL, \
      NH_BLAME_NOBODY, NULL) \
    X(NH_CALL_RESENT, "call_resent", SEQUENCE, NOTE, NH_KIND_CALL, \
      "Call resent", \
      "same XID again, on the same or on another connection", \
      NULL, \
      NH_BLAME_NOBODY, NULL) \
    X(NH_REPLY_OVERDUE, "reply_overdue", RESPONSE_CODE, WARN, NH_KIND_ANSWER, \
      "Server has the call and does not answer", \
      "resent call whose first copy was acknowledged by TCP; look-up that was acknowledged 10 s ago", \
      "On the server: what is lockd waiting for (`cat /proc/$(pgrep -x lockd)/stack`, hung file system, delegation recall, statd)? For nfs-ganesha: its worker threads.", \
      NH_BLAME_SERVER, "the server had acknowledged the call by TCP and did not answer it") \
    X(NH_REBIND, "rebind", SEQUENCE, NOTE, NH_KIND_NOTE, \
      "Port looked up again after a major timeout", \
      "portmap look-up of NLM that follows a major timeout", \
      NULL, \
      NH_BLAME_NOBODY, NULL) \
    X(NH_RECOVERED, "recovered", SEQUENCE, CHAT, NH_KIND_NOTE, \
      "First answer after the outage", \
      "reply that ends an outage", \
      NULL, \
      NH_BLAME_NOBODY, NULL) \
    X(NH_NOT_REGISTERED, "not_registered", RESPONSE_CODE, WARN, NH_KIND_ANSWER, \
      "NLM is not registered with the server's portmapper", \
      "GETPORT/GETADDR for NLM answered with port 0 / empty", \
      "Start the lock manager on the server (Linux: it starts with nfsd) and check `rpcinfo -p`; was rpcbind restarted after lockd without -w?", \
      NH_BLAME_SERVER, "the server's port mapper knew no NLM") \
    X(NH_RPC_REJECTED, "rpc_rejected", RESPONSE_CODE, WARN, NH_KIND_ANSWER, \
      "Call refused by RPC", \
      "reply to an NLM call, or to the look-up of its port, refused by RPC (PROG_UNAVAIL, AUTH_ERROR ...)", \
      "Does another service listen on this port (PROG_UNAVAIL), or does the server refuse the credentials or the source port (AUTH_ERROR, option insecure)? A port mapper refuses clients by hosts.deny.", \
      NH_BLAME_SERVER, "RPC on the server refused the call") \
    X(NH_DENIED, "denied", RESPONSE_CODE, NOTE, NH_KIND_NOTE, \
      "Lock denied", \
      "NLM_DENIED and the other refusals", \
      NULL, \
      NH_BLAME_NOBODY, NULL) \
    X(NH_DENIED_NOLOCKS, "denied_nolocks", RESPONSE_CODE, WARN, NH_KIND_ANSWER, \
      "NLM_DENIED_NOLOCKS: the server cannot monitor the client or is out of resources", \
      "NLM_DENIED_NOLOCKS", \
      "On the server: is rpc.statd running and does it answer (`rpcinfo -u localhost status`), can it resolve the client's caller_name?", \
      NH_BLAME_SERVER_LIKELY, "the server answered NLM_DENIED_NOLOCKS") \
    X(NH_GRACE, "grace", RESPONSE_CODE, NOTE, NH_KIND_ANSWER, \
      "Server in its grace period", \
      "NLM_DENIED_GRACE_PERIOD", \
      "Why did the server's lock manager restart? Wait until the grace period is over (nlm_grace_period, 50 s by default on Linux).", \
      NH_BLAME_SERVER, "the server was in its grace period") \
    X(NH_GRANT_LOST, "grant_lost", RESPONSE_CODE, WARN, NH_KIND_ANSWER, \
      "Callback cannot reach the client", \
      "callback that cannot reach the client (its connection or look-up in trouble, or unanswered)", \
      "Open the client's firewall for portmap (111) and for its lockd port (fix it with lockd nlm_tcpport/nlm_udpport); `rpcinfo -t CLIENT nlockmgr 4` from the server must work.", \
      NH_BLAME_CALLED_BACK, "the server's callback for a blocked lock could not reach the client") \
    X(NH_LOCK_LEAKED, "lock_leaked", RESPONSE_CODE, WARN, NH_KIND_NOTE, \
      "The server may hold a lock that nobody owns", \
      "LOCK whose copies got different answers, callback for a lock that was accepted before, UNLOCK never answered", \
      "Compare the server's locks (`/proc/locks`, ganesha's DBus ShowClients) with what the client believes; unlock by restarting the client's lock owner or `clear_locks`.", \
      NH_BLAME_NOBODY, NULL) \
    X(NH_SERVER_RESTARTED, "server_restarted", RESPONSE_CODE, NOTE, NH_KIND_ANSWER, \
      "The server's lock manager restarted", \
      "SM_NOTIFY, or grace after a connection loss", \
      "Find out why the server (or its lock manager) restarted; check that every client reclaimed its locks in the grace period.", \
      NH_BLAME_SERVER, "the server's lock manager restarted") \
    X(NH_ONE_SIDED, "one_sided", SEQUENCE, NOTE, NH_KIND_NOTE, \
      "Only one direction was captured", \
      "once per connection in trouble of which only one direction was captured", \
      "Capture again where both directions pass (both links of a bond, the host itself).", \
      NH_BLAME_NOBODY, NULL)
/* clang-format on */

typedef enum {
    NH_FINDING_NONE,
#define X(id, name, group, severity, kind, title, raised, next, blame, clause) id,
    NH_FINDINGS(X)
#undef X
        NH_FINDING_COUNT
} nh_finding;

/* The row of a finding; static storage; NULL for a value outside the table. */
typedef struct {
    const char *name;  /* filter name without "nlm_health." */
    const char *group; /* as in the table */
    const char *severity;
    nh_kind kind;
    const char *title;
    const char *raised; /* on which frames */
    const char *next;   /* what to check next, or NULL */
    nh_blame blame;
    const char *clause; /* why there was no lock service, or NULL */
} nh_finding_row;

const nh_finding_row *nh_finding_get(nh_finding finding);
/* Its name, or NULL. */
const char *nh_finding_name(nh_finding finding);

#endif
