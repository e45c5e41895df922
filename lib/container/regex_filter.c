/* SPDX-License-Identifier: Apache-2.0 */
#include "container/regex_filter.h"

#include "container/scan.h"

#include <stdlib.h>
#include <string.h>

enum {
    RUNS_MAX = 64,           /* of all branches */
    RARE_COUNT_MAX = 2,      /* of a sample, for a byte to be looked for alone */
    FAR_PENALTY = 4,         /* a hit far from its match's beginning costs more */
    NEAR_BYTES = 4096,       /* is not far */
    LOOK_BACK_MIN = 16,      /* starts are not worth looking back for */
    LOOK_BACK_MAX = 1 << 16, /* bytes, for one hit */
    SAMPLE_SCALE = 1 << 16,
};

struct RegexFilter {
    size_t branch_count;
    size_t run_count;
    FilterRun runs[RUNS_MAX];
};

/* ---- the runs of a shape ---- */

typedef struct Builder {
    RegexFilter *filter;
    FilterRun run;    /* the one that grows */
    uint32_t nearest; /* of what comes next, from the match's beginning */
    uint32_t farthest;
    ByteSet before;
} Builder;

static void begin_run(Builder *builder, uint32_t back)
{
    builder->run.count = 0;
    builder->run.nearest = builder->nearest - back;
    builder->run.farthest =
            builder->farthest == SHAPE_UNBOUNDED ? FILTER_ANYWHERE : builder->farthest - back;
    builder->run.before = builder->before;
}

static void end_run(Builder *builder)
{
    RegexFilter *filter = builder->filter;
    bool tells = false;
    for (size_t i = 0; i < builder->run.count; i++)
        tells = tells || byte_set_count(&builder->run.cells[i]) < 256;
    if (tells && filter->run_count < RUNS_MAX)
        filter->runs[filter->run_count++] = builder->run;
}

static void add_cell(Builder *builder, const ByteSet *set)
{
    FilterRun *run = &builder->run;
    run->cells[run->count] = *set;
    run->halves[run->count++] = byte_halves(set);
}

static void add_step(Builder *builder, const ShapeStep *step)
{
    uint32_t cells = step->min < FILTER_RUN_CELLS ? step->min : FILTER_RUN_CELLS;
    for (uint32_t i = 0; i < cells; i++) {
        if (builder->run.count == FILTER_RUN_CELLS) {
            end_run(builder);
            begin_run(builder, 0);
        }
        add_cell(builder, &step->set);
        byte_set_unite(&builder->before, &step->set);
        builder->nearest = shape_at_least(builder->nearest, 1);
        builder->farthest = shape_add(builder->farthest, 1);
    }
    if (step->max == cells)
        return;
    /* What follows it is known to follow as many of it as there must be. */
    end_run(builder);
    byte_set_unite(&builder->before, &step->set);
    builder->nearest = shape_at_least(builder->nearest, step->min - cells);
    builder->farthest = step->max == SHAPE_UNBOUNDED
                                ? SHAPE_UNBOUNDED
                                : shape_add(builder->farthest, step->max - cells);
    begin_run(builder, cells);
    for (uint32_t i = 0; i < cells; i++)
        add_cell(builder, &step->set);
}

/* False: matches of this branch have nothing that can be looked for. */
static bool add_branch(RegexFilter *filter, const ShapeBranch *branch)
{
    size_t had = filter->run_count;
    Builder builder = {.filter = filter, .run = {.branch = filter->branch_count}};
    begin_run(&builder, 0);
    for (size_t i = 0; i < branch->count; i++)
        add_step(&builder, &branch->steps[i]);
    end_run(&builder);
    filter->branch_count++;
    return filter->run_count > had;
}

