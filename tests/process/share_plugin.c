/* SPDX-License-Identifier: Apache-2.0 */

/* What the tests of shared containers let a worker do. Every function takes the container's name
 * and, where it starts workers itself, this plug-in's path. */

#include "support/conformance.h"

#include <promp/plugin.h>
#include <promp/promp.h>

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* Found by name. */
PRO_API ProStatus share_hash(
        ProWorker *worker, ProReader *arguments, ProWriter *result, ProError *reterr);
PRO_API ProStatus share_crowd(
        ProWorker *worker, ProReader *arguments, ProWriter *result, ProError *reterr);
PRO_API ProStatus share_names(
        ProWorker *worker, ProReader *arguments, ProWriter *result, ProError *reterr);
PRO_API ProStatus share_attack(
        ProWorker *worker, ProReader *arguments, ProWriter *result, ProError *reterr);
PRO_API ProStatus share_conforms(
        ProWorker *worker, ProReader *arguments, ProWriter *result, ProError *reterr);
PRO_API ProStatus share_pass_on(
        ProWorker *worker, ProReader *arguments, ProWriter *result, ProError *reterr);
PRO_API ProStatus share_return(
        ProWorker *worker, ProReader *arguments, ProWriter *result, ProError *reterr);
PRO_API ProStatus share_keep(
        ProWorker *worker, ProReader *arguments, ProWriter *result, ProError *reterr);
PRO_API ProStatus share_measure(
        ProWorker *worker, ProReader *arguments, ProWriter *result, ProError *reterr);

/* The next value: the name of a shared container, or a container. */
static ProStatus next_container(
        ProWorker *worker, ProReader *arguments, ProContainer **ret_container, ProError *reterr)
{
    ProValue value;
    char name[PRO_SHARE_NAME_MAX + 1];
    ProStatus status = pro_read(arguments, &value, reterr);
    if (status == PRO_OK && value.kind == PRO_VALUE_CONTAINER)
        return pro_worker_argument_container(worker, value.unsigned_integer, ret_container, reterr);
    if (status != PRO_OK || value.kind != PRO_VALUE_TEXT || value.size >= sizeof name)
        return status != PRO_OK ? status : PRO_ERR_INVALID;
    memcpy(name, value.data, value.size);
    name[value.size] = 0;
    return pro_worker_get_shared_container(worker, name, ret_container, reterr);
}

static ProStatus open_named(
        ProWorker *worker, ProReader *arguments, ProContainer **ret_container, ProError *reterr)
{
    size_t count;
    ProStatus status = pro_read_sequence(arguments, &count, reterr);
    return status == PRO_OK ? next_container(worker, arguments, ret_container, reterr) : status;
}

static ProStatus write_hash(ProContainer *container, ProWriter *result, ProError *reterr)
{
    uint8_t hash[PRO_HASH_BYTES_MAX];
    size_t size = 0;
    ProStatus status = pro_container_hash(container, "sha256", NULL, hash, &size, reterr);
    pro_write_bytes(result, hash, size);
    return status;
}

PRO_API ProStatus share_hash(
        ProWorker *worker, ProReader *arguments, ProWriter *result, ProError *reterr)
{
    ProContainer *container;
    ProStatus status = open_named(worker, arguments, &container, reterr);
    if (status != PRO_OK)
        return status;
    status = write_hash(container, result, reterr);
    pro_container_unref(container);
    return status;
}

typedef struct Reader {
    pthread_t thread;
    ProWorker *worker;
    const char *name;
    ProStatus status;
    ProError error;
    uint8_t hash[PRO_HASH_BYTES_MAX];
} Reader;

static void *read_in_thread(void *argument)
{
    Reader *reader = argument;
    ProContainer *container;
    size_t size;
    reader->status = pro_worker_get_shared_container(
            reader->worker, reader->name, &container, &reader->error);
    if (reader->status != PRO_OK)
        return NULL;
    reader->status =
            pro_container_hash(container, "sha256", NULL, reader->hash, &size, &reader->error);
    pro_container_unref(container);
    return NULL;
}

/* Hashes "crowded" in many threads at once, of which the last tells. */
PRO_API ProStatus share_crowd(
        ProWorker *worker, ProReader *arguments, ProWriter *result, ProError *reterr)
{
    enum { READERS = 150, SHA256_BYTES = 32 };
    static Reader readers[READERS];
    ProStatus status = PRO_OK;
    size_t started = 0;
    (void)arguments;
    for (; started < READERS; started++) {
        readers[started] = (Reader){.worker = worker, .name = "crowded"};
        if (pthread_create(&readers[started].thread, NULL, read_in_thread, &readers[started]) != 0)
            break;
    }
    for (size_t i = 0; i < started; i++) {
        (void)pthread_join(readers[i].thread, NULL);
        if (readers[i].status == PRO_OK)
            continue;
        status = readers[i].status;
        *reterr = readers[i].error;
    }
    if (started < READERS)
        return PRO_ERR_SYSTEM;
    pro_write_bytes(result, readers[READERS - 1].hash, SHA256_BYTES);
    return status;
}

