/* limits.h
 * Time constants: each with why, and where it comes from.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_LIMITS_H
#define NLM_HEALTH_LIMITS_H

#include "core/base/core.h"

/* --- outages (core/judge) --- */

/* After its last trouble is over an outage waits so long for a call that it had held back: two of the longest steps of a connect (3 s, 5 s). */
#define NH_SETTLE_TIME (10 * NH_SECOND)
/* An outage that nobody touched for so long, and in which nobody waits, is another one's past: TCP gives up sooner (TCP_USER_TIMEOUT, 180 s). */
#define NH_STALE_TIME (300 * NH_SECOND)
/* Grace that is noticed so long after SM_NOTIFY is the same restart's (nlm_grace_period, 50 s by default). */
#define NH_GRACE_TIME (60 * NH_SECOND)
/* The longest grace period that can be configured (nlm_grace_period, fs/lockd/svc.c). */
#define NH_GRACE_MAX (240 * NH_SECOND)
/* Who gets an answer sooner has not waited. */
#define NH_AT_ONCE NH_SECOND
/* So many new connections in a row that the server gives up at once are no accident. */
#define NH_TURNED_AWAY_MIN 3
/*
 * A lock client that is told of no lockd asks again after 3 s (call_bind_status, net/sunrpc/clnt.c). Who asks once a
 * minute, and never tries anything else, is a tool that watches the server (rpcinfo).
 */
#define NH_ASKS_AGAIN_TIME (15 * NH_SECOND)
/* So long after its SM_NOTIFY the server may hold connections of a client's life before: until keep-alives tell it. */
#define NH_OLD_CONNECTION_TIME (300 * NH_SECOND)
/* A server that has not answered a call on its new connection by then does not work on it. */
#define NH_ANSWER_TIME (5 * NH_SECOND)
/* A call that is sent so short before an outage ends was held back until then: the handshake and the answer lie between. */
#define NH_RELEASE_SLACK NH_SECOND

/* --- copies of calls (core/clock, core/rpc) --- */

/* Copies closer than this were not sent by RPC's timer (nlm_timeout is 3 s at least): they waited in the socket together. */
#define NH_QUEUED_TIME (2500 * NH_MSEC)

/* --- packets that the capture has not (core/model, core/net, core/judge) --- */

/* Most packets carry no data, and leave no gap where they are missing: of one in ten that is lost every thirtieth packet or so shows. */
#define NH_PACKETS_PER_LOSS 30
/* A single stall of the capturing host says nothing of the rest of the capture. */
#define NH_LOSSES_MIN 3
/* Sequence numbers of one connection lie closer: messages to lockd are small. Initial ones are random (RFC 9293 section 3.4.1). */
#define NH_FAR_APART (1 << 20)
/* A connection to the port mapper is opened, used and closed at once: one that is met in the middle later was opened in this capture. */
#define NH_LOOKUP_CONNECTION_TIME NH_SECOND
/* A stuck FIN or SYN of before the capture is resent for no longer (TCP_USER_TIMEOUT, tcp_syn_retries). */
#define NH_BEFORE_TIME (185 * NH_SECOND)
/* Frames that are so much older than one before them were not captured in this order: taps and several interfaces differ by less. */
#define NH_RUNS_BACK_TIME NH_SECOND

/* --- causes of outages (core/judge) --- */

/* nh_outage_extend() lengthens the latest alone, so that hardly any frame lies in one that is followed by others. */
#define NH_NEIGHBOUR_OUTAGES 8

/* So many symptoms stand on their own; what is then said again of the same call or connection is only counted. */
#define NH_SYMPTOMS_MAX 64

/* The same answer so often in a row is a state, and no accident. */
#define NH_REFUSALS_MIN 3

/* The server answers who waits as soon as the lock is free; a round trip of the holder's may lie between in the capture. */
#define NH_FREED_TIME (250 * NH_MSEC)

/* So many frames before the answer are searched for the UNLOCK. */
#define NH_HOLDER_FRAMES_MAX 256

/* A server that has a call for so long without answering hangs, whatever ends that: lockd's first major timeout (60 s) has passed. */
#define NH_HUNG_TIME (60 * NH_SECOND)

/* --- locks (core/locks) --- */

