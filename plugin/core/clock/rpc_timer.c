/* rpc_timer.c
 * The timers of a Linux RPC client, run on paper: for each algorithm that
 * net/sunrpc has had, the waits of one task up to its first major timeout, and
 * how late the timer wheel may fire them.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/clock/rpc_timer.h"

#include "core/base/limits.h"

#include <stdio.h>

/* struct rpc_timeout (include/linux/sunrpc/xprt.h), with durations in ns. */
typedef struct {
    nh_time initval, increment, maxval;
    unsigned retries;
    bool exponential;
} rpc_timeout;

/* What differs between the kernels in xprt.c and clnt.c. */
typedef struct {
    nh_family family;
    bool connect_steps; /* a connect that succeeds wakes the task with -EAGAIN, which costs one step of the timer */
    bool armed_at_send; /* xprt_transmit() of the first copy sets the major deadline anew */
    bool capped;        /* xprt_request_timeout(): no wait for TCP goes past the major deadline */
    bool minor_first;   /* before the minor deadline has passed, the major one is not looked at */
} algorithm;

static const algorithm algorithms[] = {
    /* 3.10 .. 4.19: call_timeout(), xprt_reset_majortimeo() */
    { .family = NH_FAMILY_3_10, .connect_steps = true, .armed_at_send = true },
    /* 4.20, 5.0: xprt_request_enqueue_receive() arms at the first encode, before the connect */
    { .family = NH_FAMILY_3_10, .connect_steps = true },
    /* 5.2: rpc_check_timeout(), xprt_init_majortimeo() */
    { .family = NH_FAMILY_5_2, .connect_steps = true, .capped = true },
    /* 5.3 .. 5.8, 5.12 and later: call_connect_status() goes straight to call_transmit() */
    { .family = NH_FAMILY_5_3, .capped = true },
    /* 5.9 .. 5.11: xprt_adjust_timeout() tests rq_minortimeo before the major deadline */
    { .family = NH_FAMILY_5_3, .capped = true, .minor_first = true },
};

/* The configured ticks of the distributions; kernel/time/timer.c rounds up to the granularity of a wheel level. */
static const unsigned ticks_per_second[] = { 1000, 250, 100 };

/* fs/nfs/client.c nfs_init_timeout_values() and NFS_DEF_*, NFS_MAX_* of uapi/linux/nfs_fs.h */
typedef struct {
    nh_l4 proto;
    const char *name;
    unsigned default_timeo, default_retrans;
    nh_time max;
    bool exponential;
    unsigned max_retrans; /* more changes nothing: 0.1 s reaches max */
} mount_defaults;

static const mount_defaults mount_protocols[] = {
    { .proto = NH_L4_TCP, .name = "tcp", .default_timeo = 600, .default_retrans = 2, .max = 600 * NH_SECOND, .max_retrans = 6000 },
    { .proto = NH_L4_UDP,
      .name = "udp",
      .default_timeo = 11,
      .default_retrans = 3,
      .max = 60 * NH_SECOND,
      .exponential = true,
      .max_retrans = 10 },
};

/* The transmissions of one task up to its first major timeout, counted from the first of them. */
typedef struct {
    unsigned n_minor;
    nh_time minor[NH_MINOR_MAX];
    nh_time major, latest; /* counted from the start of the task: without lateness, and as late as the wheel allows */
} schedule;

const char *
nh_family_name(nh_family family)
{
#define NH_ENUM_ROW(id, name) name,
    static const char *const names[] = { NULL, NH_FAMILIES(NH_ENUM_ROW) };
#undef NH_ENUM_ROW
    return (unsigned)family < G_N_ELEMENTS(names) ? names[family] : NULL;
}

/* RHEL8 kept its version and took the timers of 5.3 between these of its builds (8.1: 147, 8.3: 240). */
#define RHEL8_OLD 147
#define RHEL8_NEW 240