PRO_API ProStatus share_names(
        ProWorker *worker, ProReader *arguments, ProWriter *result, ProError *reterr)
{
    (void)arguments;
    return pro_worker_shared_containers(worker, result, reterr);
}

static int try_descriptor(int fd)
{
    int successes = 0;
    successes += pwrite(fd, "x", 1, 0) == 1;
    successes += write(fd, "x", 1) == 1;
    successes += ftruncate(fd, 1) == 0;
    successes += fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096) == 0;
    void *view = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    successes += view != MAP_FAILED;
    if (view != MAP_FAILED)
        (void)munmap(view, 4096);
    return successes;
}

/* Every descriptor of a container that this process has, as it is and reopened. */
static int try_descriptors(int *ret_tried)
{
    int successes = 0;
    DIR *folder = opendir("/proc/self/fd");
    if (folder == NULL)
        return -1;
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        char path[300], target[300] = {0};
        (void)snprintf(path, sizeof path, "/proc/self/fd/%s", entry->d_name);
        if (readlink(path, target, sizeof target - 1) < 0 ||
                strstr(target, "promp-container") == NULL)
            continue;
        int fd = atoi(entry->d_name);
        successes += try_descriptor(fd);
        int again = open(path, O_RDWR | O_CLOEXEC);
        if (again >= 0) {
            successes += try_descriptor(again);
            (void)close(again);
        }
        (*ret_tried)++;
    }
    (void)closedir(folder);
    return successes;
}

/* Tries everything that could change a shared byte: [descriptors tried, successes]. */
PRO_API ProStatus share_attack(
        ProWorker *worker, ProReader *arguments, ProWriter *result, ProError *reterr)
{
    ProContainer *container;
    ProStatus status = open_named(worker, arguments, &container, reterr);
    if (status != PRO_OK)
        return status;
    int tried = 0;
    int successes = try_descriptors(&tried);
    void *data = (void *)pro_container_data(container);
    if (data != NULL) {
        size_t size = (size_t)pro_container_size(container);
        successes += mprotect(data, size, PROT_READ | PROT_WRITE) == 0;
        successes += madvise(data, size, MADV_REMOVE) == 0;
    }
    pro_write_list(result, 2);
    pro_write_int(result, tried);
    pro_write_int(result, successes);
    pro_write_end(result);
    pro_container_unref(container);
    return PRO_OK;
}

/* Whether the container holds the bytes of a size and seed, by every way of reading it: "" or what
 * is wrong. */
PRO_API ProStatus share_conforms(
        ProWorker *worker, ProReader *arguments, ProWriter *result, ProError *reterr)
{
    ProContainer *container;
    int64_t size = 0;
    int64_t seed = 0;
    char text[CONFORMANCE_TEXT_BYTES] = "";
    ProStatus status = open_named(worker, arguments, &container, reterr);
    if (status != PRO_OK)
        return status;
    status = pro_read_int(arguments, &size, reterr);
    if (status == PRO_OK)
        status = pro_read_int(arguments, &seed, reterr);
    uint8_t *data = status == PRO_OK ? conformance_bytes((size_t)size, (uint32_t)seed) : NULL;
    if (data != NULL) {
        (void)conformance_check(container, data, (size_t)size, text);
        pro_write_text(result, text, strlen(text));
    }
    free(data);
    pro_container_unref(container);
    return status;
}

/* The container, as a container. */
PRO_API ProStatus share_return(
        ProWorker *worker, ProReader *arguments, ProWriter *result, ProError *reterr)
{
    ProContainer *container;
    ProStatus status = open_named(worker, arguments, &container, reterr);
    if (status != PRO_OK)
        return status;
    pro_write_list(result, 2);
    pro_write_text(result, "here it is", 10);
    pro_write_container(result, container);
    pro_write_end(result);
    pro_container_unref(container);
    return PRO_OK;
}

typedef struct PassOn {
    char plugin[4096];
    int64_t size;
    int64_t seed;
    bool as_argument; /* else by name */
    ProContainer *container;
} PassOn;

static ProStatus read_pass_on(
        ProWorker *worker, ProReader *arguments, PassOn *pass, ProError *reterr)
{
    const char *text;
    size_t size;
    int64_t as_argument = 0;
    ProStatus status = open_named(worker, arguments, &pass->container, reterr);
    if (status == PRO_OK)
        status = pro_read_int(arguments, &pass->size, reterr);
    if (status == PRO_OK)
        status = pro_read_int(arguments, &pass->seed, reterr);
    if (status == PRO_OK)
        status = pro_read_text(arguments, &text, &size, reterr);
    if (status == PRO_OK)
        status = pro_read_int(arguments, &as_argument, reterr);
    if (status == PRO_OK)
        (void)snprintf(pass->plugin, sizeof pass->plugin, "%.*s", (int)size, text);
    pass->as_argument = as_argument != 0;
    return status;
}

