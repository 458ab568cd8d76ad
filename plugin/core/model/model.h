/* model.h
 * What the core remembers: pairs, connections, calls, outages, frames.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_MODEL_H
#define NLM_HEALTH_MODEL_H

#include "core/base/arena.h"
#include "core/base/remark.h"
#include "core/model/log.h"
#include "core/wire/observe.h"
#include "core/wire/records.h"
#include "core/model/timers.h"
#include "core/base/list.h"
#include "core/base/table.h"

typedef struct nh_pair nh_pair;
typedef struct nh_conn nh_conn;
typedef struct nh_call nh_call;
typedef struct nh_outage nh_outage;
typedef struct nh_points nh_points;

/* A frame and its time: the two always travel together. */
typedef struct {
    uint32_t frame; /* 0 = none */
    nh_time time;
} nh_moment;

/* Which way a flow was opened: by the lock client, or back to it by the lock server. */
typedef enum { NH_FORWARD, NH_CALLBACK } nh_way;

/* --- a connection ------------------------------------------------------- */

/* How many segments of a direction a copy may come behind its original (mirror ports). */
#define NH_RECENT 8

/* One direction of a connection. */
typedef struct {
    unsigned packets;
    bool has_next, has_acked, fin, fin_acked, has_hole, has_clock;
    uint32_t next;                 /* highest sequence number sent, plus one */
    uint32_t acked;                /* highest acknowledgement that came back for it */
    uint32_t hole_start, hole_end; /* bytes skipped: their late arrival is no retransmission */
    uint32_t fin_end;
    nh_moment fin_at, fin_acked_at;
    nh_time fin_since; /* the earliest that it can have been sent: before fin_at where the capture begins among its resends */
    unsigned fin_resends;
    unsigned silent;    /* retransmissions and keep-alives since the peer's last packet */
    nh_moment awaiting; /* first packet that the peer has not answered */
    uint32_t clock;     /* its latest time stamp (RFC 7323) that is known, its own or as the peer echoes it */
    uint32_t last_ack_sent;
    nh_time latest; /* its latest packet; 0 = none yet */
    bool ack_moved; /* its acknowledgements advanced: it did receive something */
    uint32_t window;
    nh_moment zero_since;
    nh_moment probed;              /* the first zero-window probe that was sent to it */
    nh_moment newest, data_before; /* its latest data that was no retransmission; the same before the latest burst of it */
    uint32_t queue_frame;          /* this frame has a copy that lay in the socket (issue_copies.c) */
    nh_time queue_from;            /* when RPC sent that copy */
    struct {
        nh_moment since, until;
        nh_time probed;
    } shut; /* the latest time that its window was closed, if bytes waited for it; until.frame 0: never */
    struct {
        uint32_t key[NH_RECENT];
        nh_time time[NH_RECENT];
    } recent; /* the latest segments, to know a duplicate frame */
    uint8_t n_recent;
    nh_records records;
} nh_half;

typedef enum { NH_TCP_SYN_SENT, NH_TCP_SYN_RECEIVED, NH_TCP_ESTABLISHED, NH_TCP_CLOSED, NH_TCP_RESET } nh_tcp_state;

/* A stretch of trouble on a connection. */
typedef struct {
    nh_finding finding;
    nh_moment since, last, until; /* until.frame 0 while it lasts */
    unsigned count;
} nh_trouble;

/* What answers instead of the end that was asked (wrong_source.c). */
typedef struct {
    nh_end from;
    nh_moment last;
    uint32_t raised; /* the answer in this frame was; 0 = none yet */
} nh_wrong_source;

/* What tells that a segment is not of the host that it names. */
typedef enum { NH_FORGED_NOT, NH_FORGED_TTL, NH_FORGED_MAC } nh_forged;

