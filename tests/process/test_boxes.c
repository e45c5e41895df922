/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Boxes of workers that have no window, shown by a program of its own (pro_boxes_set_ops()): here
 * by a list, which a test presses buttons in. The terminal is in tests/python/test_boxes.py,
 * windows are in tests/ui/test_worker_boxes.py.
 */

#include "process/engine.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

enum { SHOWN_MAX = 8 };

#define QUESTION "box 14 Shall it be done?" /* Yes, No, Cancel */

/* What is on the screen, and what was. */
typedef struct Screen {
    ProShownBox *shown[SHOWN_MAX];
    size_t count;
    unsigned opened;
    unsigned closed;
    ProBoxButtons press; /* by the next look; 0: nothing */
} Screen;

static Screen screen;

static bool on_open(void *user, ProShownBox *box)
{
    Screen *seen = user;
    assert_true(seen->count < SHOWN_MAX);
    seen->shown[seen->count++] = box;
    seen->opened++;
    return true;
}

static void forget(Screen *seen, const ProShownBox *box)
{
    for (size_t i = 0; i < seen->count; i++)
        if (seen->shown[i] == box) {
            seen->shown[i] = seen->shown[--seen->count];
            return;
        }
    fail_msg("a box is closed that is not shown");
}

static void on_close(void *user, ProShownBox *box)
{
    Screen *seen = user;
    forget(seen, box);
    seen->closed++;
}

static void press(ProBoxButtons button)
{
    ProShownBox *box = screen.shown[0];
    forget(&screen, box);
    pro_shown_box_answer(box, button);
}

static void on_look(void *user)
{
    Screen *seen = user;
    ProBoxButtons button = seen->press;
    seen->press = 0;
    if (button != 0)
        press(button);
}

static int no_fd(void *user)
{
    (void)user;
    return -1;
}

static void begin(Engine *engine, uint32_t options)
{
    static const ProBoxOps ops = {
            .open = on_open, .close = on_close, .process_events = on_look, .wait_fd = no_fd};
    screen = (Screen){0};
    pro_boxes_set_ops(&ops, &screen);
    engine_start(engine, options);
}

static void wait_until_shown(Engine *engine, unsigned opened)
{
    ProError error = {0};
    while (screen.opened < opened)
        (void)pro_manager_wait_any(engine->manager, 10, &error);
}

static void expect_button(Engine *engine, ProBoxButtons button)
{
    ProError error = {0};
    ProReader reader;
    size_t size;
    int64_t value = 0;
    engine_wait(engine);
    ProEnding *ending = engine_take(engine, PRO_WORKER_ANY);
    if (pro_ending_kind(ending) != PRO_ENDING_RESULT)
        fail_msg("%s", pro_ending_message(ending));
    const void *encoded = pro_ending_value(ending, &size);
    pro_reader_init(&reader, encoded, size);
    assert_ok(pro_read_int(&reader, &value, &error));
    assert_int_equal(value, button);
    pro_ending_free(ending);
}

static void expect_ending(Engine *engine, ProEndingKind kind)
{
    engine_wait(engine);
    ProEnding *ending = engine_take(engine, PRO_WORKER_ANY);
    assert_int_equal(pro_ending_kind(ending), kind);
    pro_ending_free(ending);
}

static void the_button_that_is_pressed_comes_back(void **state)
{
    (void)state;
    static const ProBoxButtons buttons[] = {PRO_BOX_YES, PRO_BOX_NO, PRO_BOX_CANCEL};
    Engine engine;
    begin(&engine, 0);
    ProWorkerId worker = engine_worker(&engine);
    for (unsigned i = 0; i < 3; i++) {
        engine_give(&engine, worker, QUESTION, true);
        wait_until_shown(&engine, i + 1);
        const ProBox *box = pro_shown_box_get(screen.shown[0]);
        assert_string_equal(box->text, "Shall it be done?");
        assert_string_equal(box->title, "Box of a task");
        assert_int_equal(box->buttons, PRO_BOX_YES | PRO_BOX_NO | PRO_BOX_CANCEL);
        assert_int_equal(box->icon, PRO_BOX_ICON_WARNING);
        screen.press = buttons[i];
        expect_button(&engine, buttons[i]);
    }
    assert_int_equal(screen.closed, 0);
    engine_end(&engine);
}

