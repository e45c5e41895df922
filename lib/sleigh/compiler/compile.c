/* SPDX-License-Identifier: Apache-2.0 */
#include "sleigh/compiler/constructor.h"
#include "sleigh/compiler/emit.h"
#include "sleigh/sla_ids.h"

#include "core/error.h"

#include <errno.h>
#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>

static void define_from_options(Compiler *compiler)
{
    for (size_t i = 0; i < compiler->options->define_count; i++) {
        const char *text = compiler->options->defines[i];
        const char *equals = strchr(text, '=');
        size_t length = equals == NULL ? strlen(text) : (size_t)(equals - text);
        preprocessor_define(compiler->preprocessor, text, length, equals == NULL ? "" : equals + 1);
    }
}

static int compare_varnodes(const void *left, const void *right)
{
    const Symbol *a = *(Symbol *const *)left;
    const Symbol *b = *(Symbol *const *)right;
    if (a->varnode.space != b->varnode.space)
        return a->varnode.space < b->varnode.space ? -1 : 1;
    if (a->varnode.offset != b->varnode.offset)
        return a->varnode.offset < b->varnode.offset ? -1 : 1;
    if (a->varnode.bytes != b->varnode.bytes)
        return a->varnode.bytes < b->varnode.bytes ? -1 : 1;
    return 0;
}

static void check_registers(Compiler *compiler)
{
    Symbol **registers = NULL;
    size_t count = 0;
    for (size_t i = 0; i < compiler->model->symbol_count; i++)
        if (compiler->model->symbols[i]->kind == SYMBOL_VARNODE)
            COMPILER_PUSH(compiler, registers, count, compiler->model->symbols[i]);
    if (count > 0)
        qsort(registers, count, sizeof *registers, compare_varnodes);
    for (size_t i = 1; i < count; i++)
        if (compare_varnodes(&registers[i - 1], &registers[i]) == 0)
            compiler_error(compiler, registers[i]->position,
                    "'%s' and '%s' are the same place (offset 0x%llx, %u bytes)",
                    registers[i]->name->text, registers[i - 1]->name->text,
                    (unsigned long long)registers[i]->varnode.offset, registers[i]->varnode.bytes);
}

/* Everything that may leave by longjmp. */
static ProStatus run(Compiler *compiler, Buffer *document)
{
    if (setjmp(compiler->stop) != 0)
        return compiler->stop_status;
    compiler->preprocessor = preprocessor_new(compiler);
    define_from_options(compiler);
    const char *path = compiler->options->path == NULL ? "<text>" : compiler->options->path;
    if (!preprocessor_begin(compiler->preprocessor, path)) {
        compiler_error(compiler, (SourcePosition){0}, "cannot read %s: %s", path, strerror(errno));
        return PRO_ERR_NOT_FOUND;
    }
    (void)model_new(compiler);
    compiler->lexer = lexer_new(compiler, compiler->preprocessor);
    parse_specification(compiler);
    if (compiler->model->default_space == NULL && compiler->error_count == 0)
        compiler_error(
                compiler, (SourcePosition){0}, "no space is the default space; give one 'default'");
    model_freeze_context(compiler);
    check_registers(compiler);
    if (compiler->error_count == 0)
        tables_build(compiler);
    if (compiler->error_count == 0)
        templates_finish(compiler);
    if (compiler->error_count == 0)
        emit_specification(compiler, document);
    if (document->failed)
        return PRO_ERR_NO_MEMORY;
    return compiler->error_count == 0 ? PRO_OK : PRO_ERR_FORMAT;
}

static ProStatus compress_document(const Buffer *document, uint8_t **ret_sla, size_t *ret_size)
{
    enum { HEADER_BYTES = 4, LEVEL = 6 };
    struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(LEVEL);
    size_t room =
            compressor == NULL ? 0 : libdeflate_zlib_compress_bound(compressor, document->size);
    uint8_t *sla = compressor == NULL ? NULL : malloc(room + HEADER_BYTES);
    size_t packed_size = 0;
    if (sla != NULL) {
        memcpy(sla, "sla", 3);
        sla[3] = SLA_FORMAT_VERSION;
        packed_size = libdeflate_zlib_compress(
                compressor, document->data, document->size, sla + HEADER_BYTES, room);
    }
    libdeflate_free_compressor(compressor);
    if (packed_size == 0) {
        free(sla);
        return PRO_ERR_NO_MEMORY;
    }
    *ret_sla = sla;
    *ret_size = packed_size + HEADER_BYTES;
    return PRO_OK;
}

static const char *first_message(Buffer *messages)
{
    const char *text = buffer_text(messages);
    const char *found = strstr(text, "error: ");
    while (found != NULL && found > text && found[-1] != '\n')
        found--;
    return found == NULL ? text : found;
}

static ProStatus summarise(ProError *reterr, ProStatus status, const Compiler *compiler)
{
    if (status == PRO_ERR_NO_MEMORY)
        return error_set(reterr, status, "compiling %s: no memory (limit %zu bytes)",
                compiler->options->path == NULL ? "the text" : compiler->options->path,
                compiler->arena.limit_bytes);
    const char *first = first_message(compiler->messages);
    return error_set(reterr, status, "%u errors; %.*s", compiler->error_count,
            (int)strcspn(first, "\n"), first);
}

ProStatus pro_sleigh_compile(const ProSleighCompileOptions *options, uint8_t **ret_sla,
        size_t *ret_size, char **ret_messages, ProError *reterr)
{
    Buffer messages = {0};
    Buffer document = {0};
    Compiler *compiler = calloc(1, sizeof *compiler);
    if (compiler == NULL)
        return error_set(reterr, PRO_ERR_NO_MEMORY, "no memory to compile");
    compiler->options = options;
    compiler->messages = &messages;
    arena_init(&compiler->arena,
            options->memory_limit != 0 ? options->memory_limit : SLEIGH_LIMIT_COMPILE_BYTES);
    ProStatus status = run(compiler, &document);
    if (status == PRO_OK)
        status = compress_document(&document, ret_sla, ret_size);
    if (status != PRO_OK)
        (void)summarise(reterr, status, compiler);
    if (ret_messages != NULL) {
        (void)buffer_text(&messages);
        buffer_append_u8(&messages, 0);
        size_t taken = 0;
        *ret_messages = (char *)buffer_take(&messages, &taken);
    }
    arena_fini(&compiler->arena);
    free(compiler);
    buffer_fini(&document);
    buffer_fini(&messages);
    return status;
}