struct nh_conn {
    nh_link link; /* in watch->conns */
    nh_end client, server;
    nh_pair *pair;
    nh_conn *previous; /* earlier incarnation of the 4-tuple */
    nh_service service;
    nh_way way;
    nh_tcp_state state;
    bool middle;  /* met in the middle */
    bool foreign; /* turned out to carry another program */
    bool one_sided, one_sided_reported;
    bool port_learnt;   /* it carries lock calls: the server's port is known */
    bool locked;        /* it carries calls of NLM other than NULL */
    uint8_t taped_at;   /* its place in the memory of the tape, if that is still its own (points/tape.c) */
    nh_moment pinged;   /* the first NULL call of NLM on it */
    bool asked;         /* portmap: its look-up was read */
    bool answers_first; /* the capture begins behind its calls: an answer comes before any of them */
    bool unasked;       /* it was opened without a look-up, before any call was answered and early in the capture */
    bool for_answer;    /* it is opened for the answer to a GRANTED_MSG, which a Linux client sends by one of its own */
    uint32_t isn, server_isn;
    uint32_t syn_key; /* of its first SYN, to know that at another capture point (tcp_copies.c); 0: not captured */
    nh_moment syn, synack, established, first, last;
    nh_moment after_idle;  /* the first packet after a long pause, latest; frame 0: there was none */
    nh_moment unaccepted;  /* the latest SYN-ACK that came again after the client had acknowledged it */
    nh_time syn_gap;       /* from the first SYN that was captured to its first copy; 0 = there was none */
    nh_moment attempt_syn; /* the first SYN of the latest attempt to open it; syn is that of the first one */
    unsigned syn_count, synack_count, calls;
    nh_half half[2];      /* [0] from the client, [1] from the server */
    GArray *troubles;     /* nh_trouble, oldest first; NULL while there is none */
    nh_list waiting;      /* nh_call* sent on it and unanswered */
    unsigned unacked[2];  /* how many of these TCP has not acknowledged, by the half that sent them */
    bool calls_unchecked; /* some of these were not looked at since it is in trouble */
    nh_call *latest_call; /* that was sent on it; or NULL */
    nh_list replied;      /* nh_call* answered on it, but the answer is not acknowledged yet */
    nh_addr icmp_sender;  /* of the latest ICMP error that quotes it */
    bool icmp_own_filter; /* the client's own firewall sent that */
    bool reset_by_client;
    nh_forged middlebox_reset, middlebox_synack; /* in the name of one of the two, and unlike its packets (middlebox.c) */
    unsigned attempts_unanswered;                /* attempts to open it, in a row, that met nothing at all; the latest one apart */
    bool tries_are_trouble;                      /* these alone are its trouble: no SYN of it came again */
    bool turned_away;                            /* the server closed or reset it as soon as it was open */
    nh_wrong_source *wrong_source;               /* NULL: nothing did */
};

/* --- a call --------------------------------------------------------------- */

typedef struct {
    nh_moment at;
    nh_conn *conn; /* NULL over UDP */
    uint32_t seq_end;
    bool by_tcp;      /* TCP resent the bytes; RPC did not */
    bool behind_hole; /* bytes before it were not captured, behind its call's transmission before: a copy may be missing */
} nh_sending;

/* What only few calls have. */
typedef struct {
    nh_moment accepted;            /* asynchronous: RPC's empty reply, a receipt and no answer */
    nh_moment acknowledged;        /* an answer that was not captured: its caller's TCP acknowledges the bytes; frame 0: none */
    nh_moment lost_reply;          /* a reply that the caller's TCP never acknowledged: it waits on */
    nh_moment dead_since;          /* if it is dead */
    nh_moment answer_tried;        /* GRANTED_MSG: the first packet for the client's GRANTED_RES */
    nh_wrong_source *wrong_source; /* over UDP: what answered instead of the host that was asked; NULL: nothing did */
    struct nh_notice *notice;      /* SM_NOTIFY, and the look-up of statd: of what restart; NULL = none */
    nh_issue issue_by_log;         /* what the kernel log leaves of the issue window; unknown without one */
    struct {
        nh_moment at;
        nh_addr sender;
        uint16_t port;
        bool own_filter;
    } icmp; /* over UDP: the latest ICMP error that quotes it */
} nh_call_rare;

