/* SPDX-License-Identifier: Apache-2.0 */
#include "sleigh/compiler/compiler.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void compiler_stop(Compiler *compiler, ProStatus status)
{
    compiler->stop_status = status;
    longjmp(compiler->stop, 1);
}

void *compiler_alloc(Compiler *compiler, size_t size)
{
    void *memory = arena_alloc(&compiler->arena, size);
    if (memory == NULL)
        compiler_stop(compiler, PRO_ERR_NO_MEMORY);
    return memory;
}

void *compiler_alloc_array(Compiler *compiler, size_t count, size_t element_size)
{
    if (element_size != 0 && count > SIZE_MAX / element_size)
        compiler_stop(compiler, PRO_ERR_NO_MEMORY);
    return compiler_alloc(compiler, count * element_size);
}

void *compiler_copy(Compiler *compiler, const void *bytes, size_t size)
{
    void *copy = compiler_alloc(compiler, size);
    if (size > 0)
        memcpy(copy, bytes, size);
    return copy;
}

void *compiler_grow(Compiler *compiler, void *items, size_t count, size_t element_size)
{
    if (count != 0 && (count & (count - 1)) != 0)
        return items; /* room is made at each power of two */
    size_t capacity = count == 0 ? 1 : count * 2;
    void *grown = compiler_alloc_array(compiler, capacity, element_size);
    if (count > 0)
        memcpy(grown, items, count * element_size);
    return grown;
}

static uint32_t hash_text(const char *text, size_t length)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (uint8_t)text[i]) * 16777619u;
    return hash;
}

static void grow_buckets(Compiler *compiler)
{
    size_t grown_count = compiler->bucket_count == 0 ? 4096 : compiler->bucket_count * 4;
    Name **grown = compiler_alloc_array(compiler, grown_count, sizeof(Name *));
    for (size_t i = 0; i < compiler->bucket_count; i++) {
        for (Name *name = compiler->buckets[i], *next; name != NULL; name = next) {
            next = name->next;
            name->next = grown[name->hash & (grown_count - 1)];
            grown[name->hash & (grown_count - 1)] = name;
        }
    }
    compiler->buckets = grown;
    compiler->bucket_count = grown_count;
}

Name *compiler_intern(Compiler *compiler, const char *text, size_t length)
{
    if (compiler->name_count >= compiler->bucket_count)
        grow_buckets(compiler);
    uint32_t hash = hash_text(text, length);
    Name **bucket = &compiler->buckets[hash & (compiler->bucket_count - 1)];
    for (Name *name = *bucket; name != NULL; name = name->next)
        if (name->hash == hash && name->length == length && memcmp(name->text, text, length) == 0)
            return name;
    Name *name = compiler_alloc(compiler, sizeof *name + length + 1);
    name->next = *bucket;
    name->hash = hash;
    name->length = (uint32_t)length;
    memcpy(name->text, text, length);
    *bucket = name;
    compiler->name_count++;
    return name;
}

static void append_line(Compiler *compiler, const SourceFile *file, SourcePosition position)
{
    const char *cursor = file->text;
    const char *end = file->text + file->size;
    for (uint32_t line = 1; line < position.line && cursor < end; line++) {
        const char *newline = memchr(cursor, '\n', (size_t)(end - cursor));
        cursor = newline == NULL ? end : newline + 1;
    }
    const char *newline = memchr(cursor, '\n', (size_t)(end - cursor));
    size_t length = (size_t)((newline == NULL ? end : newline) - cursor);
    if (length > 200)
        length = 200;
    buffer_append_text(compiler->messages, "    ");
    for (size_t i = 0; i < length; i++)
        if (cursor[i] != '\r')
            buffer_append_u8(compiler->messages, cursor[i] == '\t' ? ' ' : (uint8_t)cursor[i]);
    buffer_append_text(compiler->messages, "\n");
}

