/* SPDX-License-Identifier: Apache-2.0 */

/* `promp info FILE [--json]`: what a PE or ELF file holds. */

#include "cli_info.h"

#include "cli.h"

#include <string.h>

typedef struct Info {
    const char *path;
    ProContainer *container;
    ProPe *pe; /* one of the two, or none */
    ProElf *elf;
} Info;

static int fail(const char *path, const char *reason)
{
    (void)fprintf(stderr, "promp info: %s: %s\n", path, reason);
    return CLI_EXIT_PROBLEM;
}

/* Writes what the loader found behind its kind, path and size, as one map. */
static int print_json(const Info *info)
{
    const void *data;
    size_t size;
    ProReader reader;
    int status = CLI_EXIT_PROBLEM;
    ProWriter *writer = pro_writer_new();
    if (writer == NULL)
        return fail(info->path, "no memory");
    pro_write_map(writer, 4);
    pro_write_text(writer, "path", 4);
    pro_write_bytes(writer, info->path, strlen(info->path));
    pro_write_text(writer, "size", 4);
    pro_write_uint(writer, pro_container_size(info->container));
    pro_write_text(writer, "kind", 4);
    pro_write_text(writer, info->pe != NULL ? "PE" : "ELF", info->pe != NULL ? 2 : 3);
    pro_write_text(writer, info->pe != NULL ? "pe" : "elf", info->pe != NULL ? 2 : 3);
    if (info->pe != NULL)
        pro_pe_write(info->pe, writer);
    else
        pro_elf_write(info->elf, writer);
    pro_write_end(writer);
    if (pro_writer_data(writer, &data, &size) == PRO_OK) {
        pro_reader_init(&reader, data, size);
        if (json_print(&reader)) {
            (void)putchar('\n');
            status = CLI_EXIT_OK;
        }
    }
    pro_writer_free(writer);
    return status == CLI_EXIT_OK ? status : fail(info->path, "no memory for all that it holds");
}

static int print_text(const Info *info)
{
    (void)printf("%-13s", "file");
    info_print_name(info->path);
    (void)printf(", %llu bytes\n", (unsigned long long)pro_container_size(info->container));
    if (info->pe != NULL)
        info_print_pe(info->pe, pro_container_size(info->container));
    else
        info_print_elf(info->elf);
    return CLI_EXIT_OK;
}

/* What it is not is told by both loaders: one of the two reasons helps. */
static int open_info(Info *info)
{
    ProError error = {0};
    ProError other = {0};
    char text[2 * sizeof error.text + 8];
    if (pro_container_open_file(info->path, 0, &info->container, &error) != PRO_OK)
        return fail(info->path, error.text);
    if (pro_pe_open(info->container, &info->pe, &error) == PRO_OK ||
            pro_elf_open(info->container, &info->elf, &other) == PRO_OK)
        return CLI_EXIT_OK;
    (void)snprintf(text, sizeof text, "%s; %s", error.text, other.text);
    return fail(info->path, text);
}

int cli_info(const char *path, bool json)
{
    Info info = {.path = path};
    int status = open_info(&info);
    if (status == CLI_EXIT_OK)
        status = json ? print_json(&info) : print_text(&info);
    pro_pe_free(info.pe);
    pro_elf_free(info.elf);
    pro_container_unref(info.container);
    return status;
}