/* A capture has many of these: what is small stands together, and what few have apart. */
struct nh_call {
    nh_link link; /* in watch->calls */
    nh_pair *pair;
    nh_sending *sendings; /* its transmissions, at least one */
    nh_outage *outage;
    nh_call_rare *rare; /* NULL: nothing of that; by nh_call_rare_of(), nh_call_rare_get() */
    nh_end src, dst;
    nh_refusal refused : 8; /* by RPC */
    nh_way way : 8;
    nh_l4 l4 : 8;
    nh_finding dead : 8; /* why, or NH_FINDING_NONE */
    nh_wait wait : 8;
    bool waits; /* an answer is expected and has not come */
    bool has_status;
    bool integrity : 1; /* its results come with a checksum around them (RPCSEC_GSS) */
    bool deferred : 1;
    bool opens_half : 1;     /* the capture has nothing that its sender sent before on this connection */
    bool outlived : 1;       /* not_responding was told */
    bool queued : 1;         /* it lay in the socket while the peer was silent */
    bool superseded : 1;     /* a later call has its place in watch->calls */
    bool doubted : 1;        /* its times leave room for what is missing in the capture */
    bool overdue_at_end : 1; /* that its answer is overdue was told at the end of a story, and of no later frame */
    bool no_line : 1;        /* where much is missing, nothing shows that it waited long enough for one */
    uint32_t xid, prog, vers, proc;
    unsigned n_sendings;
    uint32_t tcp_acked; /* frame of the copy that TCP acknowledged first; 0 = none */
    uint32_t reply_end; /* sequence number after the reply */
    uint32_t status;
    unsigned replies;
    uint32_t latest_reply; /* frame: copies may be answered, too, when all is over */
    uint32_t outlived_in;  /* on this frame; 0 = nowhere */
    nh_moment reply;
    nh_issue issue;
    nh_moment line_seen; /* the frame that dates the kernel line */
    nh_time line_before; /* the copy that follows the line was sent then; NH_TIME_NONE = unknown */
    nh_time next_look;   /* while it waits: when it is overdue, wherever that is no matter of a timer; NH_TIME_NONE = not set yet */
    nh_nlm nlm;
    const nh_mapping *asked; /* portmap: what was looked up; never NULL */
};

/* The first and the latest transmission; never NULL. */
static inline const nh_sending *
nh_call_first(const nh_call *call)
{
    return &call->sendings[0];
}

static inline const nh_sending *
nh_call_last(const nh_call *call)
{
    return &call->sendings[call->n_sendings - 1];
}

/* What a host does each time that it can be seen; unknown until then. */
typedef enum { NH_HABIT_UNKNOWN, NH_HABIT_NO, NH_HABIT_YES } nh_habit;

/* --- a client host --------------------------------------------------------- */

/* What tells which system a client has (client.c): of other systems, then of Linux. */
typedef enum {
    NH_MARK_MESSAGES,
    NH_MARK_NULL,
    NH_MARK_RPCBIND_4,
    NH_MARK_RPCBIND_3,
    NH_MARK_ANEW,
    NH_MARK_GAPS,
    NH_MARK_NO_RESEND,
    NH_MARK_BOTH,
    NH_MARK_GETPORT, /* portmap version 2 over TCP: Linux, and some others */
    NH_MARK_RESENDS, /* sends calls again over TCP */
    NH_MARK_LADDER,  /* and by a timer that only Linux has */
    NH_MARK_COUNT
} nh_mark;

typedef struct {
    nh_addr addr;
    unsigned marks; /* bit per nh_mark */
    nh_moment seen[NH_MARK_COUNT];
} nh_client;

/* --- a pair ---------------------------------------------------------------- */

/* The client's way to a call that is not on the wire yet. */
typedef struct {
    bool active;
    bool taken;       /* a call was sent at its end */
    nh_time taken_at; /* the first of them */
    nh_moment start;  /* first SYN or look-up */
    nh_moment step;   /* latest SYN or look-up */
    nh_issue issue;   /* of the call that it is for: start.time, or since the FIN whose socket blocked the port */
    nh_wait wait;
    nh_moment line_seen;     /* the frame that dates the kernel line */
    bool outlived;           /* not_responding was told */
    uint32_t outlived_in;    /* on this frame */
    const nh_outage *outage; /* that it was given up with; NULL: the pair's latest */
    nh_conn *opening;        /* its latest SYN is of this connection */
    nh_conn *looker;         /* portmap connection whose SYN began or dated it */
    nh_call *answers;        /* it is for the answer to this GRANTED_MSG; NULL: for a call of the client's own */
} nh_attempt;

