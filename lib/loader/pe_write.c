/* SPDX-License-Identifier: Apache-2.0 */
#include "loader/pe_private.h"

#include <string.h>

/* A ProPe as one map. Names are bytes of no known encoding: they are written as bytes. */

static void key(ProWriter *writer, const char *name)
{
    pro_write_text(writer, name, strlen(name));
}

static void number(ProWriter *writer, const char *name, uint64_t value)
{
    key(writer, name);
    pro_write_uint(writer, value);
}

static void name_or_nil(ProWriter *writer, const char *name, const char *value)
{
    key(writer, name);
    if (value == NULL)
        pro_write_nil(writer);
    else
        pro_write_bytes(writer, value, strlen(value));
}

static void write_headers(const ProPe *pe, ProWriter *writer)
{
    const ProPeHeaders *headers = &pe->headers;
    key(writer, "headers");
    pro_write_map(writer, 15);
    number(writer, "pe_offset", headers->pe_offset);
    number(writer, "machine", headers->machine);
    number(writer, "time_stamp", headers->time_stamp);
    number(writer, "characteristics", headers->characteristics);
    number(writer, "magic", headers->magic);
    number(writer, "entry_rva", headers->entry_rva);
    number(writer, "image_base", headers->image_base);
    number(writer, "section_alignment", headers->section_alignment);
    number(writer, "file_alignment", headers->file_alignment);
    number(writer, "image_size", headers->image_size);
    number(writer, "headers_size", headers->headers_size);
    number(writer, "checksum", headers->checksum);
    number(writer, "subsystem", headers->subsystem);
    number(writer, "dll_characteristics", headers->dll_characteristics);
    number(writer, "directory_count", headers->directory_count);
    pro_write_end(writer);
    key(writer, "directories");
    pro_write_list(writer, headers->directory_count);
    for (uint32_t i = 0; i < headers->directory_count; i++) {
        pro_write_tuple(writer, 2);
        pro_write_uint(writer, pe->directories[i].rva);
        pro_write_uint(writer, pe->directories[i].size);
        pro_write_end(writer);
    }
    pro_write_end(writer);
}

static void write_sections(const ProPe *pe, ProWriter *writer)
{
    key(writer, "sections");
    pro_write_list(writer, pe->section_count);
    for (size_t i = 0; i < pe->section_count; i++) {
        const ProPeSection *section = &pe->sections[i];
        pro_write_map(writer, 6);
        name_or_nil(writer, "name", section->name);
        number(writer, "virtual_size", section->virtual_size);
        number(writer, "virtual_address", section->virtual_address);
        number(writer, "raw_size", section->raw_size);
        number(writer, "raw_offset", section->raw_offset);
        number(writer, "characteristics", section->characteristics);
        pro_write_end(writer);
    }
    pro_write_end(writer);
}

static void write_imports(const ProPe *pe, ProWriter *writer)
{
    key(writer, "imports");
    pro_write_list(writer, pe->import_count);
    for (size_t i = 0; i < pe->import_count; i++) {
        const ProPeImport *import = &pe->imports[i];
        pro_write_map(writer, 4);
        name_or_nil(writer, "module", import->module);
        key(writer, "delayed");
        pro_write_bool(writer, import->delayed);
        number(writer, "descriptor_offset", import->descriptor_offset);
        key(writer, "functions");
        pro_write_list(writer, import->function_count);
        for (size_t k = 0; k < import->function_count; k++) {
            const ProPeFunction *function = &import->functions[k];
            pro_write_map(writer, 3);
            name_or_nil(writer, "name", function->name);
            number(writer, "ordinal", function->ordinal);
            number(writer, "slot_rva", function->slot_rva);
            pro_write_end(writer);
        }
        pro_write_end(writer);
        pro_write_end(writer);
    }
    pro_write_end(writer);
}

