/* SPDX-License-Identifier: Apache-2.0 */

/* Events: what is open, the calls that wait, idle notifications. */

#include "view.h"

#include <promp/manager.h>
#include <promp/worker.h>

#include <limits.h>
#include <time.h>

#define MS_NS INT64_C(1000000)

static ProView *first_open; /* the newest; by ProView.next_open */
static ProView *current;
static int64_t quiet_until_ns; /* until then the managers' descriptor is not watched */
static bool (*check)(void *user);
static void *check_user;

int64_t loop_now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* ---- the probe ---- */

static struct {
    int64_t clock, processor;
} away_since, longest; /* away_since.clock 0: waiting */

static int64_t processor_ns(void)
{
    struct timespec used;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return (int64_t)used.tv_sec * 1000000000 + used.tv_nsec;
}

void loop_before_wait(void)
{
    if (away_since.clock == 0)
        return;
    int64_t clock = loop_now_ns() - away_since.clock;
    int64_t processor = processor_ns() - away_since.processor;
    longest.clock = clock > longest.clock ? clock : longest.clock;
    longest.processor = processor > longest.processor ? processor : longest.processor;
    away_since.clock = 0;
}

void loop_after_wait(void)
{
    away_since.clock = loop_now_ns();
    away_since.processor = processor_ns();
}

void pro_ui_take_longest_ns(uint64_t *ret_clock, uint64_t *ret_processor)
{
    *ret_clock = (uint64_t)longest.clock;
    *ret_processor = (uint64_t)longest.processor;
    longest.clock = longest.processor = 0;
}

/* ---- idle notifications ---- */

void loop_due(int *ret_fd, int *ret_timeout_ms)
{
    int64_t now = loop_now_ns();
    int64_t next = now + LOOP_SLICE_MS * MS_NS;
    bool any = false;
    for (const ProView *view = first_open; view != NULL; view = view->next_open) {
        if (!view->is_idle)
            continue;
        any = true;
        next = view->idle_at_ns < next ? view->idle_at_ns : next;
    }
    bool quiet = now < quiet_until_ns;
    if (any && quiet && quiet_until_ns < next)
        next = quiet_until_ns;
    *ret_fd = any && !quiet ? pro_managers_fd() : -1;
    *ret_timeout_ms = next <= now ? 0 : (int)((next - now + MS_NS - 1) / MS_NS);
}

/* The callbacks may open and close views: begin anew after each. */
void loop_dispatch(bool fd_ready)
{
    int64_t begun = loop_now_ns();
    int64_t due = fd_ready ? INT64_MAX : begun;
    if (fd_ready)
        quiet_until_ns = begun + LOOP_IDLE_PAUSE_MS * MS_NS;
    for (ProView *view = first_open; view != NULL;) {
        if (!view->is_idle || view->idle_at_ns > due ||
                view->idle_at_ns >= begun + LOOP_IDLE_MS * MS_NS) {
            view = view->next_open;
            continue;
        }
        view->idle_at_ns = loop_now_ns() + LOOP_IDLE_MS * MS_NS;
        (void)view_notify(view, PRO_PVN_IDLE);
        view = first_open;
    }
    if (fd_ready) /* from when the callbacks were through */
        quiet_until_ns = loop_now_ns() + LOOP_IDLE_PAUSE_MS * MS_NS;
}

ProStatus pro_view_start_idle(ProView *view, ProError *reterr)
{
    if (backend_get(reterr) == NULL)
        return PRO_ERR_WRONG_THREAD;
    view->top->is_idle = true;
    view->top->idle_at_ns = loop_now_ns();
    return PRO_OK;
}

ProStatus pro_view_stop_idle(ProView *view, ProError *reterr)
{
    if (backend_get(reterr) == NULL)
        return PRO_ERR_WRONG_THREAD;
    view->top->is_idle = false;
    return PRO_OK;
}

/* ---- what is open ---- */

ProView *loop_first_open(void)
{
    return first_open;
}

void loop_set_current(ProView *view)
{
    current = view;
}

ProView *pro_ui_current_view(void)
{
    return current != NULL ? current : first_open;
}

ProStatus loop_open(ProView *view, bool as_dialog, ProError *reterr)
{
    const UiBackend *backend = backend_get(reterr);
    if (backend == NULL)
        return PRO_ERR_WRONG_THREAD;
    if (view != view->top || view->is_open)
        return ui_error(reterr, PRO_ERR_INVALID, "%s",
                view->is_open ? "the view is open already" : "a control cannot be opened alone");
    if (view->type == PRO_VIEW_CUSTOM && !view->is_set_up)
        return ui_error(reterr, PRO_ERR_INVALID, "set the custom view up before it is opened");
    view->is_dialog = as_dialog;
    view->result = 0;
    ProStatus status = backend->open(view, reterr);
    if (status != PRO_OK)
        return status;
    view->is_open = true;
    view->next_open = first_open;
    first_open = pro_view_ref(view);
    current = view;
    if (!view->was_initialised) {
        view->was_initialised = true;
        (void)view_notify(view, PRO_PVN_INIT);
    }
    if (view->is_open)
        backend->present(view);
    return PRO_OK;
}