/* The attempt lasts: no call has come of it yet. */
static inline bool
nh_attempt_pending(const nh_attempt *attempt)
{
    return attempt->active && !attempt->taken;
}

/* A restart that one host wants to tell the other: SM_NOTIFY, or the look-up of statd before it. */
typedef struct nh_notice {
    nh_moment first, latest; /* of its tries without an answer; first.frame 0: there was none */
    nh_moment answered;      /* SM_NOTIFY was answered */
    nh_moment notify;        /* the first SM_NOTIFY itself */
    nh_moment looked_up;     /* the port mapper answered, and knows statd */
    unsigned tries;          /* without an answer, of the latest step */
    unsigned errors;         /* of these, how many met an ICMP error */
    bool error_by_host;      /* which the host that was to be told sent itself */
    bool unregistered;       /* its port mapper knows no statd */
    struct nh_fault *fault;  /* that it is lost; NULL = not told */
} nh_notice;

/* A notice of a restart, of a host of which nothing is known that is locked there: under another name or address a known one may be meant. */
typedef struct {
    nh_addr told, from;
    nh_moment at;
    const char *name; /* of watch->names */
} nh_strange_notice;

/* What is known of one way of a pair. All of it changes places at once when the roles turn out to be the other way round. */
typedef struct {
    nh_list outstanding;      /* nh_call* that wait, in no order */
    nh_call *latest_datagram; /* was sent last over UDP */
    nh_attempt attempt;
    nh_moment first_lookup;               /* of lockd's port, or of what is not known yet */
    nh_moment last_lookup, lookup_before; /* the latter until it is known what the last one asked */
    uint8_t versions_used[2];             /* NLM versions of its calls, a bit each; by TCP or UDP */
    const char *caller_name;              /* of its latest lock call; NULL: there was none; of watch->names */
    const char *log_name;                 /* how the kernel log calls the host that lockd calls; NULL = unknown; static */
    nh_moment named;                      /* since when the called host's port mapper names this port as lockd's; frame 0: it named none */
    uint16_t named_port;
    uint32_t nsm_state; /* state number of the latest SM_NOTIFY */
    nh_notice *notice;  /* NULL: none; the latest that the called host sent to the caller's: of a server's restart on the way forward */
} nh_pair_side;

/* What all packets of a host have in common that come by one way (middlebox.c). */
typedef struct {
    unsigned packets;
    bool varies, mac_varies;
    bool moved; /* what another machine seemed to send was the host's own: it is reached in another way since */
    uint8_t hops, mac[6];
    uint32_t iface;
    uint8_t other_hops, other_mac[6]; /* of the latest packet that seemed to be another machine's */
} nh_distance;

