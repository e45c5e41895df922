/* SPDX-License-Identifier: Apache-2.0 */
#include "tally.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void tally_clear(Tally *tally)
{
    memset(tally, 0, offsetof(Tally, kinds));
}

TallyKind *tally_difference(Tally *tally, Difference difference, ZydisISAExt group,
        ZydisMnemonic zydis, const char *ours, bool *ret_new)
{
    tally->group_different[group]++;
    for (size_t i = 0; i < tally->kind_count; i++) {
        TallyKind *kind = &tally->kinds[i];
        if (kind->difference == difference && kind->group == group && kind->zydis == zydis &&
                strcmp(kind->ours, ours) == 0) {
            kind->count++;
            *ret_new = false;
            return kind;
        }
    }
    if (tally->kind_count == TALLY_KINDS_MAX) {
        tally->kinds_lost++;
        return NULL;
    }
    TallyKind *kind = &tally->kinds[tally->kind_count++];
    *kind = (TallyKind){.difference = difference, .group = group, .zydis = zydis, .count = 1};
    memcpy(kind->ours, ours, strnlen(ours, MNEMONIC_MAX - 1));
    *ret_new = true;
    return kind;
}

static void print_kind(const TallyKind *kind)
{
    (void)printf("D\t%s\t%s\t%s\t%s\t%" PRIu64 "\t", difference_name(kind->difference),
            ZydisISAExtGetString(kind->group),
            kind->zydis == ZYDIS_MNEMONIC_INVALID ? "-" : ZydisMnemonicGetString(kind->zydis),
            *kind->ours == 0 ? "-" : kind->ours, kind->count);
    for (unsigned i = 0; i < kind->length; i++)
        (void)printf("%02x", kind->bytes[i]);
    (void)printf("\t%s\t%s\n", kind->our_text, kind->zydis_text);
}

void tally_print(const Tally *tally, const char *name)
{
    for (unsigned i = 0; i <= ZYDIS_ISA_EXT_MAX_VALUE; i++)
        if (tally->group_count[i] > 0 || tally->group_different[i] > 0)
            (void)printf("G\t%s\t%" PRIu64 "\t%" PRIu64 "\n", ZydisISAExtGetString((ZydisISAExt)i),
                    tally->group_count[i], tally->group_different[i]);
    for (size_t i = 0; i < tally->kind_count; i++)
        print_kind(&tally->kinds[i]);
    (void)printf("F\t%s\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\n", name,
            tally->instructions, tally->compared, tally->both_invalid, tally->bytes_left,
            tally->kinds_lost);
    (void)fflush(stdout);
}