static void report(Compiler *compiler, SourcePosition position, const char *severity,
        const char *format, va_list args)
{
    char text[1024];
    (void)vsnprintf(text, sizeof text, format, args);
    if (position.line == 0 || position.file >= compiler->file_count) {
        buffer_append_format(compiler->messages, "%s: %s\n", severity, text);
        return;
    }
    const SourceFile *file = &compiler->files[position.file];
    buffer_append_format(compiler->messages, "%s:%u:%u: %s: %s\n", file->path, position.line,
            position.column, severity, text);
    append_line(compiler, file, position);
}

void compiler_error(Compiler *compiler, SourcePosition position, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    report(compiler, position, "error", format, args);
    va_end(args);
    if (++compiler->error_count >= SLEIGH_LIMIT_ERRORS) {
        buffer_append_format(compiler->messages,
                "error: stopped after %u errors (SLEIGH_LIMIT_ERRORS); correct the first ones\n",
                SLEIGH_LIMIT_ERRORS);
        compiler_stop(compiler, PRO_ERR_FORMAT);
    }
}

void compiler_warning(Compiler *compiler, SourcePosition position, const char *format, ...)
{
    compiler->warning_count++;
    if (compiler->options->quiet)
        return;
    va_list args;
    va_start(args, format);
    report(compiler, position, "warning", format, args);
    va_end(args);
}

void compiler_note(Compiler *compiler, SourcePosition position, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    report(compiler, position, "note", format, args);
    va_end(args);
}

void compiler_limit(Compiler *compiler, SourcePosition position, const char *what, size_t limit)
{
    compiler_error(compiler, position, "%s: the limit of %zu is exceeded", what, limit);
    compiler_stop(compiler, PRO_ERR_LIMIT);
}

static char *read_whole(Compiler *compiler, int fd, size_t size)
{
    char *text = compiler_alloc(compiler, size + 1);
    size_t used = 0;
    while (used < size) {
        ssize_t count = read(fd, text + used, size - used);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return NULL;
        if (count == 0)
            break;
        used += (size_t)count;
    }
    memset(text + used, ' ', size - used); /* the file shrank meanwhile */
    return text;
}

static const char *load_file(Compiler *compiler, const char *path, size_t *ret_size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return NULL;
    struct stat status;
    const char *text = NULL;
    if (fstat(fd, &status) == 0) {
        if (!S_ISREG(status.st_mode)) {
            errno = EINVAL;
        } else if ((uint64_t)status.st_size > SLEIGH_LIMIT_SOURCE_BYTES - compiler->source_bytes) {
            errno = EFBIG;
        } else {
            *ret_size = (size_t)status.st_size;
            text = read_whole(compiler, fd, *ret_size);
        }
    }
    int saved = errno;
    (void)close(fd);
    errno = saved;
    return text;
}

SourceFile *compiler_open_file(Compiler *compiler, const char *path, uint32_t *ret_index)
{
    const ProSleighCompileOptions *options = compiler->options;
    size_t size = 0;
    const char *text;
    if (compiler->file_count >= SLEIGH_LIMIT_FILES) {
        errno = EMFILE;
        return NULL;
    }
    if (options->source != NULL) {
        if (compiler->file_count > 0) {
            errno = ENOENT; /* text given in memory includes nothing */
            return NULL;
        }
        text = options->source;
        size = options->source_size;
        if (size > SLEIGH_LIMIT_SOURCE_BYTES) {
            errno = EFBIG;
            return NULL;
        }
    } else {
        text = load_file(compiler, path, &size);
        if (text == NULL)
            return NULL;
        if (options->opened != NULL)
            options->opened(options->opened_data, path);
    }
    compiler->source_bytes += size;
    SourceFile file = {.path = compiler_copy(compiler, path, strlen(path) + 1), text, size};
    COMPILER_PUSH(compiler, compiler->files, compiler->file_count, file);
    *ret_index = (uint32_t)(compiler->file_count - 1);
    return &compiler->files[compiler->file_count - 1];
}
