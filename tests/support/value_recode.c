/* SPDX-License-Identifier: Apache-2.0 */
#include "support/value_recode.h"

static void write_plain(ProWriter *writer, const ProValue *value)
{
    switch (value->kind) {
    case PRO_VALUE_NIL:
        pro_write_nil(writer);
        break;
    case PRO_VALUE_BOOL:
        pro_write_bool(writer, value->boolean);
        break;
    case PRO_VALUE_INT:
        pro_write_int(writer, value->integer);
        break;
    case PRO_VALUE_UINT:
        pro_write_uint(writer, value->unsigned_integer);
        break;
    case PRO_VALUE_BIG_INT:
        pro_write_big_int(writer, value->negative, value->data, value->size);
        break;
    case PRO_VALUE_DOUBLE:
        pro_write_double(writer, value->number);
        break;
    case PRO_VALUE_TEXT:
        pro_write_text(writer, value->data, value->size);
        break;
    case PRO_VALUE_CONTAINER:
        pro_write_nil(writer); /* the object is not here */
        break;
    default:
        pro_write_bytes_borrowed(writer, value->data, value->size);
        break;
    }
}

static size_t write_head(ProWriter *writer, const ProValue *value)
{
    switch (value->kind) {
    case PRO_VALUE_TUPLE:
        pro_write_tuple(writer, value->count);
        return value->count;
    case PRO_VALUE_VARIANT_LIST:
        pro_write_variant_list(writer, value->count);
        return value->count;
    case PRO_VALUE_MAP:
        pro_write_map(writer, value->count);
        return 2 * value->count;
    default:
        pro_write_list(writer, value->count);
        return value->count;
    }
}

ProStatus value_recode(ProReader *reader, ProWriter *writer, ProError *reterr)
{
    size_t left[PRO_VALUE_DEPTH_MAX + 1] = {1};
    size_t depth = 0;
    while (left[0] > 0 || depth > 0) {
        if (left[depth] == 0) {
            pro_write_end(writer);
            depth--;
            continue;
        }
        left[depth]--;
        ProValue value;
        ProStatus status = pro_read(reader, &value, reterr);
        if (status != PRO_OK)
            return status;
        if (value.kind < PRO_VALUE_LIST)
            write_plain(writer, &value);
        else if (depth < PRO_VALUE_DEPTH_MAX)
            left[++depth] = write_head(writer, &value);
        else
            return PRO_ERR_LIMIT;
    }
    return PRO_OK;
}
