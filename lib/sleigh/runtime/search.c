/* SPDX-License-Identifier: Apache-2.0 */
#include "core/buffer.h"
#include "core/error.h"
#include "sleigh/limits.h"
#include "sleigh/runtime/cache.h"
#include "sleigh/runtime/files.h"
#include "sleigh/runtime/language.h"
#include "sleigh/runtime/xml.h"

#include <promp/sleigh.h>

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 4096, NEAREST = 3, LARGEST_ID = 256 };

/* One language of a .ldefs file. */
typedef struct Found {
    ProSleighLanguageEntry entry;
    const char *folder;
    const char *sla;
    const char *pspec;
    const char *truncated_space; /* "": none */
    unsigned truncated_bytes;
} Found;

typedef bool (*FoundCall)(void *data, const Found *found);

typedef struct Search {
    FoundCall each;
    void *data;
    bool stopped;
    const char *folder;
    const char *ldefs;
    char id[LARGEST_ID], description[512], sla[PATH_BYTES], pspec[PATH_BYTES];
    char truncated_space[64];
    unsigned truncated_bytes;
    bool hidden, deprecated, pending;
    Buffer folders; /* searched, for the error message */
} Search;

static void give_pending(Search *search)
{
    if (!search->pending || search->stopped)
        return;
    search->pending = false;
    Found found = {
            {search->id, search->description, search->ldefs, search->hidden, search->deprecated},
            search->folder, search->sla, search->pspec, search->truncated_space,
            search->truncated_bytes};
    search->stopped = !search->each(search->data, &found);
}

static void keep(char *target, size_t size, const char *text)
{
    (void)snprintf(target, size, "%s", text == NULL ? "" : text);
}

static bool ldefs_open(
        void *data, const char *element, const XmlAttribute *attributes, size_t count)
{
    Search *search = data;
    if (strcmp(element, "truncate_space") == 0) {
        const char *size = xml_attribute(attributes, count, "size");
        keep(search->truncated_space, sizeof search->truncated_space,
                xml_attribute(attributes, count, "space"));
        search->truncated_bytes = size == NULL ? 0 : (unsigned)strtoul(size, NULL, 0);
    }
    if (strcmp(element, "language") != 0)
        return !search->stopped;
    give_pending(search);
    keep(search->id, sizeof search->id, xml_attribute(attributes, count, "id"));
    keep(search->sla, sizeof search->sla, xml_attribute(attributes, count, "slafile"));
    keep(search->pspec, sizeof search->pspec, xml_attribute(attributes, count, "processorspec"));
    search->description[0] = 0;
    search->truncated_space[0] = 0;
    search->hidden = xml_is_true(xml_attribute(attributes, count, "hidden"));
    search->deprecated = xml_is_true(xml_attribute(attributes, count, "deprecated"));
    search->pending = search->id[0] != 0 && search->sla[0] != 0;
    return !search->stopped;
}

static bool ldefs_text(void *data, const char *element, const char *text)
{
    Search *search = data;
    if (strcmp(element, "description") == 0)
        keep(search->description, sizeof search->description, text);
    return true;
}

static void read_ldefs(Search *search, const char *path)
{
    uint8_t *text = NULL;
    size_t size = 0;
    XmlHandler handler = {.data = search, .open = ldefs_open, .text = ldefs_text};
    if (files_read(path, SLEIGH_LIMIT_XML_BYTES, &text, &size, NULL) != PRO_OK)
        return;
    search->ldefs = path;
    search->pending = false;
    if (xml_read(path, (const char *)text, size, &handler, NULL) == PRO_OK)
        give_pending(search);
    free(text);
}

static int is_ldefs(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return length > 6 && strcmp(entry->d_name + length - 6, ".ldefs") == 0;
}

