/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROMP_PLUGIN_H
#define PROMP_PLUGIN_H

/*
 * A C plug-in task: a shared library that exports functions of this type, called in a worker's main
 * thread by pro_manager_call_plugin().
 *
 * worker:    messages, wait object; lent
 * arguments: one sequence is next to be read; lent
 * result:    write exactly one value, or none for nil
 *
 * It may ask the person: pro_ui_message_box() of libpromp-ui shows a window of the worker's own.
 *
 * Anything but PRO_OK ends the task with the error PluginError and reterr's text.
 */

#include <promp/status.h>
#include <promp/value.h>
#include <promp/worker.h>

typedef ProStatus (*ProPluginFn)(
        ProWorker *worker, ProReader *arguments, ProWriter *result, ProError *reterr);

#endif