RegexFilter *regex_filter_new(const Shape *shape)
{
    RegexFilter *filter = class_scan_is_fast() ? calloc(1, sizeof *filter) : NULL;
    if (filter == NULL)
        return NULL;
    bool known = true;
    for (size_t i = 0; i < shape->count && known; i++)
        known = add_branch(filter, &shape->branches[i]);
    /* Usually a few of them. */
    RegexFilter *result =
            known ? malloc(offsetof(RegexFilter, runs) + filter->run_count * sizeof filter->runs[0])
                  : NULL;
    if (result != NULL)
        memcpy(result, filter,
                offsetof(RegexFilter, runs) + filter->run_count * sizeof filter->runs[0]);
    free(filter);
    return result;
}

void regex_filter_free(RegexFilter *filter)
{
    free(filter);
}

/* ---- plans ---- */

typedef struct Choice {
    const FilterRun *run;
    size_t cell;
    double rarity; /* how many places of the data have it, of 1; the less the better */
} Choice;

static double penalty(const FilterRun *run)
{
    return run->farthest > NEAR_BYTES ? FAR_PENALTY : 1;
}

/* How often a byte with these halves is in the data, never quite 0. */
static double frequency(ByteHalves halves, const uint16_t counts[256], double total)
{
    unsigned count = 0;
    for (unsigned high = 0; high < 16; high++)
        for (unsigned low = 0; low < 16 && (halves.high >> high & 1) != 0; low++)
            if ((halves.low >> low & 1) != 0)
                count += counts[high << 4 | low];
    return (count + 0.5) / (total + 0.5);
}

/* The rarest window of a run, if it is rarer than `best`. */
static void weigh_run(const FilterRun *run, const uint16_t counts[256], double total, Choice *best)
{
    double frequencies[FILTER_RUN_CELLS];
    for (size_t i = 0; i < run->count; i++)
        frequencies[i] = frequency(run->halves[i], counts, total);
    for (size_t first = 0; first < run->count; first++) {
        double rarity = penalty(run);
        for (size_t i = first; i < run->count && i < first + CLASS_SCAN_PLACES; i++)
            rarity *= frequencies[i];
        if (best->run == NULL || rarity < best->rarity)
            *best = (Choice){run, first, rarity};
    }
}

/* A byte that every match has and the sample hardly; false if there is none. */
static bool rarest_byte(
        const RegexFilter *filter, const uint16_t counts[256], uint8_t *ret_byte, Choice *ret)
{
    *ret = (Choice){.rarity = SAMPLE_SCALE};
    for (size_t r = 0; r < filter->run_count && filter->branch_count == 1; r++) {
        const FilterRun *run = &filter->runs[r];
        for (size_t i = 0; i < run->count; i++) {
            if (byte_set_count(&run->cells[i]) != 1)
                continue;
            unsigned byte = (unsigned)__builtin_ctz(run->halves[i].high) << 4 |
                            (unsigned)__builtin_ctz(run->halves[i].low);
            double rarity = (counts[byte] + 0.5) * penalty(run);
            if (counts[byte] > RARE_COUNT_MAX || rarity >= ret->rarity)
                continue;
            *ret = (Choice){run, i, rarity};
            *ret_byte = (uint8_t)byte;
        }
    }
    return ret->run != NULL;
}

static void take(FilterPlan *plan, const Choice *choice)
{
    const FilterRun *run = choice->run;
    size_t nearest = run->nearest + choice->cell;
    size_t farthest =
            run->farthest == FILTER_ANYWHERE ? FILTER_ANYWHERE : run->farthest + choice->cell;
    plan->runs[plan->branch_count] = run;
    plan->windows[plan->branch_count] = choice->cell;
    plan->branch_count++;
    plan->nearest = nearest < plan->nearest ? nearest : plan->nearest;
    plan->farthest = farthest > plan->farthest ? farthest : plan->farthest;
    byte_set_unite(&plan->before, &run->before);
    for (size_t i = 0; i < choice->cell; i++)
        byte_set_unite(&plan->before, &run->cells[i]);
    plan->before_any = byte_set_count(&plan->before) == 256;
}

