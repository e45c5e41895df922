/* SPDX-License-Identifier: Apache-2.0 */
#include "sleigh/pcode/emulator_private.h"

#include <string.h>

static void copy_number(uint8_t *to, const uint8_t *from, uint32_t size, bool reverse)
{
    if (!reverse) {
        memcpy(to, from, size);
        return;
    }
    for (uint32_t i = 0; i < size; i++)
        to[i] = from[size - 1 - i];
}

static ProStatus check_place(
        const ProPcodeEmulator *emulator, uint32_t space, uint64_t offset, uint32_t size)
{
    if (space >= emulator->space_count || size == 0 || size > LARGEST_NUMBER_BYTES)
        return PRO_ERR_INVALID;
    const Storage *storage = &emulator->storage[space];
    if (storage->bytes != NULL && (offset > storage->size || size > storage->size - offset))
        return PRO_ERR_INVALID;
    return PRO_OK;
}

ProStatus place_read(
        ProPcodeEmulator *emulator, uint32_t space, uint64_t offset, uint32_t size, uint8_t *bytes)
{
    ProStatus status = check_place(emulator, space, offset, size);
    if (status != PRO_OK)
        return status;
    if (space == PRO_SPACE_CONST) {
        memset(bytes, 0, size);
        memcpy(bytes, &offset, size < sizeof offset ? size : sizeof offset);
        return PRO_OK;
    }
    bool reverse = emulator->spaces[space].big_endian;
    const uint8_t *from = emulator->storage[space].bytes;
    if (from != NULL) {
        copy_number(bytes, from + offset, size, reverse);
        return PRO_OK;
    }
    if (emulator->direct_memory && space == emulator->code_space)
        return memory_read(emulator, offset, bytes, size);
    uint8_t copy[LARGEST_NUMBER_BYTES];
    status = emulator->calls.read == NULL
                     ? PRO_ERR_UNSUPPORTED
                     : emulator->calls.read(emulator->calls.data, space, offset, copy, size);
    if (status == PRO_OK)
        copy_number(bytes, copy, size, reverse);
    return status;
}

static ProStatus call_write(ProPcodeEmulator *emulator, uint32_t space, uint64_t offset,
        uint32_t size, const uint8_t *bytes)
{
    ProStatus status = emulator->calls.write == NULL ? PRO_ERR_UNSUPPORTED
                                                     : emulator->calls.write(emulator->calls.data,
                                                               space, offset, bytes, size);
    if (status == PRO_OK && space == emulator->code_space &&
            (is_code_page(emulator, offset >> PAGE_SHIFT) ||
                    is_code_page(emulator, (offset + size - 1) >> PAGE_SHIFT)))
        code_forget(emulator, offset, size);
    return status;
}

ProStatus place_write(ProPcodeEmulator *emulator, uint32_t space, uint64_t offset, uint32_t size,
        const uint8_t *bytes)
{
    ProStatus status =
            space == PRO_SPACE_CONST ? PRO_ERR_INVALID : check_place(emulator, space, offset, size);
    if (status != PRO_OK)
        return status;
    bool reverse = emulator->spaces[space].big_endian;
    if (emulator->storage[space].bytes != NULL) {
        copy_number(emulator->storage[space].bytes + offset, bytes, size, reverse);
        return PRO_OK;
    }
    if (emulator->direct_memory && space == emulator->code_space)
        return memory_write(emulator, offset, bytes, size);
    uint8_t copy[LARGEST_NUMBER_BYTES];
    copy_number(copy, bytes, size, reverse);
    return call_write(emulator, space, offset, size, copy);
}

uint8_t *place_direct(ProPcodeEmulator *emulator, const ProVarnode *varnode)
{
    if (varnode->space == PRO_SPACE_CONST ||
            check_place(emulator, varnode->space, varnode->offset, varnode->size) != PRO_OK ||
            emulator->storage[varnode->space].bytes == NULL ||
            emulator->spaces[varnode->space].big_endian)
        return NULL;
    return emulator->storage[varnode->space].bytes + varnode->offset;
}

/* ---- memory ---- */

uint8_t *memory_page(ProPcodeEmulator *emulator, uint64_t number, bool writable)
{
    if (emulator->calls.page == NULL || (writable && is_code_page(emulator, number)))
        return NULL;
    uint8_t *bytes = emulator->calls.page(
            emulator->calls.data, emulator->code_space, number << PAGE_SHIFT, writable);
    if (bytes != NULL) {
        DirectPage *pages = writable ? emulator->writable : emulator->readable;
        pages[number & (PAGE_SLOTS - 1)] = (DirectPage){.number = number, .bytes = bytes};
    }
    return bytes;
}

ProStatus memory_read(ProPcodeEmulator *emulator, uint64_t address, void *bytes, uint32_t size)
{
    const uint8_t *from = memory_direct(emulator, emulator->readable, address, size);
    if (from != NULL) {
        memcpy(bytes, from, size);
        return PRO_OK;
    }
    return emulator->calls.read == NULL ? PRO_ERR_UNSUPPORTED
                                        : emulator->calls.read(emulator->calls.data,
                                                  emulator->code_space, address, bytes, size);
}

ProStatus memory_write(
        ProPcodeEmulator *emulator, uint64_t address, const void *bytes, uint32_t size)
{
    uint8_t *to = memory_direct(emulator, emulator->writable, address, size);
    if (to != NULL) {
        memcpy(to, bytes, size);
        return PRO_OK;
    }
    return call_write(emulator, emulator->code_space, address, size, bytes);
}

/* ---- public ---- */

ProStatus pro_pcode_emulator_get(ProPcodeEmulator *emulator, ProVarnode place, uint64_t *ret_value)
{
    uint64_t value = 0;
    if (place.size > sizeof value)
        return PRO_ERR_INVALID;
    ProStatus status =
            place_read(emulator, place.space, place.offset, place.size, (uint8_t *)&value);
    if (status == PRO_OK)
        *ret_value = value;
    return status;
}

ProStatus pro_pcode_emulator_set(ProPcodeEmulator *emulator, ProVarnode place, uint64_t value)
{
    return place.size > sizeof value ? PRO_ERR_INVALID
                                     : place_write(emulator, place.space, place.offset, place.size,
                                               (const uint8_t *)&value);
}

ProStatus pro_pcode_emulator_get_bytes(
        ProPcodeEmulator *emulator, ProVarnode place, void *ret_bytes)
{
    return place_read(emulator, place.space, place.offset, place.size, ret_bytes);
}

ProStatus pro_pcode_emulator_set_bytes(
        ProPcodeEmulator *emulator, ProVarnode place, const void *bytes)
{
    return place_write(emulator, place.space, place.offset, place.size, bytes);
}

void pro_pcode_emulator_memory_changed(ProPcodeEmulator *emulator, uint64_t address, uint64_t size)
{
    memset(emulator->readable, 0, sizeof emulator->readable);
    memset(emulator->writable, 0, sizeof emulator->writable);
    code_forget(emulator, address, size);
}
