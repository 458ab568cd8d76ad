/* story.h
 * What a capture tells, as plain data: pairs, incidents, calls, kernel lines.
 * Made by the core, printed by the report, the JSON document, the annotated
 * capture and the GUI. Everything belongs to the story; strings are UTF-8 on one
 * line, without control characters (nh_story_clean()).
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_STORY_H
#define NLM_HEALTH_STORY_H

#include "core/model/timers.h"
#include "core/model/log.h"

typedef struct {
    uint32_t frame; /* 0 for a line that is no frame */
    nh_time time;
    const char *event;  /* a finding's name, or "syn", "call", "reply", "log" ...; static */
    nh_finding finding; /* NH_FINDING_NONE when the event is none */
    char *text;
} nh_event;

/* What an application asked for: the same under whatever XID it is asked again. */
typedef struct {
    bool known;  /* its arguments were captured */
    char *owner; /* caller name; may be NULL */
    char *file;  /* hash of the file handle as Wireshark shows it */
    uint32_t svid;
    uint64_t offset, length; /* length 0 = to the end of the file */
    bool exclusive;
} nh_request;

typedef struct {
    uint32_t xid; /* meaningless when frames is empty: a call that never was on the wire */
    uint32_t prog, vers, proc;
    const char *procedure; /* "LOCK"; NULL when unknown; static */
    GArray *frames;        /* uint32_t: each transmission, also those resent by TCP */
    uint32_t reply_frame;  /* 0 = none */
    const char *status;    /* "NLM_GRANTED", "PROG_UNAVAIL" ...; NULL when unknown; static */
    bool dead;
    nh_finding dead_reason;
    bool deferred;
    nh_time sent; /* first transmission */
    nh_time issued_earliest, issued_latest;
    nh_issue issue;      /* the same, with what tells it */
    nh_time answered_in; /* duration; NH_TIME_NONE when unanswered */
    char *policy;        /* e.g. "lockd nlm_timeout=10 (Linux 5.3+)"; may be NULL */
    bool callback;       /* the server calls the client */
    nh_request request;
} nh_story_call;

/* NULL, which asks for no lock; a call that never was on the wire has no procedure either. */
static inline bool
nh_story_call_is_ping(const nh_story_call *call)
{
    return call->prog == NH_PROG_NLM && call->proc == 0 && call->procedure;
}

typedef struct {
    const char *program; /* whose RPC calls: "lockd", "nfs"; static */
    nh_log_event event;
    bool of_server; /* the server's kernel logs it: a callback */
    char *text;     /* the line, letter by letter */
    nh_time earliest, latest, observed;
    uint32_t observed_frame;   /* 0 = none */
    bool beyond;               /* it is due after the capture's end, and comes only if no answer does */
    nh_time answered;          /* the answer that came after it; a line that was logged later is another */
    nh_time logged;            /* time of the matched line in the kernel log */
    nh_time logged_resolution; /* it was printed in [logged, logged + logged_resolution) */
    char *logged_text;         /* that line as it stands in the log; NULL when none */
    const nh_story_call *call;
} nh_kernel_line;

/* A part of the wait: the server was away, the client waited for its own next attempt ... */
typedef struct {
    nh_time from, to; /* to: NH_TIME_NONE while it lasts */
    char *what;
} nh_part;

/* --- what a picture shows of a connection (for UDP: of a service) ----------------- */

typedef struct {
    nh_sign_kind kind;
    uint32_t frame;
    nh_time time;
    bool by_server;   /* of this connection: that is the lock client for a callback */
    const char *what; /* "LOCK", "NLM_GRANTED", "FIN resent" ...; static */
    unsigned count;   /* this one and those like it that came too soon after to be seen apart */
} nh_sign;

typedef enum { NH_SPAN_OPENING, NH_SPAN_OPEN, NH_SPAN_CLOSING, NH_SPAN_TROUBLE } nh_span_kind;

typedef struct {
    nh_span_kind kind;
    nh_finding finding; /* of a trouble */
    nh_time from, to;   /* to: NH_TIME_NONE while it lasts */
} nh_span;

typedef struct {
    char *client, *server; /* "10.7.1.2:916"; of the first connection or call, when several share the flow */
    nh_service service;
    bool callback;        /* opened by the lock server */
    unsigned connections; /* that share it: all look-ups of a port do, and those that are too many for a lane each; 0 over UDP */
    nh_time replaced;     /* the next connection of the port pair began; NH_TIME_NONE = none did */
    GArray *marks;        /* nh_sign, the steps of the connection first */
    GArray *spans;        /* nh_span; of one that has the flow for itself */
} nh_flow;

/* Whose frame: the n-th connection (or UDP service) of the incident. */
typedef struct {
    uint32_t frame;
    unsigned flow;
    nh_service service;
} nh_flow_frame;

typedef enum { NH_INCIDENT_OUTAGE, NH_INCIDENT_LOCK } nh_incident_kind;