static nh_family
family_of_version(unsigned major, unsigned minor, const char *rest)
{
    uint64_t build = g_str_has_prefix(rest, ".0-") ? g_ascii_strtoull(rest + 3, NULL, 10) : 0;

    if (major == 4 && minor == 18)
        return build >= RHEL8_NEW ? NH_FAMILY_5_3 : build > 0 && build <= RHEL8_OLD ? NH_FAMILY_3_10 : NH_FAMILY_UNKNOWN;
    if ((major == 3 && minor >= 10) || major == 4 || (major == 5 && minor == 0))
        return NH_FAMILY_3_10;
    if (major == 5 && minor == 2)
        return NH_FAMILY_5_2;
    return major > 5 || (major == 5 && minor >= 3) ? NH_FAMILY_5_3 : NH_FAMILY_UNKNOWN;
}

bool
nh_family_parse(const char *text, nh_family *family, char **error)
{
    unsigned major, minor;
    int end = 0;

    for (int i = NH_FAMILY_UNKNOWN + 1; i < NH_FAMILY_COUNT; i++)
        if (g_ascii_strcasecmp(text, nh_family_name(i)) == 0) {
            *family = i;
            return true;
        }
    /* profiles of earlier versions say "auto (from the gaps seen)" */
    if (*text == '\0' || g_ascii_strcasecmp(text, "auto") == 0 || g_ascii_strncasecmp(text, "auto (", 6) == 0) {
        *family = NH_FAMILY_UNKNOWN;
        return true;
    }
    if (!g_ascii_isdigit(*text) || sscanf(text, "%4u.%4u%n", &major, &minor, &end) != 2 || !strchr(".-", text[end])) {
        *error = g_strdup("auto, 3.10-5.0, 5.2, 5.3+ or a version of Linux such as 5.10.0-8 is expected");
        return false;
    }
    nh_family found = family_of_version(major, minor, text + end);
    if (found == NH_FAMILY_UNKNOWN) {
        *error = g_strdup(major == 4
                              ? "4.18 is RHEL 8's, whose timers changed between 4.18.0-147 and 4.18.0-240: its build is expected, too"
                              : "the timers of this version are not known (known are 3.10 to 5.0, 5.2 and later)");
        return false;
    }
    *family = found;
    return true;
}

static const mount_defaults *
defaults_of(nh_l4 proto)
{
    return &mount_protocols[proto == NH_L4_UDP];
}

void
nh_policy_over(nh_policy *policy, nh_l4 proto)
{
    policy->proto = proto;
    if (!policy->timeo_given)
        policy->timeo = defaults_of(proto)->default_timeo;
    if (!policy->retrans_given)
        policy->retrans = defaults_of(proto)->default_retrans;
}

/* fs/lockd/host.c nlm_bind_host(): nothing of the mount but its protocol; nlm_timeout is 3..20 (svc.c). */
static rpc_timeout
lockd_timeout(const nh_policy *policy)
{
    nh_time t = CLAMP(policy->nlm_timeout, 3, 20) * NH_SECOND;
    return (rpc_timeout){ .initval = t, .increment = t, .maxval = NH_LOCKD_WAITS * t, .retries = NH_LOCKD_WAITS - 1 };
}

static rpc_timeout
mount_timeout(const nh_policy *policy)
{
    const mount_defaults *def = defaults_of(policy->proto);
    nh_time timeo = (policy->timeo ? policy->timeo : def->default_timeo) * (NH_SECOND / 10);
    rpc_timeout to = {
        .initval = MIN(timeo, def->max),
        .maxval = def->max,
        .retries = MIN(policy->retrans, def->max_retrans),
        .exponential = def->exponential,
    };
    if (!to.exponential) {
        to.increment = to.initval;
        to.maxval = MIN(to.initval * (1 + to.retries), def->max);
    }
    return to;
}

/* xprt.c xprt_calc_majortimeo() */
static nh_time
major_timeout(const rpc_timeout *to, nh_time rq)
{
    nh_time major = to->exponential ? rq << to->retries : rq + to->increment * to->retries;
    return MIN(major, to->maxval);
}

