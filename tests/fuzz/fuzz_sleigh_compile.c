/* SPDX-License-Identifier: Apache-2.0 */
/* Specifications come from users: any text must end in a status. What compiles must load. */
#include <promp/sleigh.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 1 << 16)
        return 0;
    ProSleighCompileOptions options = {
            .source = (const char *)data, .source_size = size, .memory_limit = 64u << 20};
    uint8_t *sla = NULL;
    size_t sla_size = 0;
    char *messages = NULL;
    ProError error;
    if (pro_sleigh_compile(&options, &sla, &sla_size, &messages, &error) == PRO_OK) {
        ProSleighLanguage *language = NULL;
        if (pro_sleigh_language_load(sla, sla_size, &language, &error) != PRO_OK &&
                error.status != PRO_ERR_LIMIT)
            abort();
        pro_sleigh_language_unref(language);
    }
    free(sla);
    free(messages);
    return 0;
}