/* So many locks that were given back are remembered, for answers that still name their owners. */
#define NH_RELEASED_MAX 256

/*
 * The server agreed that a lock was given back, and refuses it to everybody from soon after that on: so many refusals, over
 * so long, with another host's among them. A host that this capture does not show may have taken it at once: so it is possible, and no more.
 */
#define NH_KEPT_SOON     (10 * NH_SECOND)
#define NH_KEPT_TIME     (60 * NH_SECOND)
#define NH_KEPT_REFUSALS 4

/* Packets that a tap swaps are so near to each other. */
#define NH_SWAPPED_TIME (100 * NH_MSEC)

/* Faults of one kind that follow one another within this time have one cause. */
#define NH_SAME_FAULT_TIME (60 * NH_SECOND)

/* A client that takes a lock up which it refused a moment ago (its CANCEL crossed the callback) unlocks it at once. */
#define NH_TAKE_UP_TIME (10 * NH_SECOND)

/* Of more locks with one fault only so many are listed, the rest is counted. */
#define NH_FAULT_LOCKS_MAX 100
/* So many locks are listed with outages, all together: 30 MB. Of those behind them each lists no more than a fault does. */
#define NH_OUTAGE_LOCKS_MAX 200000

/* A Linux client with an open connection is heard of each minute (keep-alive, net/sunrpc/xprtsock.c): after two it is suspicious. */
#define NH_AWAY_TIME (120 * NH_SECOND)

/* So many sentences of a kind; the list has the rest. */
#define NH_LOCK_SENTENCES_MAX 10

/* Longer chains are cut, and of more waits only these are searched. */
#define NH_WAIT_CHAIN_MAX 16
#define NH_WAITS_MAX      1000

/* --- when a call was issued and when its timers expire (core/clock) --- */

/* What a clock and a capture may differ from the timers' arithmetic. */
#define NH_CLOCK_SLACK (100 * NH_MSEC)

/* How late a timer of the client may be (timer wheel, kernel/time/timer.c). */
#define NH_TIMER_LATENESS (2100 * NH_MSEC)

/* A call that TCP acknowledged and that nobody answered for so long is overdue, also where no copy of it says so. */
#define NH_OVERDUE_TIME (10 * NH_SECOND)

/* Work queue and printk() after the timer has fired. */
#define NH_FIRE_DELAY (140 * NH_MSEC)

/* clnt.c call_connect_status() and call_status(): pause of a task after a refused or unreachable connect. */
#define NH_RETRY_DELAY (3 * NH_SECOND)

/* xprtsock.c XS_BIND_TO: how long a task waits for its port look-up before it looks at its deadline. */
#define NH_BIND_TIMEOUT (60 * NH_SECOND)

/* The alarm of NH_BIND_TIMEOUT is 4.1 s late at HZ=1000; a cycle of "host unreachable" and NH_RETRY_DELAY overshoots as much. */
#define NH_CONNECT_LATE (5 * NH_SECOND)

/*
 * A task that meets the socket of before, which was reset meanwhile, is told ECONNABORTED: it pauses for NH_RETRY_DELAY, and on
 * kernels that do not cap a wait at the deadline (rpc_timer.c) for a step of its timer. With the lateness of three alarms the line
 * came 5.3 s and 6.9 s after 2T + 3T + 4T (4.14, HZ = 250).
 */
#define NH_DEAD_SOCKET_LATE (7 * NH_SECOND)

/* Copies that show which timers a client has may come so much earlier or later than these say: clocks, and a busy client. */
#define NH_GAP_EARLY (200 * NH_MSEC)
#define NH_GAP_LATE  (500 * NH_MSEC)
/* The look-up that follows a major timeout may come later still: one SYN to port 111 was lost (RFC 6298, 1 s). */
#define NH_REBIND_LATE (1100 * NH_MSEC)
/* The copy behind it comes after a look-up and a new connection. */
#define NH_RESENT_LATE (5 * NH_SECOND)

/* A socket of lockd's gives up after this (TCP_USER_TIMEOUT, xs_tcp_set_socket_timeouts, net/sunrpc/xprtsock.c). */
#define NH_USER_TIMEOUT (180 * NH_SECOND)