static void write_exports(const ProPe *pe, ProWriter *writer)
{
    name_or_nil(writer, "export_module", pe->export_module);
    key(writer, "exports");
    pro_write_list(writer, pe->export_count);
    for (size_t i = 0; i < pe->export_count; i++) {
        const ProPeExport *export = &pe->exports[i];
        pro_write_map(writer, 4);
        number(writer, "ordinal", export->ordinal);
        number(writer, "rva", export->rva);
        name_or_nil(writer, "name", export->name);
        name_or_nil(writer, "forwarder", export->forwarder);
        pro_write_end(writer);
    }
    pro_write_end(writer);
}

static void write_debug(const ProPe *pe, ProWriter *writer)
{
    key(writer, "debug");
    pro_write_list(writer, pe->debug_count);
    for (size_t i = 0; i < pe->debug_count; i++) {
        const ProPeDebug *debug = &pe->debug[i];
        pro_write_map(writer, 8);
        number(writer, "type", debug->type);
        number(writer, "time_stamp", debug->time_stamp);
        number(writer, "size", debug->size);
        number(writer, "rva", debug->rva);
        number(writer, "offset", debug->offset);
        number(writer, "age", debug->age);
        key(writer, "guid");
        pro_write_bytes(writer, debug->guid, sizeof debug->guid);
        name_or_nil(writer, "pdb", debug->pdb);
        pro_write_end(writer);
    }
    pro_write_end(writer);
}

static void write_resources(const ProPe *pe, ProWriter *writer)
{
    key(writer, "resources");
    pro_write_list(writer, pe->resource_count);
    for (size_t i = 0; i < pe->resource_count; i++) {
        const ProPeResource *resource = &pe->resources[i];
        pro_write_map(writer, 6);
        number(writer, "type", resource->type);
        number(writer, "id", resource->id);
        number(writer, "language", resource->language);
        number(writer, "rva", resource->rva);
        number(writer, "size", resource->size);
        number(writer, "code_page", resource->code_page);
        pro_write_end(writer);
    }
    pro_write_end(writer);
}

static void write_addresses(const ProPe *pe, ProWriter *writer)
{
    key(writer, "relocations");
    pro_write_list(writer, pe->relocation_count);
    for (size_t i = 0; i < pe->relocation_count; i++) {
        pro_write_tuple(writer, 2);
        pro_write_uint(writer, pe->relocations[i].rva);
        pro_write_uint(writer, pe->relocations[i].type);
        pro_write_end(writer);
    }
    pro_write_end(writer);
    key(writer, "exceptions");
    pro_write_list(writer, pe->exception_count);
    for (size_t i = 0; i < pe->exception_count; i++) {
        pro_write_tuple(writer, 3);
        pro_write_uint(writer, pe->exceptions[i].begin_rva);
        pro_write_uint(writer, pe->exceptions[i].end_rva);
        pro_write_uint(writer, pe->exceptions[i].unwind_rva);
        pro_write_end(writer);
    }
    pro_write_end(writer);
    key(writer, "tls_callbacks");
    pro_write_list(writer, pe->tls_callback_count);
    for (size_t i = 0; i < pe->tls_callback_count; i++)
        pro_write_uint(writer, pe->tls_callbacks[i]);
    pro_write_end(writer);
}

void pro_pe_write(const ProPe *pe, ProWriter *writer)
{
    pro_write_map(writer, 13);
    write_headers(pe, writer);
    write_sections(pe, writer);
    write_imports(pe, writer);
    write_exports(pe, writer);
    write_debug(pe, writer);
    write_resources(pe, writer);
    write_addresses(pe, writer);
    number(writer, "overlay_offset", pe->overlay);
    key(writer, "warnings");
    pro_write_list(writer, pe->warning_count);
    for (size_t i = 0; i < pe->warning_count; i++)
        pro_write_text(writer, pe->warnings[i], strlen(pe->warnings[i]));
    pro_write_end(writer);
    pro_write_end(writer);
}