/* xprt.c xprt_adjust_timeout() at a minor timeout */
static nh_time
step_up(const rpc_timeout *to, nh_time rq, unsigned steps)
{
    while (steps-- > 0)
        rq = MIN(to->exponential ? rq * 2 : rq + to->increment, to->maxval);
    return rq;
}

/* timer.c rpc_calc_rto() << retries: an RTT estimator that has seen nothing yet starts at the initial value. */
static nh_time
datagram_wait(const rpc_timeout *to, unsigned retries)
{
    return MIN(to->initval << MIN(retries, 10), to->maxval);
}

/* kernel/time/timer.c calc_index(): level n holds 63 * 8^(n-1) jiffies and more, and is 8^n jiffies coarse. */
static nh_time
wheel_granularity(nh_time wait, unsigned hz)
{
    int64_t jiffies = wait / (NH_SECOND / hz);
    unsigned level = 0;
    while (level < 8 && jiffies >= G_GINT64_CONSTANT(63) << (3 * level))
        level++;
    return (G_GINT64_CONSTANT(1) << (3 * level)) * (NH_SECOND / hz);
}

/* A task and the policy that times it, as far as the arithmetic needs them. */
typedef struct {
    rpc_timeout to;
    bool lockd, udp;
    nh_time deadline; /* its first major deadline, counted from its start */
    nh_wait_facts facts;
} rpc_task;

static rpc_task
task_of(const nh_policy *policy, const nh_wait_facts *facts)
{
    rpc_task task = {
        .lockd = policy->kind == NH_POLICY_LOCKD,
        .udp = policy->proto == NH_L4_UDP,
        .facts = *facts,
    };
    task.to = task.lockd ? lockd_timeout(policy) : mount_timeout(policy);
    task.deadline = major_timeout(&task.to, task.to.initval);
    return task;
}

/*
 * One task over a silent server: issued at 0, first sent at `delay` after
 * `steps` steps of its timer. xprt.c xprt_wait_for_reply_request_def(), and
 * xprt_wait_for_reply_request_rtt() for UDP, whose waits are never capped.
 */
static schedule
run_task(const rpc_task *task, const algorithm *alg, unsigned steps, nh_time delay, unsigned hz)
{
    const rpc_timeout *to = &task->to;
    schedule plan = { 0 };
    bool capped = alg->capped && !task->udp;
    nh_time rq = step_up(to, to->initval, steps);
    nh_time deadline = alg->armed_at_send ? delay + major_timeout(to, rq) : task->deadline;
    nh_time now = delay, late = 0, minor = to->initval;

    for (unsigned retries = 0;; retries++) {
        nh_time wait = task->udp ? datagram_wait(to, retries) : capped ? MIN(rq, deadline - now) : rq;
        nh_time granularity = wheel_granularity(wait, hz);
        /* The deadline leaves no wait before the minor one: rpc_sleep_on_timeout() returns at once, in a loop. */
        if (alg->minor_first)
            wait = MAX(wait, minor - now);
        now += wait;
        if (now >= deadline) {
            /* A capped wait makes up for the lateness of those before it. */
            late = capped ? MAX(granularity, late - wait) : late + granularity;
            break;
        }
        late += granularity;
        /* Enough lateness takes a wait that ends just before the deadline past it, and saves the next one. */
        if (plan.major == 0 && now + late >= deadline)
            plan.major = deadline;
        if (plan.n_minor < NH_MINOR_MAX)
            plan.minor[plan.n_minor++] = now - delay;
        rq = step_up(to, rq, 1);
        minor += rq;
    }
    if (plan.major == 0)
        plan.major = now;
    plan.latest = now + late;
    return plan;
}

/* Steps that the timer takes before the first transmission, if nothing goes wrong. */
static unsigned
steps_to_send(const rpc_task *task, const algorithm *alg)
{
    return task->facts.wait == NH_WAIT_REPLY_NEW && !task->udp && alg->connect_steps;
}