/* TCP_USER_TIMEOUT of lockd's sockets, and the lateness of its timer: no segment is resent for longer. */
#define NH_SOCKET_MAX (184300 * NH_MSEC)

/*
 * Where nothing tells how many ladders of timeouts a call had climbed before the capture, so many of the longest are thought
 * possible: the ladder is finite, and before long somebody begins to look.
 */
#define NH_LADDERS_MAX 3

/* A longer time between two copies tells nothing of a timer: none waits for more (NFS_MAX_TCP_TIMEOUT, 600 s). */
#define NH_GAP_MAX (600 * NH_SECOND)

/* net/ipv4/tcp_timer.c: the gaps between SYNs are 1, 2, 4 ... s; from 6.5 on 1 s four times more (tcp_syn_linear_timeouts). */
#define NH_SYN_LINEAR_TIME (4 * NH_SECOND)

/* TCP_USER_TIMEOUT of the closing socket, and RHEL7's 204.6 s without the clamp (tcp_clamp_rto_to_user_timeout). */
#define NH_FIN_BLOCK_MAX (210 * NH_SECOND)

/* A SYN so soon after the stuck FIN was resolved had been waiting for that. */
#define NH_FIN_RELEASE_TIME (2 * NH_SECOND)

/* The first resend of a FIN comes sooner, whatever the round trip: the initial RTO (RFC 6298 section 2.1). */
#define NH_FIRST_FIN_GAP NH_SECOND

/* Time that runs back by more is no matter of the order of packets: another piece of the capture begins (files in the wrong order). */
#define NH_PIECE_TIME (10 * NH_SECOND)

/* The gap between SYNs behind those of a second. */
#define NH_SYN_GAP_DOUBLED (2 * NH_SECOND)

/* From Linux 6.5 on five gaps of a second come before the one of 2 s (tcp_syn_linear_timeouts); before, one. */
#define NH_SYN_LINEAR_GAPS 5

/* A resend is not late by more than that for each second. */
#define NH_SYN_LATENESS (50 * NH_MSEC)

/* Between the steps of one attempt (look-up answered, then SYN) no more time passes than this. */
#define NH_STEP_TIME (5 * NH_SECOND)

/* A call leaves so soon after its connection was established that it had been waiting for it. */
#define NH_FIRST_CALL_TIME (500 * NH_MSEC)

/* All that wait for a connection are sent in one go when it opens (xprt_wake_pending_tasks, net/sunrpc/xprt.c). */
#define NH_RELEASE_TIME (100 * NH_MSEC)

/* NLM_HOST_REBIND, fs/lockd/host.c: for a call later than that after a look-up the port is looked up anew. */
#define NH_REBIND_TIME (60 * NH_SECOND + NH_CLOCK_SLACK)

/* Between two SYNs of a connection (tcp_syn_retries 6): where the capture begins late nothing else tells of the first ones. */
#define NH_SYN_GAP_MAX (70 * NH_SECOND)

/* A client that tries again after an error does so within that time: the longest of its steps, and a connect that is declined. */
#define NH_BEGINNING_TIME (10 * NH_SECOND)

/* Of so many, which wait together, nobody asks at which packet exactly each outlived its timeout: they are gone through less often, the more they are. */
#define NH_MANY_CALLS 64
#define NH_CALL_PAUSE (10 * NH_MSEC)

/*
 * A Linux client would have sent a call again by then, if TCP had acknowledged the first copy: T, or 2T on a new connection of old
 * kernels, with T up to 15 s.
 */
#define NH_RESEND_MAX (30 * NH_SECOND + NH_TIMER_LATENESS)

/* A request that is asked anew sooner is another thread's. */
#define NH_SENT_ANEW_TIME (500 * NH_MSEC)

/* So many of the latest calls that wait are looked at for the same request. */
#define NH_SENT_ANEW_DEPTH 16

/* Where an ICMP error is not about the latest datagram, so many of the calls that wait are looked at for the one that it quotes. */
#define NH_QUOTED_DEPTH 256

/* So often a request was asked before, without an answer: two threads of one process may ask the same at a time. */
#define NH_SENT_ANEW_PROOF 2

/* lockd waits for nlm_timeout so often before it logs its line (to_retries = 5, fs/lockd/host.c nlm_bind_host()). */
#define NH_LOCKD_WAITS 6