struct nh_pair {
    nh_watch *watch;
    nh_addr client, server;
    unsigned order; /* of appearance */
    bool one_host;  /* a host that mounts its own export */
    bool turned;    /* its roles were corrected once: what contradicts them then is another pair's (hosts that mount from each other) */
    struct {
        GPtrArray *conns, *calls;
    } unproved; /* all of it, as long as no lock call proves the roles: they may have to be turned round; NULL while there is none */
    bool lock_traffic;
    const nh_conn *carrier;        /* the latest connection to lockd on which the client sent bytes; NULL = none */
    bool mounts;                   /* the client was seen to look NFS or mountd up: the capture has its beginning */
    bool wants_locks;              /* a lock call was sent, or a connection to lockd was tried */
    bool seen_client, seen_server; /* packets from either host */
    bool half_captured;            /* proof that one direction is missing */
    GPtrArray *outages;            /* nh_outage*, by time */
    nh_outage *open;
    struct {
        GPtrArray *frames;     /* nh_frame*, its own, by number (timeline.c) */
        GPtrArray *served;     /* of these those in which the client got an answer at once (other_clients.c) */
    } indexed;                 /* only while a story is told; NULL where there is none */
    nh_pair_side side[2];      /* by way */
    GPtrArray *lookups;        /* of these the port mapper's, of both ways; NULL while there was none */
    nh_time no_timeout_before; /* no major timeout of the client's calls that wait comes before; NH_TIME_NONE = unknown */
    nh_time next_pass;         /* nor are these gone through before; NH_TIME_NONE = whenever it is time */
    nh_habit looks_up_first;   /* the client looks the port up for a call, though it knows it */
    struct {
        uint32_t frame;
        nh_family before;
    } dated; /* the latest look-up that dated a line, and what the family was before it */
    struct {
        unsigned asked, refused; /* versions of the port mapper, a bit each */
        nh_moment *first;        /* refusal of each, eight; NULL: there was none; of the arena */
    } mismatch;                  /* since the client's latest look-up that was answered otherwise */
    struct {
        unsigned n;
        nh_moment first, last, before;
        unsigned late; /* that were followed at last, or never, but not at once */
    } unfollowed;      /* look-ups with an answer since the client's last packet to lockd */
    nh_time resets[3]; /* times of the latest resets */
    unsigned n_resets;
    struct {
        bool active;
        nh_moment start;
        nh_moment last;
        unsigned count;
    } storm;
    nh_distance distance[2];       /* of the client's and of the server's TCP packets, RSTs apart */
    nh_conn *opened;               /* latest connection of the client to lockd that opened, or NULL */
    unsigned turned_away;          /* how many of these in a row the server gave up as soon as they were open */
    nh_moment turned_since;        /* the first SYN of the first of those */
    GArray *withheld;              /* verdicts that wait for a sign of the other direction */
    nh_moment restarted;           /* latest SM_NOTIFY from the server */
    nh_moment client_restarted;    /* latest SM_NOTIFY from the client */
    const char *restarted_as;      /* the name in that; of watch->names; NULL: there was none */
    nh_moment lives_on;            /* the client's first packet after that on a connection of before: it did not restart */
    struct nh_fault *latest_fault; /* of its locks; NULL = none */
    unsigned faults;               /* of these those that are told */
    nh_moment gap;                 /* latest sign that packets between the two are missing in the capture */
    unsigned packets, losses;      /* of its followed connections; such signs (losses.h) */
    bool fragments;                /* some were fragments, whose rest leaves gaps that are none */
    struct {
        unsigned locks;
        nh_moment notice;
        struct nh_fault *fault; /* that they are lost, to be told when enough time has passed */
    } not_given_back;           /* what the client held when the server's SM_NOTIFY came, until it reclaims any */
    nh_moment lost;             /* latest loss of the lock connection */
    nh_moment relieved;         /* the latest trouble of a connection ended */
    nh_moment blocked;          /* latest NLM_BLOCKED: a callback is due */
    struct {
        uint32_t svid, file;
    } blocked_lock;                    /* for this lock */
    nh_moment granted_by_retry;        /* asking again got it: the server's callbacks for it are in vain and harm nobody */
    unsigned retry_grants;             /* locks that were got so, without a callback */
    unsigned near_client, near_server; /* votes for where the capture was taken */
    nh_family family;
    unsigned nlm_timeout; /* seconds, when the gaps seen tell another than the preference; else 0 */
    unsigned calls, answered, resent, denied;
    bool nfs_seen;            /* the server answered an NFS call of the client */
    const nh_call *told_none; /* the client's latest look-up that was told of no lock manager; NULL: there was none */
    unsigned told_none_row;   /* how many in a row were told so, each soon after the one before */
    unsigned gave_up_lookups; /* such rows that ended, with nothing tried behind them */
    bool takes_no_others;     /* over UDP: the client was seen not to take answers from ports that it had not asked */
    unsigned orphans;         /* answers to lock calls that were not captured */
    nh_time slowest;
    nh_time last_answer;     /* the latest to a lock call of the client; 0 = none */
    GPtrArray *troubled;     /* nh_conn* in trouble */
    GPtrArray *unsettled;    /* nh_call*: asynchronous calls without their *_RES, callbacks without answer; or NULL */
    unsigned waiters;        /* locks that wait (lock_table.c) */
    nh_moment freed;         /* whoever was known to stand in the way of one of these gave back the lock, latest: a callback is due */
    nh_call *latest_request; /* the client's latest lock call, unanswered and not in watch->requests; or NULL (requests.c) */
    struct {
        nh_moment *client, *server;
        unsigned as_of;
    } alive; /* when they were seen last, if they hold locks; lock_clients.c */
    struct {
        struct nh_lock_server *at; /* NULL: nothing was asked for yet */
        GHashTable *files;         /* numbers of the files of which it may have locks, if they are several */
        uint32_t only;             /* else the number of the only one, if there is one */
        bool has_only;
        bool kept;                   /* the latest one is among these */
        uint32_t number;             /* of the latest one */
        unsigned as_of;              /* how many files had been forgotten then: it is good as long as none is */
        struct nh_lock_file *latest; /* that an answer was about; NULL: none */
    } locked;                        /* lock_store.c */
    struct {
        unsigned how;
        nh_moment since;
    } encrypted; /* calls that cannot be read (encrypted.c) */
};