static int is_folder(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void search_folder(Search *search, const char *folder)
{
    struct dirent **entries;
    int count = search->stopped ? -1 : scandir(folder, &entries, is_ldefs, alphasort);
    if (count < 0)
        return;
    buffer_append_format(&search->folders, "%s%s", search->folders.size > 0 ? ", " : "", folder);
    search->folder = folder;
    for (int i = 0; i < count; i++) {
        char path[PATH_BYTES];
        if (snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name) < (int)sizeof path &&
                !search->stopped)
            read_ldefs(search, path);
        free(entries[i]);
    }
    free(entries);
}

/* FOLDER itself and FOLDER/NAME (with `below` appended). */
static void search_tree(Search *search, const char *root, const char *below)
{
    struct dirent **entries;
    int count = scandir(root, &entries, is_folder, alphasort);
    for (int i = 0; i < count; i++) {
        char path[PATH_BYTES];
        if (snprintf(path, sizeof path, "%s/%s%s", root, entries[i]->d_name, below) <
                (int)sizeof path)
            search_folder(search, path);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
}

static void search_specs(Search *search, const char *list)
{
    while (list != NULL && *list != 0) {
        char folder[PATH_BYTES];
        size_t length = strcspn(list, ":");
        if (length > 0 && length < sizeof folder) {
            memcpy(folder, list, length);
            folder[length] = 0;
            search_folder(search, folder);
            search_tree(search, folder, "");
        }
        list += length + (list[length] == ':' ? 1 : 0);
    }
}

/* promp's own data: as seen from libpromp (installed, or in the build tree), else where it was
 * meant to be installed. False if there is none. */
static bool find_data_folder(char *ret_folder)
{
    static const char *const places[] = {PROMP_DATA_FROM_LIBDIR, "../data"};
    Dl_info info;
    char library[PATH_MAX], path[2 * PATH_MAX];
    bool known = dladdr((void *)(uintptr_t)pro_sleigh_languages, &info) != 0 &&
                 info.dli_fname != NULL && realpath(info.dli_fname, library) != NULL;
    char *slash = known ? strrchr(library, '/') : NULL;
    if (slash != NULL) {
        *slash = 0;
        for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
            (void)snprintf(path, sizeof path, "%s/%s", library, places[i]);
            if (realpath(path, ret_folder) != NULL)
                return true;
        }
    }
    return realpath(PROMP_DATA_FOLDER, ret_folder) != NULL;
}

static void search_all(Search *search)
{
    static const char *const modules[] = {"Processors", "Extensions", "Features"};
    char data[PATH_MAX];
    search_specs(search, getenv("PROMP_SPECS"));
    if (find_data_folder(data))
        search_specs(search, data);
    const char *ghidra = getenv("GHIDRA_INSTALL_DIR");
    for (size_t i = 0; ghidra != NULL && i < sizeof modules / sizeof modules[0]; i++) {
        char root[PATH_BYTES];
        if (snprintf(root, sizeof root, "%s/Ghidra/%s", ghidra, modules[i]) < (int)sizeof root)
            search_tree(search, root, "/data/languages");
    }
}

/* ---- opening by id ---- */

typedef struct Wanted {
    const char *id;
    ProSleighLanguage **ret_language;
    ProError *reterr;
    ProStatus status;
    bool found;
    char nearest[NEAREST][LARGEST_ID];
    size_t distance[NEAREST];
} Wanted;

static size_t edit_distance(const char *a, const char *b)
{
    size_t row[LARGEST_ID + 1];
    size_t length = strnlen(b, LARGEST_ID);
    for (size_t k = 0; k <= length; k++)
        row[k] = k;
    for (size_t i = 0; a[i] != 0 && i < LARGEST_ID; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t k = 1; k <= length; k++) {
            size_t best = diagonal + (a[i] != b[k - 1]);
            diagonal = row[k];
            if (row[k] + 1 < best)
                best = row[k] + 1;
            if (row[k - 1] + 1 < best)
                best = row[k - 1] + 1;
            row[k] = best;
        }
    }
    return row[length];
}

