/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROMP_PROMP_H
#define PROMP_PROMP_H

/* Everything a program that uses promp needs; worker programs add <promp/runner.h>. */

#include <promp/box.h>
#include <promp/container.h>
#include <promp/elf.h>
#include <promp/ending.h>
#include <promp/host.h>
#include <promp/manager.h>
#include <promp/message.h>
#include <promp/pe.h>
#include <promp/plugin.h>
#include <promp/search.h>
#include <promp/share.h>
#include <promp/status.h>
#include <promp/text.h>
#include <promp/value.h>
#include <promp/wait.h>
#include <promp/worker.h>

#endif
