/* SPDX-License-Identifier: Apache-2.0 */
#include "linux_guest.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { PAGE = PRO_EMULATOR_PAGE };
#define MEMORY_END (UINT64_C(1) << 32)
#define MAPPINGS_END UINT64_C(0xE0000000)

bool guest_memory_init(GuestMemory *memory)
{
    memory->bytes = mmap(NULL, MEMORY_END, PROT_READ | PROT_WRITE,
            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    memory->present = calloc(MEMORY_END / PAGE, 1);
    memory->next_mapping = MAPPINGS_END;
    return memory->bytes != MAP_FAILED && memory->present != NULL;
}

void guest_memory_fini(GuestMemory *memory)
{
    (void)munmap(memory->bytes, MEMORY_END);
    free(memory->present);
}

bool guest_memory_map(GuestMemory *memory, uint64_t address, uint64_t size)
{
    if (address >= MEMORY_END || size > MEMORY_END - address)
        return false;
    for (uint64_t page = address / PAGE; page < (address + size + PAGE - 1) / PAGE; page++)
        memory->present[page] = 1;
    return true;
}

void guest_memory_unmap(GuestMemory *memory, uint64_t address, uint64_t size)
{
    if (address >= MEMORY_END || size > MEMORY_END - address)
        return;
    (void)madvise(memory->bytes + address, size, MADV_DONTNEED);
    memset(memory->present + address / PAGE, 0, (size + PAGE - 1) / PAGE);
}

uint64_t guest_memory_find(GuestMemory *memory, uint64_t size)
{
    size = (size + PAGE - 1) / PAGE * PAGE;
    if (size > memory->next_mapping - memory->program_break)
        return 0;
    memory->next_mapping -= size;
    return memory->next_mapping;
}

uint8_t *guest_memory_at(const GuestMemory *memory, uint64_t address, uint64_t size)
{
    if (address >= MEMORY_END || size > MEMORY_END - address)
        return NULL;
    for (uint64_t page = address / PAGE; page <= (address + size - (size > 0)) / PAGE; page++)
        if (memory->present[page] == 0)
            return NULL;
    return memory->bytes + address;
}

const char *guest_memory_text(const GuestMemory *memory, uint64_t address)
{
    for (uint64_t size = 1; size < PAGE; size++) {
        const uint8_t *text = guest_memory_at(memory, address, size);
        if (text == NULL)
            return NULL;
        if (text[size - 1] == '\0')
            return (const char *)text;
    }
    return NULL;
}