void loop_close(ProView *view, int result)
{
    view = view->top;
    if (!view->is_open)
        return;
    view->is_open = false;
    view->is_idle = false;
    view->result = result;
    (void)view_notify(view, PRO_PVN_CLOSE);
    backend_current()->close(view);
    for (ProView **place = &first_open; *place != NULL; place = &(*place)->next_open) {
        if (*place == view) {
            *place = view->next_open;
            break;
        }
    }
    if (current == view)
        current = NULL;
    pro_view_unref(view);
}

ProStatus pro_view_close(ProView *view, int result, ProError *reterr)
{
    if (backend_get(reterr) == NULL)
        return PRO_ERR_WRONG_THREAD;
    loop_close(view, result);
    return PRO_OK;
}

void pro_ui_close_all(void)
{
    if (backend_get(NULL) == NULL)
        return;
    while (first_open != NULL)
        loop_close(first_open, 0);
}

ProStatus pro_ui_add_view(ProView *view, ProError *reterr)
{
    return loop_open(view, false, reterr);
}

/* ---- the calls that wait ---- */

void pro_ui_set_check(bool (*function)(void *user), void *user)
{
    check = function;
    check_user = user;
}

bool loop_goes_on(void *unused)
{
    (void)unused;
    return check == NULL || check(check_user);
}

/* A worker's task that was aborted has nobody to look at its views. */
static bool close_if_aborted(void)
{
    const ProWorker *worker = pro_worker_current();
    bool aborted = worker != NULL && pro_worker_was_aborted(worker);
    if (aborted && first_open != NULL)
        pro_ui_close_all();
    return aborted;
}

bool loop_has_check(void)
{
    return check != NULL;
}

ProStatus loop_wait_until(bool (*done)(void *user), void *user, ProError *reterr)
{
    const UiBackend *backend = backend_get(reterr);
    if (backend == NULL)
        return PRO_ERR_WRONG_THREAD;
    loop_after_wait();
    while (!done(user)) {
        (void)backend->iterate(LOOP_SLICE_MS);
        if (!loop_goes_on(NULL))
            return ui_error(reterr, PRO_ERR_ABORTED, "interrupted while a view was open");
        /* A box of native code has no language that an interrupt would end. */
        if (close_if_aborted() && check == NULL && !done(user))
            return ui_error(reterr, PRO_ERR_ABORTED, "the task was aborted");
    }
    return PRO_OK;
}

static bool nothing_is_open(void *user)
{
    (void)user;
    return first_open == NULL;
}

ProStatus pro_ui_run(ProError *reterr)
{
    return loop_wait_until(nothing_is_open, NULL, reterr);
}

static void pump(const UiBackend *backend)
{
    int64_t until = loop_now_ns() + LOOP_PUMP_MS * MS_NS;
    loop_after_wait();
    while (backend->iterate(0) && loop_now_ns() < until) {
    }
}

/* A callback in here may deliver, and so come here again: some levels of that are one dialog above
 * another, more would be a loop. */
void loop_pump(void)
{
    enum { LEVELS_MAX = 8 };
    static int level;
    if (level >= LEVELS_MAX)
        return;
    level++;
    pump(backend_current());
    level--;
}

ProStatus pro_ui_process_events(ProError *reterr)
{
    const UiBackend *backend = backend_get(reterr);
    if (backend == NULL)
        return PRO_ERR_WRONG_THREAD;
    pump(backend);
    if (!loop_goes_on(NULL))
        return ui_error(reterr, PRO_ERR_ABORTED, "interrupted while events were handled");
    (void)close_if_aborted();
    return PRO_OK;
}

static bool is_closed(void *user)
{
    const ProView *view = user;
    return !view->is_open;
}

ProStatus pro_view_show_dialog(ProView *view, int *ret_result, ProError *reterr)
{
    pro_view_ref(view);
    ProStatus status = loop_open(view, true, reterr);
    if (status == PRO_OK) {
        status = loop_wait_until(is_closed, view, reterr);
        if (status != PRO_OK)
            loop_close(view, 0);
        else if (ret_result != NULL)
            *ret_result = view->result;
    }
    pro_view_unref(view);
    return status;
}