static void remember_nearest(Wanted *wanted, const char *id)
{
    size_t distance = edit_distance(wanted->id, id);
    for (size_t i = 0; i < NEAREST; i++) {
        if (wanted->nearest[i][0] != 0 && wanted->distance[i] <= distance)
            continue;
        for (size_t k = NEAREST - 1; k > i; k--) {
            memcpy(wanted->nearest[k], wanted->nearest[k - 1], LARGEST_ID);
            wanted->distance[k] = wanted->distance[k - 1];
        }
        keep(wanted->nearest[i], LARGEST_ID, id);
        wanted->distance[i] = distance;
        return;
    }
}

static ProStatus open_found(const Found *found, ProSleighLanguage **ret_language, ProError *reterr)
{
    char sla[PATH_BYTES], slaspec[PATH_BYTES], pspec[PATH_BYTES];
    int length = snprintf(sla, sizeof sla, "%s/%s", found->folder, found->sla);
    if (length < 4 || (size_t)length >= sizeof slaspec - 5 ||
            snprintf(pspec, sizeof pspec, "%s/%s", found->folder, found->pspec) >=
                    (int)sizeof pspec)
        return error_set(reterr, PRO_ERR_LIMIT, "the path of %s is too long", found->entry.id);
    const char *pspec_path = found->pspec[0] != 0 ? pspec : NULL;
    (void)snprintf(slaspec, sizeof slaspec, "%.*sspec", length, sla);
    ProStatus status = PRO_ERR_UNSUPPORTED;
    if (access(sla, R_OK) == 0)
        status = pro_sleigh_language_load_file(sla, pspec_path, ret_language, reterr);
    /* No .sla, or one of another format version: the specification tells the same. */
    if (status == PRO_ERR_UNSUPPORTED && access(slaspec, R_OK) == 0)
        status = cache_open(found->folder, slaspec, pspec_path, ret_language, reterr);
    else if (access(sla, R_OK) != 0)
        status = error_set(reterr, PRO_ERR_NOT_FOUND, "%s has neither %s nor its specification",
                found->entry.id, sla);
    if (status == PRO_OK && found->truncated_space[0] != 0)
        language_truncate_space(*ret_language, found->truncated_space, found->truncated_bytes);
    return status;
}

static bool try_found(void *data, const Found *found)
{
    Wanted *wanted = data;
    if (strcmp(found->entry.id, wanted->id) != 0) {
        remember_nearest(wanted, found->entry.id);
        return true;
    }
    wanted->found = true;
    wanted->status = open_found(found, wanted->ret_language, wanted->reterr);
    return false;
}

ProStatus pro_sleigh_language_open(
        const char *id, ProSleighLanguage **ret_language, ProError *reterr)
{
    Wanted wanted = {.id = id, .ret_language = ret_language, .reterr = reterr};
    Search search = {.each = try_found, .data = &wanted};
    search_all(&search);
    ProStatus status = wanted.status;
    if (!wanted.found)
        status = error_set(reterr, PRO_ERR_NOT_FOUND,
                "language '%.200s' is not known; nearest: %s%s%s%s%s; searched: %.500s", id,
                wanted.nearest[0][0] == 0 ? "none" : wanted.nearest[0],
                wanted.nearest[1][0] == 0 ? "" : ", ", wanted.nearest[1],
                wanted.nearest[2][0] == 0 ? "" : ", ", wanted.nearest[2],
                buffer_text(&search.folders));
    buffer_fini(&search.folders);
    return status;
}

typedef struct Listing {
    bool (*each)(void *data, const ProSleighLanguageEntry *entry);
    void *data;
} Listing;

static bool list_found(void *data, const Found *found)
{
    const Listing *listing = data;
    return listing->each(listing->data, &found->entry);
}

ProStatus pro_sleigh_languages(
        bool (*each)(void *data, const ProSleighLanguageEntry *entry), void *data, ProError *reterr)
{
    Listing listing = {each, data};
    Search search = {.each = list_found, .data = &listing};
    search_all(&search);
    bool failed = search.folders.failed;
    buffer_fini(&search.folders);
    return failed ? error_set(reterr, PRO_ERR_NO_MEMORY, "no memory") : PRO_OK;
}
