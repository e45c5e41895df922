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

static void text_or_nil(ProWriter *writer, const char *name, const char *value)
{
    key(writer, name);
    if (value == NULL)
        pro_write_nil(writer);
    else
        pro_write_text(writer, value, strlen(value));
}

typedef struct Field {
    const char *name;
    uint64_t value;
} Field;

static void fields(ProWriter *writer, const Field *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        number(writer, values[i].name, values[i].value);
}

#define FIELDS(writer, values) fields(writer, values, sizeof(values) / sizeof(values)[0])

static void write_headers(const ProPe *pe, ProWriter *writer)
{
    const ProPeHeaders *h = &pe->headers;
    const Field values[] = {
            {"pe_offset", h->pe_offset},
            {"machine", h->machine},
            {"section_count", h->section_count},
            {"time_stamp", h->time_stamp},
            {"symbol_offset", h->symbol_offset},
            {"symbol_count", h->symbol_count},
            {"optional_size", h->optional_size},
            {"characteristics", h->characteristics},
            {"magic", h->magic},
            {"linker_major", h->linker_major},
            {"linker_minor", h->linker_minor},
            {"code_size", h->code_size},
            {"initialized_size", h->initialized_size},
            {"uninitialized_size", h->uninitialized_size},
            {"entry_rva", h->entry_rva},
            {"code_rva", h->code_rva},
            {"data_rva", h->data_rva},
            {"image_base", h->image_base},
            {"section_alignment", h->section_alignment},
            {"file_alignment", h->file_alignment},
            {"system_major", h->system_major},
            {"system_minor", h->system_minor},
            {"image_major", h->image_major},
            {"image_minor", h->image_minor},
            {"subsystem_major", h->subsystem_major},
            {"subsystem_minor", h->subsystem_minor},
            {"win32_version", h->win32_version},
            {"image_size", h->image_size},
            {"headers_size", h->headers_size},
            {"checksum", h->checksum},
            {"subsystem", h->subsystem},
            {"dll_characteristics", h->dll_characteristics},
            {"stack_reserve", h->stack_reserve},
            {"stack_commit", h->stack_commit},
            {"heap_reserve", h->heap_reserve},
            {"heap_commit", h->heap_commit},
            {"loader_flags", h->loader_flags},
            {"announced_directories", h->announced_directories},
            {"directory_count", h->directory_count},
    };
    key(writer, "headers");
    pro_write_map(writer, sizeof values / sizeof values[0]);
    FIELDS(writer, values);
    pro_write_end(writer);
    key(writer, "directories");
    pro_write_list(writer, h->directory_count);
    for (uint32_t i = 0; i < h->directory_count; i++) {
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
        const Field values[] = {
                {"virtual_size", section->virtual_size},
                {"virtual_address", section->virtual_address},
                {"raw_size", section->raw_size},
                {"raw_offset", section->raw_offset},
                {"relocation_offset", section->relocation_offset},
                {"line_offset", section->line_offset},
                {"relocation_count", section->relocation_count},
                {"line_count", section->line_count},
                {"characteristics", section->characteristics},
        };
        pro_write_map(writer, 1 + sizeof values / sizeof values[0]);
        name_or_nil(writer, "name", section->name);
        FIELDS(writer, values);
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
    const ProPeExportTable *table = &pe->export_table;
    const Field values[] = {
            {"time_stamp", table->time_stamp},
            {"major", table->major},
            {"minor", table->minor},
            {"base", table->base},
            {"function_count", table->function_count},
            {"name_count", table->name_count},
    };
    key(writer, "export_table");
    pro_write_map(writer, 1 + sizeof values / sizeof values[0]);
    name_or_nil(writer, "module", table->module);
    FIELDS(writer, values);
    pro_write_end(writer);
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
        const Field values[] = {
                {"type", debug->type},
                {"time_stamp", debug->time_stamp},
                {"major", debug->major},
                {"minor", debug->minor},
                {"size", debug->size},
                {"rva", debug->rva},
                {"offset", debug->offset},
                {"signature", debug->signature},
                {"age", debug->age},
        };
        pro_write_map(writer, 2 + sizeof values / sizeof values[0]);
        FIELDS(writer, values);
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
        pro_write_map(writer, 8);
        text_or_nil(writer, "type_name", resource->type_name);
        text_or_nil(writer, "id_name", resource->id_name);
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
}

static void write_tls(const ProPe *pe, ProWriter *writer)
{
    const Field values[] = {
            {"data_begin", pe->tls.data_begin},
            {"data_end", pe->tls.data_end},
            {"index", pe->tls.index},
            {"callbacks", pe->tls.callbacks},
            {"zero_size", pe->tls.zero_size},
            {"characteristics", pe->tls.characteristics},
    };
    key(writer, "tls");
    if (pe->has_tls) {
        pro_write_map(writer, sizeof values / sizeof values[0]);
        FIELDS(writer, values);
        pro_write_end(writer);
    } else {
        pro_write_nil(writer);
    }
    key(writer, "tls_callbacks");
    pro_write_list(writer, pe->tls_callback_count);
    for (size_t i = 0; i < pe->tls_callback_count; i++)
        pro_write_uint(writer, pe->tls_callbacks[i]);
    pro_write_end(writer);
}

static void directory(ProWriter *writer, const char *name, ProPeDirectory value)
{
    key(writer, name);
    pro_write_tuple(writer, 2);
    pro_write_uint(writer, value.rva);
    pro_write_uint(writer, value.size);
    pro_write_end(writer);
}

static void write_clr(const ProPe *pe, ProWriter *writer)
{
    const ProPeClr *clr = &pe->clr;
    const Field values[] = {
            {"size", clr->size},
            {"runtime_major", clr->runtime_major},
            {"runtime_minor", clr->runtime_minor},
            {"flags", clr->flags},
            {"entry", clr->entry},
    };
    key(writer, "clr");
    if (!pe->has_clr) {
        pro_write_nil(writer);
        return;
    }
    pro_write_map(writer, 4 + sizeof values / sizeof values[0]);
    FIELDS(writer, values);
    directory(writer, "metadata", clr->metadata);
    directory(writer, "resources", clr->resources);
    directory(writer, "strong_name", clr->strong_name);
    name_or_nil(writer, "version", clr->version);
    pro_write_end(writer);
}

static void write_certificates(const ProPe *pe, ProWriter *writer)
{
    key(writer, "certificates");
    pro_write_list(writer, pe->certificate_count);
    for (size_t i = 0; i < pe->certificate_count; i++) {
        const ProPeCertificate *certificate = &pe->certificates[i];
        const Field values[] = {
                {"offset", certificate->offset},
                {"size", certificate->size},
                {"revision", certificate->revision},
                {"type", certificate->type},
        };
        pro_write_map(writer, sizeof values / sizeof values[0]);
        FIELDS(writer, values);
        pro_write_end(writer);
    }
    pro_write_end(writer);
}

void pro_pe_write(const ProPe *pe, ProWriter *writer)
{
    pro_write_map(writer, 16);
    write_headers(pe, writer);
    write_sections(pe, writer);
    write_imports(pe, writer);
    write_exports(pe, writer);
    write_debug(pe, writer);
    write_resources(pe, writer);
    write_addresses(pe, writer);
    write_tls(pe, writer);
    write_clr(pe, writer);
    write_certificates(pe, writer);
    number(writer, "overlay_offset", pe->overlay);
    key(writer, "warnings");
    pro_write_list(writer, pe->warning_count);
    for (size_t i = 0; i < pe->warning_count; i++)
        pro_write_text(writer, pe->warnings[i], strlen(pe->warnings[i]));
    pro_write_end(writer);
    pro_write_end(writer);
}