static bool
waits_for_reply(const rpc_task *task)
{
    return task->facts.wait == NH_WAIT_REPLY || task->facts.wait == NH_WAIT_REPLY_NEW;
}

static nh_time
delay_to_send(const rpc_task *task, nh_time issued)
{
    return waits_for_reply(task) && nh_time_known(task->facts.sent) ? MAX(task->facts.sent - issued, 0) : 0;
}

/* When the first major timeout may come: what each algorithm, and each way that a task may take in it, allows. */
typedef struct {
    unsigned n;
    nh_timer_run run[NH_TIMER_RUNS];
} majors;

/* Runs that overlap are one. */
static void
widen(majors *window, nh_time earliest, nh_time latest)
{
    for (unsigned i = window->n; i-- > 0;) {
        nh_timer_run *run = &window->run[i];
        if (latest < run->earliest || earliest > run->latest)
            continue;
        earliest = MIN(earliest, run->earliest);
        latest = MAX(latest, run->latest);
        *run = window->run[--window->n];
    }
    if (window->n == NH_TIMER_RUNS) { /* more than there are algorithms: one that covers both will do */
        nh_timer_run last = window->run[--window->n];
        widen(window, MIN(earliest, last.earliest), MAX(latest, last.latest));
        return;
    }
    window->run[window->n++] = (nh_timer_run){ earliest, latest };
}

static void
widen_by_run(const rpc_task *task, const algorithm *alg, unsigned steps, nh_time issued, majors *window)
{
    nh_time delay = delay_to_send(task, issued);
    for (unsigned i = 0; i < G_N_ELEMENTS(ticks_per_second); i++) {
        schedule plan = run_task(task, alg, steps, delay, ticks_per_second[i]);
        widen(window, issued + plan.major, issued + plan.latest + NH_FIRE_DELAY);
    }
}

/*
 * Connect in trouble: the task looks at its deadline whenever a connect timer or
 * an error ends a wait, and every NH_BIND_TIMEOUT during a look-up of lockd's port.
 */
static void
widen_by_connect(rpc_task task, const algorithm *alg, nh_time issued, majors *window)
{
    nh_time lookups = task.lockd ? (task.deadline + NH_BIND_TIMEOUT - 1) / NH_BIND_TIMEOUT : 0;

    bool met_dead_socket = task.facts.wait == NH_WAIT_RECONNECT;

    task.facts.wait = NH_WAIT_CONNECT; /* also where the call was sent after all */
    widen_by_run(&task, alg, 0, issued, window);
    widen(window, issued + task.deadline, issued + task.deadline + NH_CONNECT_LATE);
    widen(window, issued + task.deadline, issued + lookups * (NH_BIND_TIMEOUT + NH_CONNECT_LATE));
    if (met_dead_socket && alg->connect_steps && !alg->capped && task.lockd) {
        nh_time stepped = run_task(&task, alg, 1, 0, ticks_per_second[0]).major;
        widen(window, issued + NH_RETRY_DELAY + stepped, issued + stepped + NH_DEAD_SOCKET_LATE);
    }
}

/* The window of one algorithm for a task that started at `issued`. */
static void
widen_by_algorithm(const rpc_task *task, const algorithm *alg, nh_time issued, majors *window)
{
    nh_time delay = delay_to_send(task, issued);

    /* A task that is not sent by its deadline has its major timeout while it connects. */
    if (nh_wait_is_connect(task->facts.wait) || delay >= task->deadline) {
        widen_by_connect(*task, alg, issued, window);
        return;
    }
    unsigned first = steps_to_send(task, alg), last = first;
    /* Without the cap each failed attempt to connect lengthens the waits; five reach the longest. */
    if (first && !alg->capped)
        last += (unsigned)MIN(delay / NH_RETRY_DELAY, 5);
    for (unsigned steps = first; steps <= last; steps++)
        widen_by_run(task, alg, steps, issued, window);
}