/* The shortest nlm_timeout that a Linux kernel takes (nlm_timeout_min, fs/lockd/svc.c). */
#define NH_NLM_TIMEOUT_MIN (3 * NH_SECOND)

/* Of gaps that double over UDP, as no Linux client makes them, the first one is no shorter. */
#define NH_HALVED_GAP_MIN (2 * NH_SECOND)

/* Times between the latest transmissions that the caller's timer made, the latest first. */
#define NH_GAPS_MAX 4

/* Look-ups closer together than this are retries of one in trouble (5 s, call_bind_status) or a storm: they date no major timeout. */
#define NH_LOOKUP_RETRY_TIME (8 * NH_SECOND)

/* Where RPC sends a look-up again, it does so after this time: lockd's timers (from 5.13 on). */
#define NH_LOOKUP_OVERDUE_TIME (10 * NH_SECOND)

/* One may have been a person's; two that came to nothing are a client's. */
#define NH_LOOKUPS_PROOF 2

/* Several are a client that tries again and again (lockd asks anew after each major timeout, 60 s). */
#define NH_LOOKUPS_TRIED 4

/* A SYN to port 111 that is lost comes again after this time: a look-up takes either a round trip or longer than this (RFC 6298). */
#define NH_LOOKUP_RESENT_TIME NH_SECOND

/* Later copies follow a major timeout and its look-up, which may take any time. */
#define NH_DATED_COPIES 3

/* The waits of two timers before the third copy, each as late as the wheel allows, and a busy host. */
#define NH_COPY_LATENESS (2 * NH_TIMER_LATENESS)

/* A connect or look-up that meets an error is tried again after 3 s or 5 s: the line comes at the end of a cycle. */
#define NH_ERROR_CYCLE_TIME (1500 * NH_MSEC)

/* The answer's first packet leaves so soon after the callback arrived (nlm4svc_callback starts the task at once). */
#define NH_GRANT_ANSWER_TIME NH_SECOND

/* A frame that follows a major timeout dates the line this well. */
#define NH_OBSERVED_SLACK (100 * NH_MSEC)

/* The longest before the first copy of a call: two steps of the longest nlm_timeout, 20 s. */
#define NH_RESENT_BEFORE_TIME (40 * NH_SECOND + NH_TIMER_LATENESS)

/* The longest that a client which still tries is silent before its first major timeout: between two SYNs (tcp_syn_retries). */
#define NH_SYN_GAP_BEFORE (35 * NH_SECOND)

/*
 * The first copy of a first SYN comes a second after it (RFC 6298); so much earlier or later by the kernel's timers: where the
 * capture begins with it, and where it alone proves that it is the first.
 */
#define NH_FIRST_SYN_SLACK        (100 * NH_MSEC)
#define NH_SURELY_FIRST_SYN_SLACK (50 * NH_MSEC)

/* --- connections (core/net) --- */

/*
 * A lock call whose look-up is told of no lock manager looks up again after 3 s; many kernels do so twice and fail the call
 * then, others for ever (call_bind_status, net/sunrpc/clnt.c: tk_rebind_retry).
 */
#define NH_BIND_RETRY_MAX (4500 * NH_MSEC)
#define NH_BIND_TRIES     3
/* So long after the third nothing more was due: one further look-up, or two, that the capture missed would have been followed by others. */
#define NH_BIND_PAUSE (7500 * NH_MSEC)
/* Boxes on the way forget a connection that is idle: from some three minutes on (RFC 5382 asks for two hours). */
#define NH_IDLE_TIME (180 * NH_SECOND)
/* Attempts further apart than this (xs_reconnect_delay waits up to 60 s, a connect up to 127 s) are none of one connect. */
#define NH_ATTEMPTS_APART (200 * NH_SECOND)

/* TCP resends no segment twice in less (RFC 6298, Linux' TCP_RTO_MIN is 0.2 s): what looks so was captured out of order. */
#define NH_SILENT_TIME (100 * NH_MSEC)

/* It waits less before it resends a segment for the first time (1 s before the path is known, RFC 6298): the capture missed others. */
#define NH_LONE_RESEND_TIME (5 * NH_SECOND)

/* Segments that follow each other this closely left together. */
#define NH_BURST_TIME (500 * NH_MSEC)

