/* SPDX-License-Identifier: Apache-2.0 */

/* Symbols of hostile ELF and PE files: they come in order, each is found again, and each has a text
 * that ends. Cap: 64 KiB, more shows nothing new. */

#include "sleigh/objects.h"
#include "sleigh/symbols.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const Symbols *symbols)
{
    char text[SYMBOL_TEXT_MAX];
    for (size_t i = 0; i < symbols->count; i++) {
        const Symbol *symbol = &symbols->items[i];
        const Symbol *found = symbols_at(symbols, symbol->address);
        bool ordered = i == 0 || symbol[-1].address <= symbol->address;
        if (!ordered || found == NULL || found->address != symbol->address || found > symbol ||
                symbols_around(symbols, symbol->address) != found)
            __builtin_trap();
        symbol_text(symbol, text);
        if (memchr(text, 0, sizeof text) == NULL)
            __builtin_trap();
        (void)symbols_around(symbols, symbol->end);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ProContainer *container;
    ProElf *elf = NULL;
    ProPe *pe = NULL;
    Symbols symbols = {0};
    if (size > 65536 ||
            pro_container_new_borrow(data, size, NULL, NULL, &container, NULL) != PRO_OK)
        return 0;
    if (pro_elf_open(container, &elf, NULL) == PRO_OK) {
        uint64_t *addresses = object_addresses(elf, 0x1000);
        Fixups fixups = {0};
        if (addresses != NULL && symbols_read_elf(&symbols, container, elf, addresses, 0x1000) &&
                object_fixups(elf, addresses, &fixups) && fixups.count > 0 &&
                fixups_within(&fixups, fixups.items[0].address, 1) != fixups.items)
            __builtin_trap();
        free(fixups.items);
        free(addresses);
    } else if (pro_pe_open(container, &pe, NULL) == PRO_OK)
        (void)symbols_read_pe(&symbols, pe, 0x10000);
    check(&symbols);
    symbols_fini(&symbols);
    pro_elf_free(elf);
    pro_pe_free(pe);
    pro_container_unref(container);
    return 0;
}
