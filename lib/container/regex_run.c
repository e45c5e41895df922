/* SPDX-License-Identifier: Apache-2.0 */
#include "container/regex.h"

#include "core/clock.h"
#include "core/error.h"

#include <stdlib.h>

/*
 * How fast PCRE2 is depends on the expression and on the data, by a factor of a hundred; so does
 * what the filter saves. Both are measured, in processor time: PCRE2 on the first bytes of every
 * region, then the filter as it goes. Whoever is slower rests until the region ends.
 */
enum {
    REGION_MIN = 1 << 20,
    REGION_MAX = 16 << 20,
    TRIAL_UNTIMED = 1 << 10,
    TRIAL_MIN = 4 << 10,
    TRIAL_MAX = 64 << 10, /* unless TRIAL_NS have passed before */
    TRIAL_NS = 10000,
    TRIED_MAX = 32 << 10,       /* bytes that come to no whole trial: matches lie close */
    PIECE_MIN = 128 << 10,      /* between two looks at the clock, or HITS_AT_ONCE */
    HITS_AT_ONCE = 32,          /* a look costs as much as a few hits */
    SLACK_NS = 3000,            /* what the filter may cost before it is judged */
    HITS_PER_64K_MAX = 1 << 10, /* by the sample, for the filter to begin */
    MATCH_DISTANCE = 2048,      /* at least, on average, for the filter to go on */
    MATCHES_ALLOWED = 16,
    LAG_MAX = 64 << 10, /* what a new plan may have to look at again */
    REGION_OF_TESTS = 64,
    LAG_OF_TESTS = 32,
};

struct RegexRun {
    RegexMatcher *matcher;
    const RegexFilter *filter;
    bool always;
    bool filtering;    /* in this region; else PCRE2 alone */
    bool dense;        /* matches lie close here: no call of PCRE2 needs an end */
    size_t region;     /* how many bytes the next choice holds */
    size_t left;       /* bytes of this region */
    size_t covered;    /* by the filter in this region */
    size_t matches;    /* in them */
    size_t tried;      /* bytes since the last region */
    double plain_cost; /* of PCRE2 alone, nanoseconds a byte; 0: not known */
    FilterPlan plan;
};

ProStatus regex_run_new(const Regex *regex, RegexRun **ret_run, ProError *reterr)
{
    RegexRun *run = calloc(1, sizeof *run);
    if (run == NULL)
        return error_set(reterr, PRO_ERR_NO_MEMORY, "no memory for a search");
    ProStatus status = regex_matcher_new(regex, &run->matcher, reterr);
    if (status != PRO_OK) {
        free(run);
        return status;
    }
    run->filter = regex_filter(regex);
    run->region = REGION_MIN;
    *ret_run = run;
    return PRO_OK;
}

void regex_run_free(RegexRun *run)
{
    if (run == NULL)
        return;
    regex_matcher_free(run->matcher);
    free(run);
}

void regex_run_always_filter(RegexRun *run)
{
    run->always = true;
    run->region = REGION_OF_TESTS;
}

/* A search under way: no match begins before `position`. */
typedef struct Step {
    const RegexWindow *window;
    size_t position;
    RegexResult result;
    bool done; /* the result stands */
} Step;

/* PCRE2, for matches that begin at `first` or later, before `end`. */
static ProStatus search_between(
        RegexRun *run, Step *step, size_t first, size_t end, ProError *reterr)
{
    bool to_end = end >= step->window->size;
    ProStatus status = regex_match(run->matcher, step->window, first,
            to_end ? REGEX_TO_END : end - 1, &step->result, reterr);
    if (status != PRO_OK)
        return status;
    step->done = to_end || step->result.outcome != REGEX_NONE;
    step->position = step->result.outcome == REGEX_NONE ? end : step->result.begin;
    return PRO_OK;
}

/* The same for the next `bytes`. */
static ProStatus search_plainly(RegexRun *run, Step *step, size_t bytes, ProError *reterr)
{
    size_t left = step->window->size - step->position;
    return search_between(
            run, step, step->position, step->position + (bytes < left ? bytes : left), reterr);
}