/* Frames that differ in nothing and follow this closely are one packet captured twice (interface "any", mirror ports). */
#define NH_DUPLICATE_TIME   (50 * NH_MSEC)
#define NH_MIRROR_COPY_TIME (2 * NH_MSEC)

/* A scanner knocks at a port once or twice, a client that cannot connect goes on. */
#define NH_KNOCKS_MAX 3

/* Fewer packets of the server prove nothing. */
#define NH_TTL_PACKETS_MIN 3

/* The SYN was sent at most this long before its host gave up on the neighbour (three probes a second apart, net/core/neighbour.c). */
#define NH_NEIGHBOUR_TIME (3500 * NH_MSEC)

/* --- calls and their answers (core/rpc) --- */

/* An XID that comes back so long after its answer belongs to another call. */
#define NH_XID_REUSE_TIME (120 * NH_SECOND)

/* So soon after a look-up its call follows, once it is answered. */
#define NH_LOOKUP_FOLLOWED_TIME (2 * NH_SECOND)

/* A restart so long ago (statd's own retries, the longest grace period) has nothing to do with a grace period now. */
#define NH_RESTART_TIME (300 * NH_SECOND)

/* So many calls of a pair may wait for their *_RES; of a peer that never sends any the oldest are forgotten. */
#define NH_UNSETTLED_MAX 256

/* A callback that is repeated sooner is a copy (retransmission by a peer without XIDs of its own). */
#define NH_CALLBACK_REPEAT_TIME NH_SECOND

/* An UNLOCK whose connection was lost would have been sent again within this time (the longest minor timeout of lockd's RPC). */
#define NH_UNLOCK_RESEND_TIME (60 * NH_SECOND)

/* A server calls back as soon as the lock is free (nlmsvc_grant_blocked, fs/lockd/svclock.c): after so long it does not. */
#define NH_CALLBACK_TIME (5 * NH_SECOND)

/* It still says that the lock is taken: whoever holds it may not be in the capture. Linux asks again each 30 s (NLMCLNT_POLL_TIMEOUT). */
#define NH_NOBODY_TIME (120 * NH_SECOND)

/* Another one of the same process may ask for the same; but who waits so long for an answer over TCP is left alone. */
#define NH_ASKED_ANEW_TIME (5 * NH_SECOND)

/* A copy and the answer to the one before may cross. */
#define NH_CROSSING_TIME NH_SECOND

/* The directions of a capture differ by no more than that; and so many answers may come meanwhile. */
#define NH_EARLY_REPLY_TIME  (100 * NH_MSEC)
#define NH_EARLY_REPLIES_MAX 8

/* Results of NLM and of the port mapper as far as they are read: a status and a holder, or a port. */
#define NH_EARLY_BODY_MAX 512

/* RPC waits for seconds before it sends a call again: what follows sooner is a frame captured twice. */
#define NH_DATAGRAM_COPY_TIME (50 * NH_MSEC)

/* A host gives up on a neighbour 3 s after the packet (net/core/neighbour.c), while another copy may have got through. */
#define NH_LATE_ERROR_TIME (5 * NH_SECOND)

/* So many flows are remembered; the oldest are forgotten. */
#define NH_DTLS_FLOWS_MAX 256

/* A call that is sent again comes after nlm_timeout (3 s at least) and at most the longest step (60 s); other datagrams are no repetition. */
#define NH_DTLS_REPEAT_MIN (2900 * NH_MSEC)
#define NH_DTLS_REPEAT_MAX (65 * NH_SECOND)

/* So many of the latest calls are searched for a name. */
#define NH_STATD_SEARCH_MAX 10000

/* A Linux client that heeds SM_NOTIFY gives its locks back at once (nlmclnt_recovery, fs/lockd/clntlock.c). */
#define NH_RECLAIM_TIME (15 * NH_SECOND)

/* sm-notify tries again after 2, 4, 8 ... s (nfs-utils, utils/statd/sm-notify.c), for 15 minutes: what comes later is another notice. */
#define NH_NOTICE_TIME (20 * 60 * NH_SECOND)

/* So many tries, or so long, without an answer: one lost packet is nothing. */
#define NH_NOTICE_TRIES     3
#define NH_NOTICE_LOST_TIME (10 * NH_SECOND)