/* --- an outage --------------------------------------------------------------- */

typedef struct {
    nh_finding finding;
    nh_service service;
    nh_way way;
    nh_moment at, since;
    nh_moment latest; /* of those that were only counted; frame 0: there were none */
    nh_conn *conn;
    nh_call *call;
    bool unseen;                          /* what the client sent meanwhile did not come to where the capture was taken */
    bool other_caller, refused_by_client; /* a callback: from an address that was not asked; refused */
    bool not_called_back;                 /* a callback was due, and none was tried */
    bool client_acks_nothing;             /* it is the client that does not acknowledge what reaches it */
    unsigned count;                       /* symptoms folded into this one (storms) */
    nh_addr icmp_sender;                  /* of an ICMP error that no connection or call tells of; len 0 = none */
    bool icmp_own_filter;                 /* the firewall of the host that sent the quoted packet */
} nh_symptom;

/* What an outage knows of one way; changes places as that of its pair does. */
typedef struct {
    nh_moment over;     /* an answer while the other way stayed in trouble */
    nh_attempt attempt; /* that was given up with it */
} nh_outage_side;

/* Which packets are lost between two capture points while others pass. */
typedef enum {
    NH_LOST_SOME,    /* no rule */
    NH_LOST_ALL,     /* all, both ways */
    NH_LOST_ONE_WAY, /* all that one host sends; the other one's packets pass */
    NH_LOST_PORT,    /* those of one port */
    NH_LOST_LARGE,
    NH_LOST_PORT_OR_LARGE, /* either; nothing tells which */
    NH_LOST_SYNACKS,
    NH_LOST_CONNECTION /* those of one connection, while others to the same port pass */
} nh_lost_kind;

/* What two capture points tell of the packets that an outage is about; [0] of the client's host, [1] of the server's. */
typedef struct {
    bool known;
    int asker;                 /* whose packets met no answer */
    unsigned sent[2];          /* at the point near the sender, whether they can be compared or not */
    unsigned resent;           /* by whom is asked, not in sent: data that acknowledges nothing of what it was asked */
    unsigned left[2], lost[2]; /* of those that can; those that never came to the other one */
    unsigned forged[2];        /* seen at the receiver's point only: somebody between sent them */
    nh_moment first_lost[2], last_lost[2];
    uint32_t first_left[2], first_arrived[2]; /* frames of the first that came through */
    nh_time took[2];                          /* how long that was on its way */
    nh_time heard_from[2], heard_to[2];       /* the first and the last packet that came through */
    unsigned meanwhile;                       /* other packets between the two hosts that came through */
    bool asked_seen;                          /* the point near whoever is asked captured anything that this host sent */
    unsigned outside, unheard_of; /* that could not be compared: not both captures ran; the other one has nothing of that port */
    nh_lost_kind kind;
    uint16_t port;                    /* whose packets are lost */
    uint32_t least_lost, most_passed; /* bytes of payload */
} nh_compared;

