/* SPDX-License-Identifier: Apache-2.0 */

/* .eh_frame: which ranges of code are functions (Linux Standard Base Core, 10.6; DWARF 4, 6.4). */

#include "loader/elf_private.h"

#include <elf.h>
#include <string.h>

enum {
    RECORD_BYTES_MAX = 64, /* of a record that are looked at */
    AUGMENTATION_MAX = 16,
    ENCODING_OMIT = 0xFF,
    ENCODING_INDIRECT = 0x80,
    ENCODING_FORM = 0x0F,
    ENCODING_BASE = 0x70,
    BASE_PC = 0x10,
};

/* The beginning of one record. Reads beyond it give 0 and are remembered. */
typedef struct Record {
    uint64_t position; /* in the section */
    uint64_t end;      /* of the whole record, in the section */
    uint64_t cie;      /* of a description: where its common part is; of a common part: itself */
    bool is_common;
    uint8_t bytes[RECORD_BYTES_MAX];
    size_t size;
    size_t next;
    bool failed;
} Record;

typedef struct Frames {
    ProElf *elf;
    uint64_t offset; /* of the section in the file */
    uint64_t address;
    uint64_t size;
    uint64_t known_cie; /* whose encoding is kept; UINT64_MAX: none */
    uint8_t encoding;   /* of addresses in its descriptions */
} Frames;

static uint64_t take(const Frames *frames, Record *record, size_t size)
{
    if (record->size - record->next < size) {
        record->failed = true;
        return 0;
    }
    uint64_t value = elf_integer(frames->elf, record->bytes + record->next, size);
    record->next += size;
    return value;
}

static uint64_t take_leb(const Frames *frames, Record *record, bool is_signed)
{
    uint64_t value = 0;
    unsigned shift = 0;
    uint64_t byte;
    do {
        byte = take(frames, record, 1);
        if (shift < 64)
            value |= (byte & 0x7F) << shift;
        shift += 7;
    } while ((byte & 0x80) != 0 && !record->failed);
    if (is_signed && shift < 64 && (byte & 0x40) != 0)
        value |= ~(uint64_t)0 << shift;
    return value;
}

/* A value in one of the DW_EH_PE_ forms, without its base. */
static uint64_t take_form(const Frames *frames, Record *record, uint8_t encoding)
{
    switch (encoding & ENCODING_FORM) {
    case 0x0: /* absptr */
        return take(frames, record, frames->elf->header.is_64 ? 8 : 4);
    case 0x1: /* uleb128 */
        return take_leb(frames, record, false);
    case 0x2: /* udata2 */
        return take(frames, record, 2);
    case 0x3: /* udata4 */
        return take(frames, record, 4);
    case 0x4: /* udata8 */
    case 0xC: /* sdata8 */
        return take(frames, record, 8);
    case 0x9: /* sleb128 */
        return take_leb(frames, record, true);
    case 0xA: /* sdata2 */
        return (uint64_t)(int16_t)take(frames, record, 2);
    case 0xB: /* sdata4 */
        return (uint64_t)(int32_t)take(frames, record, 4);
    default:
        record->failed = true;
        return 0;
    }
}

static uint64_t take_address(const Frames *frames, Record *record, uint8_t encoding)
{
    uint8_t base = encoding & ENCODING_BASE;
    uint64_t place = frames->address + record->position + record->next;
    if ((encoding & ENCODING_INDIRECT) != 0 || (base != 0 && base != BASE_PC))
        record->failed = true; /* needs memory that is not in the file */
    uint64_t value = take_form(frames, record, encoding);
    if (base == BASE_PC)
        value += place;
    return frames->elf->header.is_64 ? value : (uint32_t)value;
}

/* The record at `position`; false at the end, or where none can be. */
static bool open_record(const Frames *frames, uint64_t position, Record *record)
{
    *record = (Record){.position = position};
    if (position >= frames->size)
        return false;
    uint64_t left = frames->size - position;
    record->size = left < RECORD_BYTES_MAX ? (size_t)left : RECORD_BYTES_MAX;
    if (!elf_read(frames->elf, frames->offset + position, record->bytes, record->size))
        return false;
    uint64_t length = take(frames, record, 4);
    if (length == UINT32_MAX)
        length = take(frames, record, 8);
    if (record->failed || length == 0 || length > left - record->next)
        return false;
    record->end = position + record->next + length;
    if (record->size > record->end - position)
        record->size = (size_t)(record->end - position);
    uint64_t here = position + record->next;
    uint64_t distance = take(frames, record, 4);
    record->is_common = distance == 0;
    record->cie = record->is_common ? position : here - distance;
    return !record->failed && distance <= here;
}