/* A call that waits longer than this is worth a word. */
#define NH_NFS_SLOW_TIME (5 * NH_SECOND)

/* What is remembered at most: a client has no more calls on the way (RPC_MAX_SLOT_TABLE_LIMIT is 65536, 128 are usual). */
#define NH_NFS_WAITING_MAX 4096
#define NH_NFS_SLOW_MAX    1024
#define NH_NFS_STREAMS_MAX 65536

/* --- the kernel log (core/log) --- */

/* Clocks of log and capture may differ this much without a word. */
#define NH_LOG_SLACK (2 * NH_SECOND)

/* As many lines of a kind are told of by themselves; of more, how many there are, the first and the last. */
#define NH_LOG_LINES_NAMED 5

/* Rate limiting works by intervals of 5 s, and reports when the next message comes (___ratelimit, lib/ratelimit.c). */
#define NH_LOG_GAP_REACH (60 * NH_SECOND)

/* How far two clocks of one machine may be apart: dmesg -T counts from a time of boot that it guesses. */
#define NH_LOG_SOURCES_SLACK (2 * NH_SECOND)

/* How many of the latest events a line is held against. */
#define NH_LOG_EVENTS_LOOKED_AT 16

/* More names than that nobody reads. */
#define NH_LOG_HOSTS_NAMED 4

/* Closer than this a line of another host, which had its own wait, stands by chance only. */
#define NH_LOG_HOST_FIT (NH_SECOND / 2)

/* What is read at most: a log of years, a folder of rotated ones. */
#define NH_LOG_FILE_BYTES_MAX (64 * 1024 * 1024)
#define NH_LOG_FILES_MAX      1000

/* So many lines are kept. */
#define NH_LOG_LINES_MAX 100000

/* Times that can be reckoned with: the sums of two still have room in 64 bits. */
#define NH_LOG_NEAR_MAX (G_GINT64_CONSTANT(130) * 365 * 86400 * NH_SECOND)

/* Over fewer seconds of uptime nothing tells whether the wall clock beside it is the kernel's or a copier's. */
#define NH_LOG_COPY_UPTIME_MIN (2 * NH_SECOND)

/* Time zones are multiples of 15 minutes. */
#define NH_LOG_ZONE_STEP  (900 * NH_SECOND)
#define NH_LOG_ZONE_STEPS 56 /* UTC-14:00 to UTC+14:00 */

/* Clocks of dmesg -T and of another machine's capture stray; zones are 15 minutes apart, so this confuses none. */
#define NH_LOG_ZONE_SLACK (5 * NH_SECOND)

/* Between an event and its line in the log: seen up to 140 ms, more on a busy host. */
#define NH_LOG_LINE_SLACK (NH_SECOND / 2)

/* A boot time is fitted to the windows themselves: only the drift between lines has to be allowed for. */
#define NH_LOG_BOOT_SLACK    (NH_SECOND / 2)
#define NH_LOG_BOOTS_NAMED   4
#define NH_LOG_CHANGES_NAMED 2
#define NH_LOG_SKEW_MAX      (10 * G_GINT64_CONSTANT(366) * 86400 * NH_SECOND)
#define NH_LOG_SKEW_SMALL    (600 * NH_SECOND)   /* less than zones are apart; a clock that nobody sets strays by seconds a day */
#define NH_LOG_SKEW_DAY      (86400 * NH_SECOND) /* farther away it may as well be the log of another day's outage */
#define NH_LOG_DAY_LINES     3
#define NH_LOG_SUMMER_TIME   (3600 * NH_SECOND)
#define NH_LOG_BOOTS_MAX     16 /* more are no boots but shuffled lines */

/* How exactly the steps tell the time within the minute once they are put to a line that the capture dates. */
#define NH_LOG_STEP_RESOLUTION NH_MSEC

/* What a fit looks at; times beyond are left out. */
#define NH_LOG_PAIRS_MAX (1 << 18)
#define NH_LOG_TIME_MAX  (G_GINT64_CONSTANT(130) * 365 * 86400 * NH_SECOND)

/* No more are kept. */
#define NH_LOG_RANGES_MAX 64

/* --- what is said of a capture (core/story) --- */