struct nh_outage {
    nh_pair *pair;
    nh_compared compared;
    unsigned id;   /* provisional until the story is told; 0 = no incident (yet) */
    unsigned ways; /* bit per nh_way in trouble */
    nh_service service;
    bool only_probable; /* needs lock traffic of its pair to be an incident */
    nh_moment start, last, end;
    nh_moment settled;     /* trouble is over, nobody waits: it ends here unless something follows */
    nh_time waiting_since; /* somebody waits for an answer since */
    bool closed;
    bool proved;            /* it was an incident once */
    nh_outage_side side[2]; /* by way */
    unsigned served;        /* other calls that were answered at once while some hung */
    bool concluded;         /* closed for a story only: more packets may follow */
    bool first_seen;        /* before it the capture has no answer to a lock call of this client */
    bool given_up;          /* it ended with the last attempt, without an answer */
    nh_call *ended_by;
    GArray *symptoms;                    /* nh_symptom */
    bool out_of_order;                   /* one of them was noticed later than others that came later */
    unsigned count[2][NH_FINDING_COUNT]; /* symptoms, by way */
    GPtrArray *calls;                    /* nh_call* */
    GArray *locks;                       /* nh_lock: the pair's when it began */
    unsigned locks_left_out;             /* of these, for there are too many (NH_OUTAGE_LOCKS_MAX) */
    struct {
        unsigned beside;       /* lock calls that have no part in it, answered meanwhile */
        unsigned answered;     /* lock calls of its own, before the end */
        unsigned requests;     /* of applications, among its calls; 0 = not counted yet */
        uint32_t latest;       /* frame of the cause's latest symptom */
        bool alive;            /* the server answered something while its cause lasted */
        const nh_call *unlock; /* of another owner, right before the answer that ended it; NULL = none */
        nh_remark holder;      /* whoever holds what a call waits for, or held it; none when nobody is known */
    } hindsight;               /* what only the whole capture shows */
    struct nh_lock *holder;    /* room for that one's lock, of the arena; NULL while none was found */
    unsigned turned_away;      /* new connections in a row that the server gave up as soon as they were open */
    unsigned nfs_answers;      /* of the server to the client's NFS calls meanwhile */
    nh_moment nfs_first, nfs_last;
};

/* --- frames -------------------------------------------------------------------- */

typedef struct {
    nh_finding finding;
    unsigned resends; /* the how many-th resend of a FIN the frame is; 0: it is none */
    nh_remark says;
} nh_note;

typedef struct nh_frame_call {
    struct nh_frame_call *next;
    nh_call *call;
} nh_frame_call;

typedef struct nh_frame_fault {
    struct nh_frame_fault *next;
    struct nh_fault *fault;
} nh_frame_fault;

/* What only few frames have. */
typedef struct {
    nh_frame_call *more_calls; /* beside the first one; of the arena, as what follows */
    nh_frame_fault *faults;    /* of locks, that it belongs to */
    GSList *notes;             /* nh_note* */
} nh_frame_rare;

/* Of each packet that is followed there is one: it is small. */
typedef struct {
    uint32_t number;
    nh_service service : 8;
    nh_time time;
    nh_pair *pair;
    nh_conn *conn;
    nh_call *call;       /* sent or answered in this frame, the first of them (nh_frame_calls); NULL: none was */
    nh_frame_rare *rare; /* NULL: nothing of that; by nh_frame_notes(), nh_frame_faults() */
} nh_frame;

/* --- everything ------------------------------------------------------------------ */

/* Preference client: is it a Linux kernel? */
typedef enum { NH_CLIENT_AUTO, NH_CLIENT_LINUX, NH_CLIENT_OTHER } nh_client_choice;

typedef struct {
    bool use_mount; /* preference timer=mount */
    nh_policy lockd, mount;
    nh_family family; /* NH_FAMILY_UNKNOWN = auto */
    nh_client_choice client;
    bool reserved_ports;
    nh_side position;                              /* capture_position: client, server, path (middle), unknown (auto) */
    bool (*is_lock_port)(nh_l4 l4, uint16_t port); /* preferences tcp_ports, udp_ports; may be NULL */
    bool (*is_claimed)(nh_l4 l4, uint16_t port);   /* a dissector other than RPC's owns the port; may be NULL */
    const char *log_path;                          /* NULL or empty: none */
    nh_log_hints log_hints;
    nh_log_shelf *log_shelf; /* where the log is kept between two stories; NULL: nowhere */
} nh_options;