/* Each waits its turn, whoever asks. */
static void one_is_shown_at_a_time(void **state)
{
    (void)state;
    enum { WORKERS = 3 };
    Engine engine;
    begin(&engine, 0);
    for (int i = 0; i < WORKERS; i++)
        engine_give(&engine, engine_worker(&engine), QUESTION, true);
    for (unsigned i = 1; i <= WORKERS; i++) {
        wait_until_shown(&engine, i);
        assert_int_equal(screen.count, 1);
        press(PRO_BOX_NO);
    }
    for (int i = 0; i < WORKERS; i++)
        expect_button(&engine, PRO_BOX_NO);
    assert_int_equal(screen.opened, WORKERS);
    engine_end(&engine);
}

/* What cannot be pressed is no answer, but the least one. */
static void only_buttons_of_the_box_are_answers(void **state)
{
    (void)state;
    Engine engine;
    begin(&engine, 0);
    ProWorkerId worker = engine_worker(&engine);
    engine_give(&engine, worker, "box 12 Shall it be done?", true);
    wait_until_shown(&engine, 1);
    press(PRO_BOX_OK);
    expect_button(&engine, PRO_BOX_NO);
    assert_non_null(strstr(buffer_text(&engine.notices),
            "nobody is there to answer worker 1's box \"Shall it be done?\": no"));
    engine_end(&engine);
}

/* The flag takes the box off the screen; the worker lives on. */
static void a_cancel_closes_it(void **state)
{
    (void)state;
    ProError error = {0};
    Engine engine;
    begin(&engine, 0);
    ProWorkerId worker = engine_worker(&engine);
    engine_give(&engine, worker, QUESTION, true);
    wait_until_shown(&engine, 1);
    assert_ok(pro_manager_abort_operation(engine.manager, worker, WATCHDOG_MS, &error));
    expect_ending(&engine, PRO_ENDING_ABORTED);
    engine_give(&engine, worker, QUESTION, true);
    wait_until_shown(&engine, 2);
    assert_int_equal(screen.closed, 1);
    assert_int_equal(screen.count, 1);
    press(PRO_BOX_YES);
    expect_button(&engine, PRO_BOX_YES);
    engine_end(&engine);
}

static void the_death_of_the_worker_closes_it(void **state)
{
    (void)state;
    ProError error = {0};
    ProWorkerInfo info;
    Engine engine;
    begin(&engine, PRO_OPT_QUIET);
    ProWorkerId worker = engine_worker(&engine);
    engine_give(&engine, worker, QUESTION, true);
    wait_until_shown(&engine, 1);
    assert_ok(pro_manager_worker_info(engine.manager, worker, &info, &error));
    assert_return_code(kill((pid_t)info.pid, SIGKILL), errno);
    expect_ending(&engine, PRO_ENDING_DIED);
    assert_int_equal(screen.closed, 1);
    assert_int_equal(screen.count, 0);
    engine_give(&engine, worker, QUESTION, true); /* its replacement's */
    wait_until_shown(&engine, 2);
    press(PRO_BOX_NO);
    expect_button(&engine, PRO_BOX_NO);
    engine_end(&engine);
}

/* With a box on the screen and others that wait. */
static void the_manager_closes_them(void **state)
{
    (void)state;
    Engine engine;
    begin(&engine, PRO_OPT_QUIET);
    for (int i = 0; i < 3; i++)
        engine_give(&engine, engine_worker(&engine), QUESTION, false);
    wait_until_shown(&engine, 1);
    engine_end(&engine);
    assert_int_equal(screen.opened, 1);
    assert_int_equal(screen.closed, 1);
}

/* Far more than may be open: those that were given up are not. */
static void boxes_that_were_given_up_do_not_count(void **state)
{
    (void)state;
    ProError error = {0};
    Engine engine;
    begin(&engine, 0);
    ProWorkerId worker = engine_worker(&engine);
    engine_give(&engine, worker, "boxes 1000", true);
    expect_ending(&engine, PRO_ENDING_ABORTED);
    engine_give(&engine, worker, QUESTION, true);
    while (screen.count == 0 || pro_shown_box_get(screen.shown[0])->buttons == PRO_BOX_OK)
        (void)pro_manager_wait_any(engine.manager, 10, &error);
    press(PRO_BOX_NO);
    expect_button(&engine, PRO_BOX_NO);
    assert_string_equal(buffer_text(&engine.notices), "");
    engine_end(&engine);
}

