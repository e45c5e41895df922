/* SPDX-License-Identifier: Apache-2.0 */
#include "commands.h"
#include "option.h"

#include <promp/sleigh.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LARGEST_LIST = 256 };

const char sleigh_command_usage[] =
        "usage: promp sleigh compile FILE.slaspec [-o FILE.sla] [-D NAME=VALUE] [-I FOLDER]\n"
        "                            [--depfile FILE.d] [-q]\n"
        "       promp sleigh languages\n";

static int fail_usage(const char *what, const char *argument)
{
    (void)fprintf(stderr, "promp sleigh: %s%s%s\n%s", what, argument == NULL ? "" : ": ",
            argument == NULL ? "" : argument, sleigh_command_usage);
    return COMMAND_USAGE;
}

/* ---- compile ---- */

typedef struct CompileArguments {
    ProSleighCompileOptions options;
    const char *output;
    const char *depfile;
    const char *defines[LARGEST_LIST];
    const char *folders[LARGEST_LIST];
} CompileArguments;

static int parse_compile(int count, char **given, CompileArguments *arguments)
{
    ProSleighCompileOptions *compile = &arguments->options;
    Options options = {.count = count, .arguments = given, .next = 2};
    compile->defines = arguments->defines;
    compile->include_folders = arguments->folders;
    while (options.next < count) {
        const char *value;
        const char *argument = given[options.next];
        if ((value = option_value(&options, "-o")) != NULL)
            arguments->output = value;
        else if ((value = option_value(&options, "--depfile")) != NULL)
            arguments->depfile = value;
        else if ((value = option_value(&options, "-D")) != NULL &&
                 compile->define_count < LARGEST_LIST)
            arguments->defines[compile->define_count++] = value;
        else if ((value = option_value(&options, "-I")) != NULL &&
                 compile->include_count < LARGEST_LIST)
            arguments->folders[compile->include_count++] = value;
        else if (option_flag(&options, "-q"))
            compile->quiet = true;
        else if (options.missing != NULL)
            return fail_usage("a value is missing behind", options.missing);
        else if (value != NULL)
            return fail_usage("too many of this option", argument);
        else if (argument[0] == '-' || compile->path != NULL)
            return fail_usage("unexpected argument", argument);
        else
            compile->path = given[options.next++];
    }
    return compile->path != NULL ? COMMAND_OK : fail_usage("no file to compile is given", NULL);
}

static bool write_and_close(FILE *file, const uint8_t *bytes, size_t size)
{
    bool written = file != NULL && fwrite(bytes, 1, size, file) == size;
    return file != NULL && fclose(file) == 0 && written;
}

/* Written beside the file, then renamed: a reader sees the old one or the new one. */
static bool write_file(const char *path, const uint8_t *bytes, size_t size)
{
    struct stat status;
    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode))
        return write_and_close(fopen(path, "wbe"), bytes, size); /* /dev/null, a pipe */
    size_t length = strlen(path);
    char *temporary = malloc(length + sizeof ".XXXXXX");
    if (temporary == NULL)
        return false;
    memcpy(temporary, path, length);
    memcpy(temporary + length, ".XXXXXX", sizeof ".XXXXXX");
    int fd = mkstemp(temporary);
    mode_t mask = umask(0);
    (void)umask(mask);
    bool written = fd >= 0 && fchmod(fd, 0666 & ~mask) == 0 &&
                   write_and_close(fdopen(fd, "wb"), bytes, size) && rename(temporary, path) == 0;
    int saved = errno;
    if (!written && fd >= 0)
        (void)unlink(temporary);
    free(temporary);
    errno = saved;
    return written;
}

/* X.slaspec -> X.sla, beside it. Freed by the caller; NULL without memory. */
static char *default_output(const char *path)
{
    size_t length = strlen(path);
    const char *suffix = ".slaspec";
    if (length > strlen(suffix) && strcmp(path + length - strlen(suffix), suffix) == 0)
        length -= strlen(suffix);
    char *output = malloc(length + 5);
    if (output != NULL) {
        memcpy(output, path, length);
        memcpy(output + length, ".sla", 5);
    }
    return output;
}

