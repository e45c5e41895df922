/* SPDX-License-Identifier: Apache-2.0 */

/* promp-worker: libpromp's worker program with Python inside. */

#include "worker_python.h"

int main(int argc, char **argv)
{
    static const ProRunnerOps ops = {
            .start = worker_python_start,
            .before_fork = worker_python_before_fork,
            .after_fork_parent = worker_python_after_fork_parent,
            .after_fork_child = worker_python_after_fork_child,
            .setup = worker_python_setup,
            .idle_begin = worker_python_idle_begin,
            .idle_end = worker_python_idle_end,
            .run = worker_python_run,
            .show_box = worker_python_show_box,
            .settle = worker_python_settle,
            .stop = worker_python_stop,
    };
    return pro_worker_main(argc, argv, &ops, NULL);
}