static void set_scan(ClassScan *scan, size_t branch, const Choice *choice)
{
    static const ByteHalves any = {UINT16_MAX, UINT16_MAX};
    for (size_t place = 0; place < CLASS_SCAN_PLACES; place++) {
        size_t cell = choice->cell + place;
        class_scan_set(
                scan, branch, place, cell < choice->run->count ? choice->run->halves[cell] : any);
    }
}

void regex_filter_plan(const RegexFilter *filter, const uint8_t *data, size_t size,
        bool may_be_byte, FilterPlan *ret_plan)
{
    uint16_t counts[256];
    double total = (double)scan_sample(data, size, counts);
    double hits = 0;
    Choice choice;
    *ret_plan = (FilterPlan){.nearest = SIZE_MAX};
    if (may_be_byte && rarest_byte(filter, counts, &ret_plan->byte, &choice)) {
        ret_plan->one_byte = true;
        take(ret_plan, &choice);
        return;
    }
    for (size_t branch = 0; branch < filter->branch_count; branch++) {
        choice = (Choice){.run = NULL};
        for (size_t i = 0; i < filter->run_count; i++)
            if (filter->runs[i].branch == branch)
                weigh_run(&filter->runs[i], counts, total, &choice);
        set_scan(&ret_plan->scan, branch, &choice);
        take(ret_plan, &choice);
        hits += choice.rarity / penalty(choice.run);
    }
    ret_plan->hits_per_64k = hits > 1 ? SAMPLE_SCALE : (unsigned)(hits * SAMPLE_SCALE);
}

/* ---- hits ---- */

static bool fits(const FilterPlan *plan, size_t branch, const uint8_t *data, size_t size,
        size_t position, size_t at, bool more)
{
    const FilterRun *run = plan->runs[branch];
    if (at < plan->windows[branch] + run->nearest + position)
        return false;
    size_t begin = at - plan->windows[branch];
    for (size_t i = 0; i < run->count; i++) {
        if (begin + i >= size)
            return more;
        if (!byte_set_has(&run->cells[i], data[begin + i]))
            return false;
    }
    return true;
}

static bool any_fits(const FilterPlan *plan, unsigned branches, const uint8_t *data, size_t size,
        size_t position, size_t at, bool more)
{
    for (size_t branch = 0; branch < plan->branch_count; branch++)
        if ((branches >> branch & 1) != 0 && fits(plan, branch, data, size, position, at, more))
            return true;
    return false;
}

size_t filter_next_hit(const FilterPlan *plan, const uint8_t *data, size_t size, size_t position,
        size_t from, size_t limit, bool more)
{
    if (from < position + plan->nearest)
        from = position + plan->nearest;
    while (plan->one_byte && from < limit) {
        const uint8_t *found = memchr(data + from, plan->byte, limit - from);
        if (found == NULL)
            return limit;
        from = (size_t)(found - data);
        if (fits(plan, 0, data, size, position, from, more))
            return from;
        from++;
    }
    size_t whole = size < CLASS_SCAN_PLACES ? 0 : size - (CLASS_SCAN_PLACES - 1);
    whole = whole < limit ? whole : limit;
    while (from < whole) {
        unsigned branches;
        from = class_scan_find(&plan->scan, data, from, whole, &branches);
        if (from < whole && any_fits(plan, branches, data, size, position, from, more))
            return from;
        from += from < whole;
    }
    for (; from < limit; from++)
        if (any_fits(plan, UINT32_MAX, data, size, position, from, more))
            return from;
    return limit;
}

size_t filter_first_start(const FilterPlan *plan, const uint8_t *data, size_t position, size_t hit)
{
    size_t start = hit > plan->farthest ? hit - plan->farthest : 0;
    start = start < position ? position : start;
    if (plan->before_any || hit < start + LOOK_BACK_MIN)
        return start;
    size_t at = hit;
    while (at > start && byte_set_has(&plan->before, data[at - 1]))
        if (hit - --at > LOOK_BACK_MAX)
            return start;
    return at;
}