/*
 * How fast PCRE2 alone is here. What is found within the first bytes costs no look at the clock,
 * nor counts a search's first call, which is slower than any other. The first trial is short, since
 * it may be very slow.
 */
static ProStatus try_plainly(RegexRun *run, Step *step, ProError *reterr)
{
    ProStatus status = search_plainly(run, step, TRIAL_UNTIMED, reterr);
    uint64_t spent = 0;
    for (size_t bytes = TRIAL_MIN;
            status == PRO_OK && !step->done && bytes <= TRIAL_MAX && spent < TRIAL_NS;
            bytes *= TRIAL_MAX / TRIAL_MIN) {
        uint64_t begin = clock_cpu_ns();
        status = search_plainly(run, step, bytes, reterr);
        spent = clock_cpu_ns() - begin;
        run->plain_cost = (double)spent / (double)bytes;
    }
    return status;
}

static void plan(RegexRun *run, const Step *step, bool may_be_byte)
{
    size_t left = step->window->size - step->position;
    run->covered = 0;
    run->matches = 0;
    regex_filter_plan(run->filter, step->window->data + step->position,
            left < run->left ? left : run->left, may_be_byte, &run->plan);
    run->filtering = run->always || run->plan.hits_per_64k <= HITS_PER_64K_MAX;
}

static void begin_region(RegexRun *run)
{
    run->tried = 0;
    run->filtering = false;
    run->dense = false;
    run->left = run->region;
    if (run->region < REGION_MAX && !run->always)
        run->region *= 2;
}

/* Matches are so many that the filter has no part in finding the next. The call that finds where
 * they end goes on to the next one after, however far that is, as PCRE2 alone would. */
static void go_dense(RegexRun *run)
{
    run->filtering = false;
    run->dense = true;
    regex_matcher_unlimit(run->matcher);
}

/* Between two regions: a trial, unless matches are so many that none comes to its end. */
static ProStatus choose(RegexRun *run, Step *step, ProError *reterr)
{
    size_t begin = step->position;
    ProStatus status = run->always ? PRO_OK : try_plainly(run, step, reterr);
    if (status != PRO_OK)
        return status;
    run->tried += step->position - begin;
    if (!step->done) {
        begin_region(run);
        plan(run, step, true);
    } else if (run->tried > TRIED_MAX) {
        begin_region(run);
        go_dense(run);
    }
    return PRO_OK;
}

/* ---- with the filter ---- */

/* How one call of the filter goes. */
typedef struct Pace {
    size_t from; /* no hit that was not searched at is before */
    size_t region_end;
    size_t begin;
    size_t timed_from; /* the first look at the clock; most calls end before */
    uint64_t timed_ns; /* 0: not yet */
    size_t hits;       /* since the last look at the clock */
    size_t piece;
    size_t look_at; /* look there, if not before */
} Pace;

static Pace pace_begin(const RegexRun *run, const Step *step)
{
    return (Pace){.from = step->position,
            .region_end = step->position + run->left,
            .begin = step->position,
            .piece = PIECE_MIN,
            .look_at = step->position + PIECE_MIN};
}

static bool is_too_slow(const RegexRun *run, Pace *pace)
{
    if (pace->hits < HITS_AT_ONCE && pace->from < pace->look_at)
        return false;
    pace->hits = 0;
    pace->piece *= 2;
    pace->look_at = pace->from + pace->piece;
    uint64_t now = clock_cpu_ns();
    if (pace->timed_ns == 0) {
        pace->timed_ns = now;
        pace->timed_from = pace->from;
        return false;
    }
    double allowed = run->plain_cost * (double)(pace->from - pace->timed_from) + SLACK_NS;
    return !run->always && (double)(now - pace->timed_ns) > allowed;
}

/* Calls that find something soon are too short for the clock. */
static bool finds_too_much(const RegexRun *run, const Pace *pace)
{
    size_t bytes = run->covered + (pace->from - pace->begin);
    return !run->always && run->matches > bytes / MATCH_DISTANCE + MATCHES_ALLOWED;
}