/* An answer that took longer is worth a look, though nobody gave up: the shortest minor timeout of lockd (nlm_timeout, 10 s by default). */
#define NH_HEALTHY_ANSWER (10 * NH_SECOND)
/* From so many calls of a client on, its first ones are known to be no copies of older ones: a client that waits sends nothing else for that lock. */
#define NH_HEALTHY_CALLS 3

/* A picture with more lanes shows less: a storm has thousands of connections. What comes later shares one. */
#define NH_FLOWS_MAX 8

/* Marks closer than this part of the incident cannot be seen apart. */
#define NH_PICTURE_RESOLUTION 1500

/* Two neighbours of a kind say more as two lines. */
#define NH_GROUP_MIN 3

/* A kind this frequent is routine: reconnecting in a storm is a dozen events, over and over. */
#define NH_ROUTINE_MIN 8

/* Routine this long is listed kind by kind; what is shorter can be read as it happened. */
#define NH_ROUTINE_STRETCH_MIN 25

/* A FIN was acknowledged so long ago, and the peer still has not closed its side: its application forgot the socket. */
#define NH_HALF_CLOSED_TIME (60 * NH_SECOND)

/* Nobody follows more advice than this. */
#define NH_NEXT_STEPS_MAX 4

/* Shorter parts (a handshake, the look-up before a call) are told with what they belong to. */
#define NH_PART_MIN NH_SECOND

/* --- outputs (core/out) --- */

/* An answer after the beginning of the incident. */
#define NH_LATE_ANSWER (10 * NH_SECOND)

/* Lines of a kernel's debug output this close are one burst. */
#define NH_FOLD_BURST (2 * NH_SECOND)

/* A connection that opens only this much later has a story in between. */
#define NH_FOLD_APART NH_SECOND

/* A stretch is folded when it is this long, and longer than all that remains beside it. */
#define NH_PICTURE_FOLD_MIN (20 * NH_SECOND)

/* --- two capture points (core/points) --- */

/* The year 2065: what a clock says beyond that, or before 1970, is as wrong as these are, and three such times can be added. */
#define NH_CLOCK_MAX (3000000000 * NH_SECOND)
/* A packet waits on its way at most this much longer than most do. */
#define NH_WAY_MAX (400 * NH_MSEC)

/* Copies at one host (a bond and its member, "any") follow each other within this time, those of a mirror port within the second. */
#define NH_SAME_HOST_TIME   (50 * NH_MSEC / 1000)
#define NH_SAME_MIRROR_TIME (2 * NH_MSEC)

/* Two copies of what no retransmission is like are twins, however long it waited in a queue: a packet lives 120 s at most (RFC 9293). */
#define NH_POINTS_LIFETIME (120 * NH_SECOND)

/* So many copies of what is alike are looked at, and so many interfaces of the file. */
#define NH_POINTS_ALIKE_MAX      64
#define NH_POINTS_INTERFACES_MAX 8

/* TCP time stamps of all systems of today tick once a millisecond (RFC 7323 section 5.4 allows 1 ms to 1 s). */
#define NH_POINTS_TICK NH_MSEC

/* Of so many stretches of time the tightest packet each is enough. */
#define NH_CLOCK_STRETCHES 512

/* Clocks that are steered differ by less (adjtimex(2): a tick is off by a tenth at most). */
#define NH_CLOCK_RATE_MAX 0.1
#define NH_CLOCK_STEPS    100

/* Less than this over the whole capture is no rate: interrupts come late by as much. */
#define NH_CLOCK_GROWTH_MIN NH_MSEC

/* Queues of a network card may hand over a packet after the acknowledgment of it. */
#define NH_POINTS_LATE_MAX (100 * NH_MSEC)

/* So many packets in common make two connections one. */
#define NH_POINTS_COMMON_MIN 2

/* No client sends a call again so soon (FreeBSD's shortest timer is 1 s): equal datagrams without an identification are copies of one. */
#define NH_POINTS_COPY_TIME (500 * NH_MSEC)

/* Fewer twins than this are chance: they agree in 64 bits of numbers, in time stamp and identification. */
#define NH_TWINS_MIN 2

/* Less of it is no part worth a word. */
#define NH_POINTS_PART_MIN NH_WAY_MAX

#endif