/* What one segment did. */
typedef struct nh_segment_effect {
    const nh_segment *segment;
    nh_conn *conn; /* NULL: not followed */
    int half;      /* index of the sender's half */
    bool duplicate, new_data, retransmission;
    bool missed; /* its sender acknowledges bytes that were not captured */
    uint32_t seq, end;
} nh_segment_effect;

struct nh_watch {
    nh_options options;
    nh_arena *arena;     /* of connections, calls, frames and keys */
    GStringChunk *names; /* of hosts, as lock calls and notices have them, and lines of the log; each once, however often it comes */
    GHashTable *pairs;   /* by client and server */
    GPtrArray *pair_list;
    GHashTable *clients;         /* nh_client by its address: those of which something is known */
    nh_pair *latest_pair;        /* of the packet, which asks for it several times; NULL = none yet */
    nh_table conns;              /* nh_conn by 4-tuple: latest incarnation */
    nh_conn *recent_conns[1024]; /* by hash: the one that was looked up last, or NULL */
    GPtrArray *conn_list;
    GHashTable *asking_conns, *asking_calls; /* nh_conn and nh_call by the end that asks (wrong_source.c) */
    GHashTable *first_syns;                  /* of hosts that no pair knows yet (first_syns.c) */
    nh_table calls;                          /* nh_call by sender, receiver, program, XID: latest */
    nh_call *latest_call;                    /* the one that was found last: a reply is looked up by its header, and again as a message */
    nh_list call_list;                       /* nh_call*, as they came */
    GHashTable *ports;                       /* by address, protocol, port: program */
    uint8_t tcp_ports[65536 / 8];            /* bit per port that a followed connection may have; see nh_port_may_matter() */
    nh_list frames;                          /* nh_frame*, by number */
    GHashTable *served;     /* by server: its own of pair->indexed.served, all together; only while a story is told (other_clients.c) */
    nh_frame *latest_frame; /* the one that was asked for last, or NULL */
    struct nh_lock_table *locks;
    unsigned waiters;            /* locks that wait, of all pairs */
    GHashTable *requests;        /* that wait, each pair's latest apart (requests.c); NULL while there was none */
    GPtrArray *faults;           /* nh_fault*: what is wrong with locks, by the frames that show it */
    struct nh_early *early;      /* the latest replies without a call (early_replies.c); NULL while there was none; of the arena */
    GHashTable *strange_notices; /* nh_strange_notice by the address that was told: the latest; NULL while there was none */
    GPtrArray *dtls_flows;       /* flows of RPC over DTLS (dtls.c); NULL while there is none */
    struct nh_nfs *nfs;
    struct nh_tape *tape;     /* of what passed; NULL in a core that is fed from one */
    struct nh_live *live;     /* what passed, once packets of a second capture point turn up; NULL until then */
    struct nh_points *points; /* two capture points, as far as the last story knows; or NULL */
    nh_watch *single_view;    /* the core that was fed with one view of them, for the story; or NULL. It borrows points. */
    unsigned incidents;
    unsigned outage_locks; /* that are listed with outages, all together */
    uint32_t frames_total;
    struct {
        bool done;
        uint32_t frames;          /* frames_total then */
        unsigned log_lines;       /* of the kernel log */
        struct nh_before *before; /* what nh_story_reopen() puts back; NULL: nothing */
        GHashTable *notes; /* nh_note list by nh_frame: what was remarked on it before; NULL: no story was told since the last packet */
    } concluded;           /* when the memory was last led to its end, for a story (assemble.c) */
    nh_time first, last;
    nh_moment runs_back; /* the first frame that is a second or more older than one before it; frame 0: none */
    nh_time begins;  /* of the first frame, or of the first after time ran back (files in the wrong order): what came before is not here */
    nh_time current; /* of the latest frame */
    GHashTable *lock_hosts; /* nh_addr of pairs: whoever locks, or is asked for locks; NULL while nobody is */
    unsigned holders;       /* clients that hold a lock, or did: any packet of theirs shows that they live (lock_clients.c) */
};

#endif
