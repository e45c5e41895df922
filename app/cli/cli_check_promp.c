/* SPDX-License-Identifier: Apache-2.0 */

/* What `promp doctor` checks of promp: its folder, its programs, and one task in one worker. */

#include "cli_checks.h"

#include <promp/promp.h>

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { SELF_TEST_TIMEOUT_MS = 10000, SELF_TEST_OUTPUT_BYTES = 512, SOCKET_FOLDER_MIN_KIB = 1024 };

/* The longest socket name that is expected: a manager in a worker in a worker. */
#define SOCKET_SAMPLE "/promp-XXXXXX/m99.999.99.999.99"

/* NULL if sockets can be made there, else why not. */
static const char *why_unusable(const char *folder)
{
    struct stat info;
    if (folder[0] != '/')
        return "not an absolute path";
    if (stat(folder, &info) != 0)
        return strerror(errno);
    if (!S_ISDIR(info.st_mode))
        return strerror(ENOTDIR);
    return access(folder, W_OK | X_OK) == 0 ? NULL : strerror(errno);
}

static bool check_room(const char *folder)
{
    struct statvfs info;
    if (statvfs(folder, &info) != 0)
        return check_report(false, "room for sockets", "%s: %s", folder, strerror(errno));
    uint64_t free_kib = (uint64_t)info.f_bavail * info.f_frsize >> 10;
    bool ok = free_kib >= SOCKET_FOLDER_MIN_KIB;
    return check_report(ok, "room for sockets", "%" PRIu64 " KiB free in %s%s", free_kib, folder,
            ok ? "" : ": make room there, or set XDG_RUNTIME_DIR to another folder");
}

static bool check_path_length(const char *folder)
{
    const size_t limit = sizeof((struct sockaddr_un *)0)->sun_path - 1;
    size_t length = strlen(folder) + strlen(SOCKET_SAMPLE);
    bool ok = length <= limit;
    return check_report(ok, "socket paths", "up to %zu bytes, %zu are allowed%s", length, limit,
            ok ? "" : ": set XDG_RUNTIME_DIR or TMPDIR to a shorter folder");
}

/* The first usable one is taken, as a manager does; one that is set and is not usable is told. */
bool check_socket_folder(void)
{
    static const char *const variables[] = {"XDG_RUNTIME_DIR", "TMPDIR", NULL};
    char passed_over[2 * PATH_MAX] = "";
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++) {
        const char *name = variables[i] != NULL ? variables[i] : "the last resort";
        const char *folder = variables[i] != NULL ? getenv(variables[i]) : "/tmp";
        if (folder == NULL)
            continue;
        const char *reason = why_unusable(folder);
        if (reason == NULL) {
            (void)check_report(true, "socket folder", "%s (%s)%s", folder, name, passed_over);
            bool has_room = check_room(folder);
            return check_path_length(folder) && has_room;
        }
        size_t used = strlen(passed_over);
        (void)snprintf(passed_over + used, sizeof passed_over - used, "; %s %s is not usable: %s",
                name, folder, reason);
    }
    return check_report(false, "socket folder",
            "none%s. Set XDG_RUNTIME_DIR to a folder that you may write to", passed_over);
}

bool check_worker_program(void)
{
    char path[PATH_MAX];
    ProError error = {0};
    if (pro_find_worker_program(path, sizeof path, &error) != PRO_OK)
        return check_report(false, "worker program", "%s", error.text);
    return check_report(true, "worker program", "%s", path);
}

bool check_python(void)
{
    if (access(PROMP_PYTHON_PROGRAM, X_OK) != 0)
        return check_report(false, "Python",
                "%s inside, but %s cannot be run (%s): install it, scripts that start a Python of "
                "their own need it",
                cli_python_version(), PROMP_PYTHON_PROGRAM, strerror(errno));
    return check_report(true, "Python", "%s, %s", cli_python_version(), PROMP_PYTHON_PROGRAM);
}

typedef struct SelfTest {
    ProManager *manager;
    ProWorkerId worker;
    char output[SELF_TEST_OUTPUT_BYTES]; /* of the worker; NUL-terminated, cut at the end */
    char notices[SELF_TEST_OUTPUT_BYTES];
} SelfTest;

static void keep_output(void *user, ProWorkerId worker, int stream, const void *data, size_t size)
{
    SelfTest *test = user;
    char *kept = worker == PRO_WORKER_INVALID ? test->notices : test->output;
    size_t used = strlen(kept);
    (void)stream;
    (void)snprintf(
            kept + used, SELF_TEST_OUTPUT_BYTES - used, "%.*s", (int)size, (const char *)data);
}

static ProStatus give_test_message(SelfTest *test, ProError *reterr)
{
    const ProTaskSpec spec = {.kind = PRO_TASK_TEST_MESSAGE, .want_result = true};
    ProStatus status = pro_manager_new(&test->manager, reterr);
    if (status != PRO_OK)
        return status;
    pro_manager_set_output_handler(test->manager, keep_output, test);
    status = pro_manager_set_options(
            test->manager, PRO_OPT_ATOMIC_OUTPUT | PRO_OPT_NO_REPLACE, reterr);
    if (status == PRO_OK)
        status = pro_manager_start_worker(test->manager, &test->worker, reterr);
    if (status == PRO_OK)
        status = pro_manager_give_task(test->manager, test->worker, &spec, NULL, reterr);
    if (status == PRO_OK)
        status = pro_manager_wait(test->manager, SELF_TEST_TIMEOUT_MS, reterr);
    return status;
}

static int64_t now_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static bool report_self_test(SelfTest *test, int64_t elapsed_us)
{
    static const char expected[] = "Test message.\n";
    ProError error = {0};
    ProEnding *ending = NULL;
    if (pro_manager_take_result(test->manager, test->worker, &ending, &error) != PRO_OK)
        return check_report(false, "self-test", "the task never ended: %s", error.text);
    bool returned = pro_ending_kind(ending) == PRO_ENDING_RESULT;
    bool ok = returned && strcmp(test->output, expected) == 0;
    if (ok)
        (void)check_report(true, "self-test", "a worker printed the test message, %.1f ms",
                (double)elapsed_us / 1000);
    else if (returned)
        (void)check_report(false, "self-test",
                "the worker printed \"%s\" instead of \"Test message.\": is the worker program of "
                "another version?",
                test->output);
    else
        (void)check_report(false, "self-test",
                "the task ended as %s: %s. Run the worker program alone to see whether it starts",
                pro_ending_kind_text(pro_ending_kind(ending)), pro_ending_message(ending));
    pro_ending_free(ending);
    return ok;
}

bool check_self_test(void)
{
    SelfTest test = {0};
    ProError error = {0};
    bool ok = false;
    int64_t start_us = now_us();
    if (give_test_message(&test, &error) == PRO_OK)
        ok = report_self_test(&test, now_us() - start_us);
    else
        (void)check_report(false, "self-test", "%s", error.text);
    if (!ok && test.notices[0] != '\0')
        (void)printf("%s", test.notices);
    pro_manager_free(test.manager);
    return ok;
}