static void hostile_texts_are_made_harmless(void **state)
{
    (void)state;
    Engine engine;
    begin(&engine, 0);
    ProWorkerId worker = engine_worker(&engine);
    engine_give(
            &engine, worker, "box 1 one\n\x1B]0;title\x07 \xE2\x80\xAEtxt.exe \xC2\x9B \xFF", true);
    wait_until_shown(&engine, 1);
    assert_string_equal(pro_shown_box_get(screen.shown[0])->text,
            "one\n\xEF\xBF\xBD]0;title\xEF\xBF\xBD \xEF\xBF\xBDtxt.exe \xEF\xBF\xBD \xEF\xBF\xBD");
    press(PRO_BOX_OK);
    expect_button(&engine, PRO_BOX_OK);
    engine_end(&engine);
}

/* A program that loads its user interface for the first box: who took its place is asked at once.
 */
static bool load(void *user, ProShownBox *box)
{
    static const ProBoxOps ops = {
            .open = on_open, .close = on_close, .process_events = on_look, .wait_fd = no_fd};
    (void)user;
    (void)box;
    pro_boxes_set_ops(&ops, &screen);
    return false;
}

static void who_shows_may_be_loaded_by_the_first_box(void **state)
{
    (void)state;
    static const ProBoxOps loader = {.open = load};
    Engine engine;
    begin(&engine, 0);
    pro_boxes_set_ops(&loader, NULL);
    ProWorkerId worker = engine_worker(&engine);
    engine_give(&engine, worker, QUESTION, true);
    wait_until_shown(&engine, 1);
    press(PRO_BOX_CANCEL);
    expect_button(&engine, PRO_BOX_CANCEL);
    engine_end(&engine);
}

static void what_a_line_means(void **state)
{
    (void)state;
    const unsigned question = PRO_BOX_YES | PRO_BOX_NO | PRO_BOX_CANCEL;
    assert_int_equal(pro_box_typed("", question), PRO_BOX_YES);
    assert_int_equal(pro_box_typed("N", question), PRO_BOX_NO);
    assert_int_equal(pro_box_typed("can", question), PRO_BOX_CANCEL);
    assert_int_equal(pro_box_typed("ok", question), 0);
    assert_int_equal(pro_box_typed("yes please", question), 0);
    assert_int_equal(pro_box_typed("", PRO_BOX_OK | PRO_BOX_CANCEL), PRO_BOX_OK);
    assert_int_equal(pro_box_least(question), PRO_BOX_CANCEL);
    assert_int_equal(pro_box_least(PRO_BOX_YES | PRO_BOX_NO), PRO_BOX_NO);
    assert_int_equal(pro_box_least(0), PRO_BOX_OK);
    /* The prompt names the words in the order in which they are typed, whatever the box has. */
    static const ProBoxButtons order[] = {PRO_BOX_YES, PRO_BOX_NO, PRO_BOX_OK, PRO_BOX_CANCEL};
    for (unsigned buttons = PRO_BOX_OK + 1; buttons <= PRO_BOX_BUTTONS; buttons++) {
        char expected[64] = "[";
        for (size_t i = 0; i < 4; i++)
            if ((buttons & order[i]) != 0) {
                strcat(expected, expected[1] == '\0' ? "" : "/");
                strcat(expected, pro_box_word(order[i]));
            }
        strcat(expected, "]");
        assert_string_equal(pro_box_prompt(buttons), expected);
    }
}

TEST_MAIN(cmocka_unit_test(the_button_that_is_pressed_comes_back),
        cmocka_unit_test(one_is_shown_at_a_time),
        cmocka_unit_test(only_buttons_of_the_box_are_answers), cmocka_unit_test(a_cancel_closes_it),
        cmocka_unit_test(the_death_of_the_worker_closes_it),
        cmocka_unit_test(the_manager_closes_them),
        cmocka_unit_test(boxes_that_were_given_up_do_not_count),
        cmocka_unit_test(hostile_texts_are_made_harmless),
        cmocka_unit_test(who_shows_may_be_loaded_by_the_first_box),
        cmocka_unit_test(what_a_line_means))
