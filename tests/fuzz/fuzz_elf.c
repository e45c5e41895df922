/* SPDX-License-Identifier: Apache-2.0 */

/* ELF files come from whoever made the malware. Cap: 64 KiB, more shows nothing new. */

#include <promp/elf.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ProContainer *container;
    ProElf *elf;
    if (size > 65536 ||
            pro_container_new_borrow(data, size, NULL, NULL, &container, NULL) != PRO_OK)
        return 0;
    if (pro_elf_open(container, &elf, NULL) == PRO_OK) {
        ProWriter *writer = pro_writer_new();
        const void *encoded;
        size_t encoded_size;
        pro_elf_write(elf, writer);
        if (pro_writer_data(writer, &encoded, &encoded_size) == PRO_OK &&
                pro_value_check(encoded, encoded_size, NULL) != PRO_OK)
            __builtin_trap();
        pro_writer_free(writer);
        pro_elf_free(elf);
    }
    pro_container_unref(container);
    return 0;
}
