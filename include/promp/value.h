/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROMP_VALUE_H
#define PROMP_VALUE_H

/*
 * Values that cross a process border: nil, booleans, integers of any size, floats, text, bytes,
 * lists, tuples, variant lists, maps, and ProContainers as tasks take and return them
 * (<promp/share.h>). The encoding is MessagePack (the specification of 2013
 * with bin and ext), with ext types for what MessagePack lacks: see docs/mp-protocol.md.
 *
 * A ProWriter encodes, a ProReader walks encoded bytes one value at a time without allocating. What
 * a reader is given may come from a hostile process: it never reads past the end, and a container's
 * count is never larger than the bytes behind it.
 *
 * Threads: one at a time per object.
 */

#include <promp/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Containers inside containers, a tuple counting once. Deeper values are refused when written and
 * by pro_read_skip() and pro_value_check(); pro_read() by itself does not know how deep it is. */
#define PRO_VALUE_DEPTH_MAX 128

typedef struct ProWriter ProWriter;

PRO_API ProWriter *pro_writer_new(void);                 /* NULL without memory */
PRO_API void pro_writer_free(ProWriter *writer);         /* NULL is allowed */
PRO_API void pro_writer_clear(ProWriter *writer);        /* forgets everything, keeps the memory */
PRO_API size_t pro_writer_size(const ProWriter *writer); /* encoded bytes so far */

/*
 * A writer remembers its first failure, ignores everything after it, and is usable again when
 * cleared: PRO_ERR_NO_MEMORY; PRO_ERR_LIMIT (deeper than PRO_VALUE_DEPTH_MAX, or a size or count of
 * 2^32 and more); PRO_ERR_INVALID (a container ended with another number of values than announced,
 * an end without a container, or the data asked for while a container is open).
 */
PRO_API ProStatus pro_writer_status(const ProWriter *writer);

PRO_API void pro_write_nil(ProWriter *writer);
PRO_API void pro_write_bool(ProWriter *writer, bool value);
PRO_API void pro_write_int(ProWriter *writer, int64_t value);
PRO_API void pro_write_uint(ProWriter *writer, uint64_t value);
/* magnitude: big-endian bytes without sign. Integers that fit 64 bits are written as such. */
PRO_API void pro_write_big_int(
        ProWriter *writer, bool negative, const void *magnitude, size_t size_bytes);
PRO_API void pro_write_double(ProWriter *writer, double value);
PRO_API void pro_write_text(ProWriter *writer, const char *utf8, size_t size_bytes);
PRO_API void pro_write_bytes(ProWriter *writer, const void *data, size_t size_bytes);
/* The same without a copy if large: `data` must stay unchanged until the writer is cleared or
 * freed. */
PRO_API void pro_write_bytes_borrowed(ProWriter *writer, const void *data, size_t size_bytes);
/* Opens a container; exactly `count` values follow (twice as many for a map: key, value, ...), then
 * pro_write_end(). */
PRO_API void pro_write_list(ProWriter *writer, size_t count);
PRO_API void pro_write_tuple(ProWriter *writer, size_t count);
PRO_API void pro_write_variant_list(ProWriter *writer, size_t count);
PRO_API void pro_write_map(ProWriter *writer, size_t count);
PRO_API void pro_write_end(ProWriter *writer);
/* Appends values that are encoded already; the caller vouches for them, for their depth, and for
 * the number of values in the container they go to. */
PRO_API void pro_write_encoded(ProWriter *writer, const void *data, size_t size_bytes);

/* The encoded bytes in one piece, lent until the next call on the writer. */
PRO_API ProStatus pro_writer_data(
        ProWriter *writer, const void **ret_data, size_t *ret_size) PRO_WARN_UNUSED;

typedef enum ProValueKind {
    PRO_VALUE_NIL,
    PRO_VALUE_BOOL,
    PRO_VALUE_INT,     /* fits int64_t */
    PRO_VALUE_UINT,    /* above INT64_MAX, fits uint64_t */
    PRO_VALUE_BIG_INT, /* beyond both; data, size: big-endian magnitude; negative */
    PRO_VALUE_DOUBLE,
    PRO_VALUE_TEXT,      /* data, size: meant to be UTF-8, not checked */
    PRO_VALUE_BYTES,     /* data, size */
    PRO_VALUE_CONTAINER, /* a ProContainer; unsigned_integer: its index, for <promp/share.h> */
    PRO_VALUE_LIST,      /* count values follow */
    PRO_VALUE_TUPLE,
    PRO_VALUE_VARIANT_LIST,
    PRO_VALUE_MAP /* count pairs follow: key, value, ... */
} ProValueKind;

typedef struct ProValue {
    ProValueKind kind;
    bool boolean;
    bool negative;
    int64_t integer;
    uint64_t unsigned_integer;
    double number;
    const void *data; /* lent from the bytes that are read */
    size_t size;      /* bytes at data */
    size_t count;     /* of a container */
} ProValue;

typedef struct ProReader {
    const uint8_t *data; /* private, as the rest */
    size_t size;
    size_t offset;
} ProReader;

/* `data` is borrowed for as long as the reader and its values are used. */
PRO_API void pro_reader_init(ProReader *reader, const void *data, size_t size_bytes);
PRO_API size_t pro_reader_left(const ProReader *reader); /* bytes not yet read */

/*
 * Reads the next value; of a container only its head, its elements come with the next calls.
 * PRO_ERR_EMPTY at the end, PRO_ERR_FORMAT for malformed bytes (the text names the offset). A
 * reader stays where it is when reading fails. Whether a tuple's elements end where the tuple does,
 * and how deep containers nest, only pro_value_check() and pro_read_skip() tell: check bytes from
 * outside first.
 */
PRO_API ProStatus pro_read(
        ProReader *reader, ProValue *ret_value, ProError *reterr) PRO_WARN_UNUSED;

/* Reads past one whole value; errors as pro_read(), and PRO_ERR_LIMIT if it is too deep. */
PRO_API ProStatus pro_read_skip(ProReader *reader, ProError *reterr) PRO_WARN_UNUSED;

/* PRO_OK if the bytes are exactly one well-formed value; PRO_ERR_LIMIT if it is deeper than
 * PRO_VALUE_DEPTH_MAX, else PRO_ERR_FORMAT. */
PRO_API ProStatus pro_value_check(
        const void *data, size_t size_bytes, ProError *reterr) PRO_WARN_UNUSED;

/* For callers who expect one kind: PRO_ERR_FORMAT names what was found instead. */
PRO_API ProStatus pro_read_int(
        ProReader *reader, int64_t *ret_value, ProError *reterr) PRO_WARN_UNUSED;
PRO_API ProStatus pro_read_text(ProReader *reader, const char **ret_text, size_t *ret_size,
        ProError *reterr) PRO_WARN_UNUSED;
PRO_API ProStatus pro_read_bytes(ProReader *reader, const void **ret_data, size_t *ret_size,
        ProError *reterr) PRO_WARN_UNUSED;
/* List, tuple or variant list. */
PRO_API ProStatus pro_read_sequence(
        ProReader *reader, size_t *ret_count, ProError *reterr) PRO_WARN_UNUSED;

#ifdef __cplusplus
}
#endif

#endif