/* A Makefile's line: the output and what it was made of. */
typedef struct Dependencies {
    FILE *file; /* NULL: not wanted */
} Dependencies;

static void write_escaped(FILE *file, const char *path)
{
    for (; *path != 0; path++) {
        if (*path == ' ' || *path == '#' || *path == '\\')
            (void)fputc('\\', file);
        (void)fputc(*path, file);
        if (*path == '$')
            (void)fputc('$', file);
    }
}

static void add_dependency(void *data, const char *path)
{
    FILE *file = ((Dependencies *)data)->file;
    if (file == NULL)
        return;
    (void)fputc(' ', file);
    write_escaped(file, path);
}

static bool begin_dependencies(Dependencies *dependencies, const char *path, const char *output)
{
    if (path == NULL)
        return true;
    dependencies->file = fopen(path, "we");
    if (dependencies->file == NULL)
        return false;
    write_escaped(dependencies->file, output);
    (void)fputc(':', dependencies->file);
    return true;
}

static bool end_dependencies(Dependencies *dependencies)
{
    if (dependencies->file == NULL)
        return true;
    bool good = fputc('\n', dependencies->file) != EOF;
    return fclose(dependencies->file) == 0 && good;
}

static int fail_write(const char *path)
{
    (void)fprintf(stderr, "promp sleigh: cannot write %s: %s\n", path, strerror(errno));
    return COMMAND_PROBLEM;
}

static int compile_to(CompileArguments *arguments, const char *output)
{
    uint8_t *sla = NULL;
    size_t size = 0;
    char *messages = NULL;
    ProError error;
    Dependencies dependencies = {0};
    arguments->options.opened = add_dependency;
    arguments->options.opened_data = &dependencies;
    if (!begin_dependencies(&dependencies, arguments->depfile, output))
        return fail_write(arguments->depfile);
    ProStatus status = pro_sleigh_compile(&arguments->options, &sla, &size, &messages, &error);
    bool listed = end_dependencies(&dependencies);
    if (messages != NULL)
        (void)fputs(messages, stderr);
    free(messages);
    if (status != PRO_OK) {
        (void)fprintf(stderr, "promp sleigh: %s\n", error.text);
        return COMMAND_PROBLEM;
    }
    int code = !listed                         ? fail_write(arguments->depfile)
               : write_file(output, sla, size) ? COMMAND_OK
                                               : fail_write(output);
    free(sla);
    return code;
}

static int compile(int count, char **given)
{
    CompileArguments arguments = {0};
    int usage = parse_compile(count, given, &arguments);
    if (usage != COMMAND_OK)
        return usage;
    char *made = default_output(arguments.options.path);
    const char *output = arguments.output == NULL ? made : arguments.output;
    int code = output == NULL ? fail_write("the result") : compile_to(&arguments, output);
    free(made);
    return code;
}

/* ---- languages ---- */

static bool print_language(void *data, const ProSleighLanguageEntry *entry)
{
    (void)data;
    (void)printf("%-28s %s%s%s\n    %s\n", entry->id, entry->description,
            entry->deprecated ? " (deprecated)" : "", entry->hidden ? " (hidden)" : "",
            entry->ldefs_path);
    return true;
}

static int list_languages(void)
{
    ProError error;
    if (pro_sleigh_languages(print_language, NULL, &error) == PRO_OK)
        return COMMAND_OK;
    (void)fprintf(stderr, "promp sleigh: %s\n", error.text);
    return COMMAND_PROBLEM;
}

int sleigh_command(int count, char **arguments)
{
    const char *command = count > 1 ? arguments[1] : NULL;
    if (command != NULL && strcmp(command, "compile") == 0)
        return compile(count, arguments);
    if (command != NULL && strcmp(command, "languages") == 0)
        return count == 2 ? list_languages() : fail_usage("unexpected argument", arguments[2]);
    return fail_usage(command == NULL ? "what to do is missing" : "unknown command", command);
}
