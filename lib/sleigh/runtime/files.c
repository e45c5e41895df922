/* SPDX-License-Identifier: Apache-2.0 */
#include "sleigh/runtime/files.h"

#include "core/error.h"
#include "sleigh/runtime/language.h"
#include "sleigh/runtime/xml.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

ProStatus files_read(
        const char *path, size_t limit, uint8_t **ret, size_t *ret_size, ProError *reterr)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) != 0) {
        int reason = errno;
        if (fd >= 0)
            (void)close(fd);
        (void)error_system(reterr, reason, "cannot read %s", path);
        return reason == ENOENT ? PRO_ERR_NOT_FOUND : PRO_ERR_SYSTEM;
    }
    if (!S_ISREG(status.st_mode) || (uint64_t)status.st_size > limit) {
        (void)close(fd);
        return error_set(
                reterr, PRO_ERR_LIMIT, "%s is no file, or larger than %zu bytes", path, limit);
    }
    size_t size = (size_t)status.st_size, used = 0;
    uint8_t *bytes = malloc(size + 1);
    while (bytes != NULL && used < size) {
        ssize_t count = read(fd, bytes + used, size - used);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            break;
        used += (size_t)count;
    }
    (void)close(fd);
    if (bytes == NULL)
        return error_set(reterr, PRO_ERR_NO_MEMORY, "no memory to read %s", path);
    *ret = bytes;
    *ret_size = used;
    return PRO_OK;
}

typedef struct PspecReader {
    ProSleighLanguage *language;
    bool in_context_set;
} PspecReader;

/* Ours, and the only one that is known: an instruction of more bytes is invalid. */
static bool set_property(ProSleighLanguage *language, const char *key, const char *value)
{
    if (key == NULL || value == NULL || strcmp(key, "maximumInstructionBytes") != 0)
        return true;
    unsigned long bytes = strtoul(value, NULL, 0);
    if (bytes > 0 && bytes <= SLEIGH_LIMIT_INSTRUCTION_BYTES)
        language->instruction_bytes = (uint32_t)bytes;
    return true;
}

static bool pspec_open(
        void *data, const char *element, const XmlAttribute *attributes, size_t count)
{
    PspecReader *reader = data;
    if (strcmp(element, "property") == 0)
        return set_property(reader->language, xml_attribute(attributes, count, "key"),
                xml_attribute(attributes, count, "value"));
    if (strcmp(element, "context_set") == 0)
        reader->in_context_set = true;
    else if (strcmp(element, "set") != 0)
        reader->in_context_set = false;
    if (strcmp(element, "set") != 0 || !reader->in_context_set)
        return true;
    const char *name = xml_attribute(attributes, count, "name");
    const char *value = xml_attribute(attributes, count, "val");
    if (name != NULL && value != NULL)
        (void)language_set_default(reader->language, name, strtoull(value, NULL, 0));
    return true;
}

static ProStatus apply_pspec(ProSleighLanguage *language, const char *path, ProError *reterr)
{
    uint8_t *text = NULL;
    size_t size = 0;
    PspecReader reader = {language, false};
    XmlHandler handler = {.data = &reader, .open = pspec_open};
    ProStatus status = files_read(path, SLEIGH_LIMIT_XML_BYTES, &text, &size, reterr);
    if (status == PRO_OK)
        status = xml_read(path, (const char *)text, size, &handler, reterr);
    free(text);
    return status;
}

ProStatus files_load(const char *name, const uint8_t *sla, size_t size, const char *pspec_path,
        ProSleighLanguage **ret_language, ProError *reterr)
{
    ProError reason = {0};
    ProSleighLanguage *language = NULL;
    ProStatus status = pro_sleigh_language_load(sla, size, &language, &reason);
    if (status != PRO_OK)
        return error_set(reterr, status, "%s: %.900s", name, reason.text);
    if (pspec_path != NULL)
        status = apply_pspec(language, pspec_path, reterr);
    if (status != PRO_OK) {
        pro_sleigh_language_unref(language);
        return status;
    }
    *ret_language = language;
    return PRO_OK;
}

ProStatus pro_sleigh_language_load_file(const char *sla_path, const char *pspec_path,
        ProSleighLanguage **ret_language, ProError *reterr)
{
    uint8_t *sla = NULL;
    size_t size = 0;
    ProStatus status = files_read(sla_path, SLEIGH_LIMIT_SLA_BYTES, &sla, &size, reterr);
    if (status == PRO_OK)
        status = files_load(sla_path, sla, size, pspec_path, ret_language, reterr);
    free(sla);
    return status;
}