/* How a common part says that its descriptions hold addresses; ENCODING_OMIT if it is malformed. */
static uint8_t read_encoding(const Frames *frames, uint64_t position)
{
    Record record;
    char augmentation[AUGMENTATION_MAX] = {0};
    if (!open_record(frames, position, &record) || !record.is_common)
        return ENCODING_OMIT;
    uint64_t version = take(frames, &record, 1);
    size_t length = 0;
    for (char c; (c = (char)take(frames, &record, 1)) != 0 && length < AUGMENTATION_MAX - 1;)
        augmentation[length++] = c;
    if (version == 4)
        (void)take(frames, &record, 2);     /* sizes of an address and of a segment selector */
    (void)take_leb(frames, &record, false); /* code alignment */
    (void)take_leb(frames, &record, true);  /* data alignment */
    if (version == 1)
        (void)take(frames, &record, 1); /* return address register */
    else
        (void)take_leb(frames, &record, false);
    if (augmentation[0] != 'z')
        return record.failed || length > 0 ? ENCODING_OMIT : 0;
    (void)take_leb(frames, &record, false);
    uint8_t encoding = 0;
    for (size_t i = 1; i < length && !record.failed; i++) {
        if (augmentation[i] == 'R')
            encoding = (uint8_t)take(frames, &record, 1);
        else if (augmentation[i] == 'L')
            (void)take(frames, &record, 1);
        else if (augmentation[i] == 'P')
            (void)take_form(frames, &record, (uint8_t)take(frames, &record, 1));
        else if (augmentation[i] != 'S' && augmentation[i] != 'B')
            break; /* unknown: nothing behind it can be read, but what is known holds */
    }
    return record.failed ? ENCODING_OMIT : encoding;
}

/* False if the description is malformed. */
static bool add_frame(Frames *frames, Record *record)
{
    ProElf *elf = frames->elf;
    if (frames->known_cie != record->cie) {
        frames->encoding = read_encoding(frames, record->cie);
        frames->known_cie = record->cie;
    }
    if (frames->encoding == ENCODING_OMIT)
        return false;
    ProElfFrame frame = {.offset = frames->offset + record->position};
    frame.begin = take_address(frames, record, frames->encoding);
    frame.size = take_form(frames, record, frames->encoding & ENCODING_FORM);
    if (!elf->header.is_64)
        frame.size = (uint32_t)frame.size;
    if (!record->failed)
        elf->frames[elf->frame_count++] = frame;
    return !record->failed;
}

/* Doubles the array when it is full; false if that is not possible. */
static bool make_room(ProElf *elf, size_t *capacity)
{
    if (elf->frame_count < *capacity)
        return true;
    size_t larger = *capacity == 0 ? 256 : *capacity * 2;
    ProElfFrame *frames =
            larger > ELF_FRAMES_MAX ? NULL : arena_alloc_array(&elf->arena, larger, sizeof *frames);
    if (frames == NULL) {
        elf_warn(elf, ".eh_frame describes more than %zu ranges", *capacity);
        return false;
    }
    if (elf->frame_count > 0)
        memcpy(frames, elf->frames, elf->frame_count * sizeof *frames);
    elf->frames = frames;
    *capacity = larger;
    return true;
}

static void read_frames(Frames *frames)
{
    Record record;
    size_t capacity = 0;
    size_t lost = 0;
    uint64_t position = 0;
    while (open_record(frames, position, &record)) {
        if (!record.is_common) {
            if (!make_room(frames->elf, &capacity))
                break;
            lost += !add_frame(frames, &record);
        }
        position = record.end;
    }
    if (lost > 0)
        elf_warn(frames->elf, "%zu descriptions in .eh_frame are malformed", lost);
    uint8_t end[4] = {0};
    bool at_end = position >= frames->size ||
                  (elf_read(frames->elf, frames->offset + position, end, sizeof end) &&
                          elf_integer(frames->elf, end, sizeof end) == 0);
    if (!at_end)
        elf_warn(frames->elf, ".eh_frame has no record at its offset 0x%llx",
                (unsigned long long)position);
}

/* Where no section tells, .eh_frame_hdr does: its second word, counted from itself, leads there. */
static bool find_by_segment(const ProElf *elf, Frames *frames)
{
    enum { SDATA4_FROM_PC = 0x1B };
    for (size_t i = 0; i < elf->segment_count; i++) {
        const ProElfSegment *segment = &elf->segments[i];
        uint8_t head[8];
        if (segment->type != PT_GNU_EH_FRAME ||
                !elf_read(elf, segment->offset, head, sizeof head) || head[0] != 1 ||
                head[1] != SDATA4_FROM_PC)
            continue;
        int32_t distance = (int32_t)elf_integer(elf, head + 4, 4);
        frames->address = segment->virtual_address + 4 + (uint64_t)(int64_t)distance;
        frames->offset = elf_locate(elf, frames->address, &frames->size);
        return frames->offset != PRO_ELF_NO_OFFSET;
    }
    return false;
}

void elf_parse_frames(ProElf *elf)
{
    Frames frames = {.elf = elf, .known_cie = UINT64_MAX};
    if (elf->header.type == ET_REL)
        return; /* its addresses are still to be relocated */
    for (size_t i = 0; i < elf->section_count && frames.size == 0; i++) {
        const ProElfSection *section = &elf->sections[i];
        if (section->type == SHT_NOBITS || strcmp(section->name, ".eh_frame") != 0)
            continue;
        frames.offset = section->offset;
        frames.address = section->address;
        frames.size = section->size;
        uint64_t file_size = pro_container_size(elf->file);
        if (frames.offset >= file_size || frames.size > file_size - frames.offset) {
            elf_warn(elf, ".eh_frame lies outside the file");
            return;
        }
    }
    if (frames.size > 0 || (elf->section_count == 0 && find_by_segment(elf, &frames)))
        read_frames(&frames);
}
