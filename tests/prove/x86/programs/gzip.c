/* SPDX-License-Identifier: Apache-2.0 */
/* gzip < DATA: the data compressed by zlib, as a gzip file without name and time. */
#include <stdio.h>
#include <string.h>
#include <zlib.h>

int main(void)
{
    static unsigned char in[1 << 22], out[1 << 22];
    z_stream stream;
    memset(&stream, 0, sizeof stream);
    stream.next_in = in;
    stream.avail_in = (unsigned)fread(in, 1, sizeof in, stdin);
    stream.next_out = out;
    stream.avail_out = sizeof out;
    if (deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK ||
            deflate(&stream, Z_FINISH) != Z_STREAM_END)
        return 1;
    (void)fwrite(out, 1, stream.total_out, stdout);
    (void)deflateEnd(&stream);
    return 0;
}