typedef struct {
    unsigned id; /* from 1 */
    nh_incident_kind kind;
    nh_addr client, server;
    const char *client_host; /* the client's name for itself, where a log tells hosts apart; NULL = unknown; interned */
    nh_service service;
    nh_finding cause;
    nh_side side;
    nh_confidence confidence;
    char *summary; /* one sentence */
    uint32_t first_frame, last_frame;
    nh_time start, end;      /* end: NH_TIME_NONE while it lasts */
    nh_time duration;        /* until the end, or until the last packet of the capture */
    GPtrArray *timeline;     /* nh_event*, by time */
    GPtrArray *calls;        /* nh_story_call* */
    GPtrArray *kernel_lines; /* nh_kernel_line* */
    GPtrArray *next_steps;   /* char* */
    GPtrArray *parts;        /* nh_part*, by time */
    GPtrArray *flows;        /* nh_flow*, by the first frame in the incident */
    GArray *flow_frames;     /* nh_flow_frame, by frame; of all connections */
    unsigned other_answers;  /* of the server to this client's other programs meanwhile (NFS) */
    nh_time other_first, other_last;
    unsigned requests; /* how many requests had to wait or were refused; 0: as its calls tell, nh_incident_requests() */
    GPtrArray *locks;  /* nh_story_lock*: of the client when it began, and those that it waited for */
} nh_incident;

typedef struct {
    nh_addr client, server;
    unsigned calls, answered, unanswered, resent, denied, incidents;
    nh_time slowest; /* duration; NH_TIME_NONE when nothing was answered */
} nh_story_pair;

/* What the whole capture comes to: enumerator, public name. */
/* clang-format off */
#define NH_VERDICTS(X) \
    X(NH_VERDICT_NO_LOCK_TRAFFIC, "no_lock_traffic") \
    X(NH_VERDICT_INCIDENTS,       "incidents") \
    X(NH_VERDICT_HEALTHY,         "healthy")         /* lock traffic, and nothing in it or at the capture's edges is amiss */ \
    X(NH_VERDICT_NOTHING_SEEN,    "nothing_seen")    /* no trouble in what was captured; not all was */ \
    X(NH_VERDICT_UNREADABLE,      "unreadable")      /* packets of lockd's port that are cut, or of one direction only */
/* clang-format on */

typedef enum {
#define X(id, name) id,
    NH_VERDICTS(X)
#undef X
} nh_verdict;

/* One line of the lock table: who holds or waits for what. */
typedef struct {
    nh_addr client, server; /* client: len 0 when unknown (a holder that only a TEST told of) */
    char *file;             /* hash of the file handle as Wireshark shows it, e.g. "0xcf24cb8e" */
    char *owner;            /* caller name and svid */
    uint32_t svid;
    uint64_t offset, length; /* length 0 = to the end of the file */
    bool exclusive, waiting;
    bool share; /* a reservation of SHARE, no lock of bytes; exclusive: it denies something to others */
    nh_time since;
    uint32_t frame;
} nh_story_lock;

typedef struct {
    const char *wireshark; /* version of the Wireshark that read the capture; NULL without one; static */
    uint32_t frames;       /* packets in the capture */
    nh_time first, last;
    bool lock_traffic;
    nh_verdict verdict;
    unsigned unexplained; /* lines of the kernel log from within its time that no packet of it explains */
    GPtrArray *caveats;   /* char*: why it is no more than that, or what the capture does not show */
    unsigned n_points;    /* capture points: 2 where the file has the same packets twice, else 0 */
    struct {
        char *name;          /* the host that is nearest */
        nh_time offset;      /* its clock minus that of the first point */
        nh_time uncertainty; /* of that; NH_TIME_NONE unknown */
        double drift;        /* what it grows by in a second */
    } points[2];
    GPtrArray *pairs;     /* nh_story_pair* */
    GPtrArray *incidents; /* nh_incident* */
    GPtrArray *locks;     /* nh_story_lock*, at the end of the capture */
    GPtrArray *messages;  /* char*: what the user should know (log unreadable, wrong preference ...) */
} nh_story;

/* Its public name; static. */
const char *nh_verdict_name(nh_verdict verdict);
/* Constructors with every unknown set to "unknown", and the whole story's end. */
nh_story *nh_story_new(void);
nh_incident *nh_story_add_incident(nh_story *story);
nh_story_call *nh_incident_add_call(nh_incident *incident);
nh_kernel_line *nh_incident_add_line(nh_incident *incident);
/*
 * How far the logged line is from the prediction: from the time that the capture
 * shows, else from the nearer end of the window; 0 within, negative before.
 * NH_TIME_NONE without a logged line or a prediction.
 */
nh_time nh_kernel_line_offset(const nh_kernel_line *line);
/* Two calls with the same text ask for the same; caller frees. */
char *nh_request_key(const nh_story_call *call);
/* How many requests of applications the incident hurt: each counts once, whatever XIDs it was asked under. */
unsigned nh_incident_requests(const nh_incident *incident);
/* what is taken over */
void nh_incident_add_part(nh_incident *incident, nh_time from, nh_time to, char *what);
nh_flow *nh_incident_add_flow(nh_incident *incident);
/* Whose frame it is; NULL when it is no connection's. */
const nh_flow_frame *nh_incident_flow_of(const nh_incident *incident, uint32_t frame);
/* "outage" or "lock"; static */
const char *nh_incident_kind_name(nh_incident_kind kind);
/* text is taken over */
nh_event *nh_incident_add_event(nh_incident *incident, uint32_t frame, nh_time at, const char *event, nh_finding finding, char *text);
nh_story_pair *nh_story_add_pair(nh_story *story);
/* To story->locks or incident->locks. */
nh_story_lock *nh_story_add_lock(GPtrArray *locks);
/* Texts hold names from packets and lines from logs: whatever stands in those, no output is spoilt by it. Once the story is told. */
void nh_story_clean(nh_story *story);
void nh_story_free(nh_story *story);

#endif