/* Expected retransmissions, if the steps of the timer up to the first copy are known; none otherwise. */
static schedule
expected_copies(const rpc_task *task, const algorithm *alg, nh_time issued)
{
    nh_time delay = delay_to_send(task, issued);
    nh_time longest = task->facts.wait == NH_WAIT_REPLY ? task->deadline : MIN(NH_RETRY_DELAY, task->deadline);

    if (!waits_for_reply(task) || !nh_time_known(task->facts.sent) || delay >= longest)
        return (schedule){ 0 };
    return run_task(task, alg, steps_to_send(task, alg), delay, ticks_per_second[0]);
}

static bool
expects_copy_at(const schedule *plan, nh_time after_first)
{
    for (unsigned i = 0; i < plan->n_minor; i++)
        if (plan->minor[i] == after_first)
            return true;
    return false;
}

/* Keep the retransmissions upon which this plan agrees too. */
static void
keep_common(nh_deadlines *out, const schedule *plan, nh_time sent)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < out->n_minor; i++)
        if (expects_copy_at(plan, out->minor[i] - sent))
            out->minor[kept++] = out->minor[i];
    out->n_minor = kept;
}

static void
start_with(nh_deadlines *out, const schedule *plan, nh_time sent)
{
    out->n_minor = plan->n_minor;
    for (unsigned i = 0; i < plan->n_minor; i++)
        out->minor[i] = sent + plan->minor[i];
}

static void
hull_of(const majors *window, nh_deadlines *out)
{
    out->major_earliest = G_MAXINT64;
    out->major_latest = G_MININT64;
    for (unsigned i = 0; i < window->n; i++) {
        out->major_earliest = MIN(out->major_earliest, window->run[i].earliest);
        out->major_latest = MAX(out->major_latest, window->run[i].latest);
    }
}

void
nh_timer_predict(const nh_policy *policy, nh_family family, const nh_wait_facts *facts, nh_deadlines *out)
{
    rpc_task task = task_of(policy, facts);
    /* The ends of the window are the extremes, and the first moment from which a call is sent before its deadline. */
    nh_time in_time = nh_time_known(facts->sent) ? facts->sent - task.deadline + 1 : facts->issued_latest;
    const nh_time issues[] = {
        facts->issued_earliest,
        facts->issued_latest,
        CLAMP(in_time, facts->issued_earliest, facts->issued_latest),
    };
    majors window = { 0 };
    bool first = true;

    *out = (nh_deadlines){ 0 };
    for (unsigned i = 0; i < G_N_ELEMENTS(algorithms); i++) {
        if (family != NH_FAMILY_UNKNOWN && algorithms[i].family != family)
            continue;
        for (unsigned j = 0; j < G_N_ELEMENTS(issues); j++, first = false) {
            schedule plan = expected_copies(&task, &algorithms[i], issues[j]);
            widen_by_algorithm(&task, &algorithms[i], issues[j], &window);
            (first ? start_with : keep_common)(out, &plan, facts->sent);
        }
    }
    hull_of(&window, out);
}

unsigned
nh_timer_runs(const nh_policy *policy, nh_family family, nh_wait wait, nh_timer_run runs[NH_TIMER_RUNS])
{
    const nh_wait_facts facts = { .wait = wait, .sent = NH_TIME_NONE };
    rpc_task task = task_of(policy, &facts);
    majors window = { 0 };

    for (unsigned i = 0; i < G_N_ELEMENTS(algorithms); i++)
        if (family == NH_FAMILY_UNKNOWN || algorithms[i].family == family)
            widen_by_algorithm(&task, &algorithms[i], 0, &window);
    memcpy(runs, window.run, window.n * sizeof *runs);
    return window.n;
}

void
nh_timer_major_range(const nh_policy *policy, nh_family family, nh_wait wait, nh_time *shortest, nh_time *longest)
{
    nh_wait_facts facts = { .wait = wait, .sent = NH_TIME_NONE };
    nh_deadlines range;

    nh_timer_predict(policy, family, &facts, &range);
    *shortest = range.major_earliest;
    *longest = range.major_latest;
}