static ProStatus search_at_hit(RegexRun *run, Step *step, Pace *pace, size_t hit, ProError *reterr)
{
    size_t first = filter_first_start(&run->plan, step->window->data, step->position, hit);
    size_t last = hit - run->plan.nearest;
    pace->from = hit + 1;
    pace->hits++;
    step->position = first > last ? first : step->position;
    return first > last ? PRO_OK : search_between(run, step, first, last + 1, reterr);
}

/* No hit before the window's end: what is left may match with what follows. */
static ProStatus search_rest(RegexRun *run, Step *step, ProError *reterr)
{
    size_t end = step->window->size;
    if (step->window->more) {
        size_t first = filter_first_start(&run->plan, step->window->data, step->position, end);
        return search_between(run, step, first, end, reterr);
    }
    step->result = (RegexResult){.outcome = REGEX_NONE};
    step->position = end;
    step->done = true;
    return PRO_OK;
}

/* Another plan would have to look again at what this one has not ruled out. */
static bool keeps_plan(const RegexRun *run, Step *step, Pace *pace)
{
    size_t first =
            filter_first_start(&run->plan, step->window->data, step->position, pace->region_end);
    step->position = first;
    if (pace->region_end - first <= (run->always ? LAG_OF_TESTS : LAG_MAX))
        return false;
    pace->region_end += run->region;
    return true;
}

/* Up to the region's end, or until the filter is too slow. */
static ProStatus search_filtered(RegexRun *run, Step *step, ProError *reterr)
{
    const RegexWindow *window = step->window;
    Pace pace = pace_begin(run, step);
    ProStatus status = PRO_OK;
    while (status == PRO_OK && !step->done && run->filtering) {
        size_t end = pace.region_end < window->size ? pace.region_end : window->size;
        size_t limit = end < pace.look_at ? end : pace.look_at;
        size_t hit = filter_next_hit(&run->plan, window->data, window->size, step->position,
                pace.from, limit, window->more);
        if (hit < limit) {
            status = search_at_hit(run, step, &pace, hit, reterr);
        } else {
            pace.from = limit;
            if (limit == window->size)
                status = search_rest(run, step, reterr);
            else if (limit == end && !keeps_plan(run, step, &pace))
                break;
        }
        if (finds_too_much(run, &pace))
            go_dense(run);
        else if (is_too_slow(run, &pace))
            run->filtering = false;
    }
    run->covered += pace.from - pace.begin;
    run->matches += step->done;
    run->left = pace.region_end > step->position ? pace.region_end - step->position : 0;
    if (pace.from == pace.region_end)
        run->left = 0;
    return status;
}

/* The shortest way to the next match: it is near. */
static ProStatus run_dense(RegexRun *run, const RegexWindow *window, size_t start,
        RegexResult *ret_result, ProError *reterr)
{
    ProStatus status = regex_match(run->matcher, window, start, REGEX_TO_END, ret_result, reterr);
    size_t end = ret_result->outcome == REGEX_NONE ? window->size : ret_result->begin;
    if (status == PRO_OK)
        run->left -= end - start < run->left ? end - start : run->left;
    return status;
}

ProStatus regex_run(RegexRun *run, const RegexWindow *window, size_t start, RegexResult *ret_result,
        ProError *reterr)
{
    if (run->filter == NULL)
        return regex_match(run->matcher, window, start, REGEX_TO_END, ret_result, reterr);
    if (run->dense && run->left > 0)
        return run_dense(run, window, start, ret_result, reterr);
    Step step = {.window = window, .position = start};
    ProStatus status = PRO_OK;
    while (status == PRO_OK && !step.done) {
        if (run->left == 0) {
            status = choose(run, &step, reterr);
        } else if (run->filtering) {
            status = search_filtered(run, &step, reterr);
            /* The byte was not as rare as in the sample. */
            if (!run->filtering && run->plan.one_byte && status == PRO_OK && !step.done)
                plan(run, &step, false);
        } else {
            size_t begin = step.position;
            status = search_plainly(run, &step, run->left, reterr);
            size_t moved = step.position - begin;
            run->left -= moved < run->left ? moved : run->left;
        }
    }
    *ret_result = step.result;
    return status;
}