static ProStatus give_pass_on(
        ProManager *manager, ProWorkerId below, const PassOn *pass, ProError *reterr)
{
    ProWriter *arguments = pro_writer_new();
    pro_write_list(arguments, 3);
    if (pass->as_argument)
        pro_write_container(arguments, pass->container);
    else
        pro_write_text(arguments, "passed on", 9);
    pro_write_int(arguments, pass->size);
    pro_write_int(arguments, pass->seed);
    pro_write_end(arguments);
    ProStatus status = pass->as_argument ? PRO_OK
                                         : pro_manager_share_container(
                                                   manager, "passed on", pass->container, reterr);
    if (status == PRO_OK)
        status = pro_manager_call_plugin(
                manager, below, pass->plugin, "share_conforms", arguments, true, NULL, reterr);
    pro_writer_free(arguments);
    return status;
}

/* What the worker below says. */
static ProStatus take_pass_on(
        ProManager *manager, ProWorkerId below, ProWriter *result, ProError *reterr)
{
    ProEnding *ending = NULL;
    ProStatus status = pro_manager_wait(manager, 60000, reterr);
    if (status == PRO_OK)
        status = pro_manager_take_result(manager, below, &ending, reterr);
    if (status != PRO_OK)
        return status;
    size_t size;
    const void *value = pro_ending_value(ending, &size);
    if (size > 0)
        pro_write_encoded(result, value, size);
    else
        pro_write_text(result, pro_ending_message(ending), strlen(pro_ending_message(ending)));
    pro_ending_free(ending);
    return PRO_OK;
}

/* Passes the container on to a worker of its own, which checks it as share_conforms() does. */
PRO_API ProStatus share_pass_on(
        ProWorker *worker, ProReader *arguments, ProWriter *result, ProError *reterr)
{
    PassOn pass = {.container = NULL};
    ProWorkerId below;
    ProManager *manager = NULL;
    ProStatus status = read_pass_on(worker, arguments, &pass, reterr);
    if (status == PRO_OK)
        status = pro_manager_new(&manager, reterr);
    if (status == PRO_OK)
        status = pro_manager_start_worker(manager, &below, reterr);
    if (status == PRO_OK)
        status = give_pass_on(manager, below, &pass, reterr);
    if (status == PRO_OK)
        status = take_pass_on(manager, below, result, reterr);
    pro_manager_free(manager);
    pro_container_unref(pass.container);
    return status;
}

/* Opens a container and keeps it until a message comes; then hashes it. */
PRO_API ProStatus share_keep(
        ProWorker *worker, ProReader *arguments, ProWriter *result, ProError *reterr)
{
    ProContainer *container;
    ProMessage *message;
    ProStatus status = open_named(worker, arguments, &container, reterr);
    if (status != PRO_OK)
        return status;
    status = pro_worker_send_message(worker, 1, "opened", 6, reterr);
    if (status == PRO_OK)
        status = pro_worker_wait_message(worker, 60000, reterr);
    if (status == PRO_OK)
        status = pro_worker_pop_message(worker, &message, reterr);
    if (status == PRO_OK) {
        pro_message_free(message);
        status = write_hash(container, result, reterr);
    }
    pro_container_unref(container);
    return status;
}

static int64_t now_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* For the benchmark: microseconds of [attach, first search, second search, third search], then kB
 * of this process' own memory. */
PRO_API ProStatus share_measure(
        ProWorker *worker, ProReader *arguments, ProWriter *result, ProError *reterr)
{
    ProContainer *container;
    ProPattern *pattern;
    ProMatch match;
    int64_t times[6] = {now_us()};
    ProStatus status = open_named(worker, arguments, &container, reterr);
    times[1] = now_us();
    if (status != PRO_OK)
        return status;
    status = pro_pattern_new_bytes("\xAA\xBB\xCC\xDD", 4, &pattern, reterr);
    for (int i = 2; status == PRO_OK && i < 5; i++) {
        status = pro_container_find_first(container, pattern, 0, PRO_TO_END, NULL, &match, reterr);
        times[i] = now_us();
        if (status == PRO_ERR_NOT_FOUND)
            status = PRO_OK;
    }
    pro_pattern_unref(pattern);
    pro_container_unref(container);
    pro_write_list(result, 4);
    for (int i = 1; i < 5; i++)
        pro_write_int(result, times[i] - times[i - 1]);
    pro_write_end(result);
    return status;
}
