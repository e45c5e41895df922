/* SPDX-License-Identifier: Apache-2.0 */

/* What a box has, and what an answer is. */

#include <promp/box.h>

#include "core/error.h"

#include <string.h>
#include <strings.h>

/* In the order in which they are typed: Enter is the first that a box has. */
static const struct {
    ProBoxButtons button;
    const char *word;
} words[] = {
        {PRO_BOX_YES, "yes"}, {PRO_BOX_NO, "no"}, {PRO_BOX_OK, "ok"}, {PRO_BOX_CANCEL, "cancel"}};
enum { WORD_COUNT = sizeof words / sizeof words[0] };

ProStatus pro_box_check(const ProBox *box, ProError *reterr)
{
    if ((box->buttons & ~PRO_BOX_BUTTONS) != 0)
        return error_set(
                reterr, PRO_ERR_INVALID, "unknown buttons 0x%x", box->buttons & ~PRO_BOX_BUTTONS);
    if ((unsigned)box->icon > PRO_BOX_ICON_ERROR)
        return error_set(reterr, PRO_ERR_INVALID, "there is no icon %d", (int)box->icon);
    return PRO_OK;
}

ProBoxButtons pro_box_least(unsigned buttons)
{
    static const ProBoxButtons order[] = {PRO_BOX_CANCEL, PRO_BOX_NO, PRO_BOX_OK, PRO_BOX_YES};
    for (size_t i = 0; i < WORD_COUNT; i++)
        if ((buttons & order[i]) != 0)
            return order[i];
    return PRO_BOX_OK;
}

const char *pro_box_word(ProBoxButtons button)
{
    for (size_t i = 0; i < WORD_COUNT; i++)
        if (words[i].button == button)
            return words[i].word;
    return "none";
}

ProBoxButtons pro_box_typed(const char *line, unsigned buttons)
{
    size_t size = strlen(line);
    for (size_t i = 0; i < WORD_COUNT; i++)
        if ((buttons & words[i].button) != 0 &&
                (size == 0 || strncasecmp(line, words[i].word, size) == 0))
            return words[i].button;
    return 0;
}

const char *pro_box_prompt(unsigned buttons)
{
    static const char *const prompts[PRO_BOX_BUTTONS + 1] = {
            "[Enter]",
            "[Enter]",
            "[cancel]",
            "[ok/cancel]",
            "[yes]",
            "[yes/ok]",
            "[yes/cancel]",
            "[yes/ok/cancel]",
            "[no]",
            "[no/ok]",
            "[no/cancel]",
            "[no/ok/cancel]",
            "[yes/no]",
            "[yes/no/ok]",
            "[yes/no/cancel]",
            "[yes/no/ok/cancel]",
    };
    return prompts[buttons & PRO_BOX_BUTTONS];
}

const char *pro_box_mark(ProBoxIcon icon)
{
    static const char *const marks[] = {"", "[info] ", "[question] ", "[warning] ", "[error] "};
    return (unsigned)icon < sizeof marks / sizeof marks[0] ? marks[icon] : "";
}