static bool
within(nh_time t, nh_time from, nh_time to)
{
    return from <= t && t <= to;
}

/* Do the transmissions, and the look-up after the major timeout, fit this plan? */
static bool
plan_fits(const schedule *plan, nh_time early, unsigned hz, const nh_time *sent, unsigned n_sent, nh_time rebind)
{
    for (unsigned i = 0; i < plan->n_minor && i + 1 < n_sent; i++) {
        nh_time wait = plan->minor[i] - (i ? plan->minor[i - 1] : 0);
        if (!within(sent[i + 1] - sent[i], wait - NH_GAP_EARLY, wait + wheel_granularity(wait, hz) + NH_GAP_LATE))
            return false;
    }
    /* The copy after the major timeout waits for the look-up, and for a connection if the old one is gone. */
    unsigned after = plan->n_minor + 1;
    if (plan->n_minor < NH_MINOR_MAX && after < n_sent &&
        !within(sent[after] - sent[0], plan->major - early, plan->latest + NH_RESENT_LATE))
        return false;
    return !nh_time_known(rebind) || within(rebind - sent[0], plan->major - early, plan->latest + NH_FIRE_DELAY + NH_REBIND_LATE);
}

nh_family
nh_timer_recognise(const nh_policy *policy, nh_wait wait, const nh_time *sent, unsigned n_sent, nh_time rebind)
{
    const nh_wait_facts facts = { .wait = wait };
    rpc_task task = task_of(policy, &facts);
    nh_family found = NH_FAMILY_UNKNOWN;

    /* After trouble a call is first sent with any step of its timer. */
    if (n_sent == 0 || !waits_for_reply(&task))
        return NH_FAMILY_UNKNOWN;
    for (unsigned i = 0; i < G_N_ELEMENTS(algorithms) * G_N_ELEMENTS(ticks_per_second); i++) {
        const algorithm *alg = &algorithms[i / G_N_ELEMENTS(ticks_per_second)];
        unsigned hz = ticks_per_second[i % G_N_ELEMENTS(ticks_per_second)];
        schedule plan = run_task(&task, alg, steps_to_send(&task, alg), 0, hz);
        /* Counted from the start of the task, the deadline comes earlier after the first copy by the time to connect. */
        nh_time early = wait == NH_WAIT_REPLY_NEW && !alg->armed_at_send ? NH_RETRY_DELAY : NH_GAP_EARLY;
        if (!plan_fits(&plan, early, hz, sent, n_sent, rebind))
            continue;
        if (found != NH_FAMILY_UNKNOWN && found != alg->family)
            return NH_FAMILY_UNKNOWN;
        found = alg->family;
    }
    return found;
}

char *
nh_policy_text(const nh_policy *policy, nh_family family)
{
    const char *name = nh_family_name(family);
    if (policy->kind == NH_POLICY_MOUNT)
        return g_strdup_printf("mount timeo=%u,retrans=%u,proto=%s,%s", policy->timeo, policy->retrans, defaults_of(policy->proto)->name,
                               policy->hard ? "hard" : "soft");
    if (!name)
        return g_strdup_printf("lockd nlm_timeout=%u", policy->nlm_timeout);
    return g_strdup_printf("lockd nlm_timeout=%u (Linux %s)", policy->nlm_timeout, name);
}

/*
 * xprtsock.c xs_tcp_set_socket_timeouts(): TCP_USER_TIMEOUT is 3 * 60 s, counted
 * from the first time the FIN is resent (0.2 s); tcp_clamp_rto_to_user_timeout()
 * sets the last timer of 78 s to that moment, and the wheel is up to 4.1 s late.
 */
void
nh_timer_fin_block(nh_time fin_earliest, nh_time fin_latest, nh_time *earliest, nh_time *latest)
{
    *earliest = fin_earliest + NH_USER_TIMEOUT;
    *latest = fin_latest + NH_SOCKET_MAX;
}
