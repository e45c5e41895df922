/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SLEIGH_CACHE_H
#define SLEIGH_CACHE_H

#include <promp/sleigh.h>

/*
 * A language whose specification (`slaspec`, in `folder`) has no .sla beside it: compiled once into
 * $XDG_CACHE_HOME/promp (or ~/.cache/promp), and again when any file of its folder is newer. Where
 * nothing can be kept, it is compiled each time. `pspec` may be NULL.
 */
ProStatus cache_open(const char *folder, const char *slaspec, const char *pspec,
        ProSleighLanguage **ret_language, ProError *reterr) PRO_WARN_UNUSED;

#endif
