/* SPDX-License-Identifier: Apache-2.0 */

/* A worker program without any language: whatever function it is asked for squares its argument. */

#include <promp/runner.h>

#include <stdlib.h>
#include <string.h>

static bool run_square(void *user, const ProTask *task, ProWriter *result, ProTaskError *reterror)
{
    (void)user;
    ProReader reader;
    size_t count;
    int64_t value;
    ProError error = {0};
    pro_reader_init(&reader, task->arguments, task->arguments_size);
    if (pro_read_sequence(&reader, &count, &error) != PRO_OK ||
            pro_read_int(&reader, &value, &error) != PRO_OK) {
        reterror->type = strdup("ValueError");
        reterror->message = strdup(error.text);
        return false;
    }
    pro_write_int(result, value * value);
    return true;
}

int main(int argc, char **argv)
{
    const ProRunnerOps ops = {.run = run_square};
    return pro_worker_main(argc, argv, &ops, NULL);
}
