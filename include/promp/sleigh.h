/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROMP_SLEIGH_H
#define PROMP_SLEIGH_H

#include <promp/pcode.h>
#include <promp/status.h>

/*
 * SLEIGH: from processor specifications to disassembly and p-code.
 *
 *   compile  .slaspec text -> a compiled specification (.sla, format version 4)
 *   load     a compiled specification -> a language, immutable, shared by threads
 *   decode   bytes at an address -> instruction: length, text, p-code
 *
 * Nothing here has global state.
 */

#ifdef __cplusplus
extern "C" {
#endif

/* ---- compile ---- */

typedef struct ProSleighCompileOptions {
    const char *path;   /* the .slaspec; relative inclusions start from its folder */
    const char *source; /* its text instead of the file's; then it can include nothing */
    size_t source_size;
    const char *const *defines; /* "NAME=VALUE" or "NAME" */
    size_t define_count;
    const char *const *include_folders; /* searched after the including file's folder */
    size_t include_count;
    bool quiet;          /* no warnings */
    size_t memory_limit; /* bytes; 0: the default (SLEIGH_LIMIT_COMPILE_BYTES) */
    void (*opened)(void *data, const char *path); /* NULL, or called for each file that is read */
    void *opened_data;
} ProSleighCompileOptions;

/*
 * Compiles. On success *ret_sla is the file's content (caller frees with free()). In both cases
 * *ret_messages, if wanted, is every error and warning as text (caller frees with free()), each
 * "file:line:column: error: ..." with the offending line. `reterr` sums up.
 */
PRO_API ProStatus pro_sleigh_compile(const ProSleighCompileOptions *options, uint8_t **ret_sla,
        size_t *ret_size, char **ret_messages, ProError *reterr) PRO_WARN_UNUSED;

/* ---- languages ---- */

typedef struct ProSleighLanguage ProSleighLanguage;

/* Loads a compiled specification from memory (not kept). One reference is the caller's. Languages
 * belong to all threads; two that decode with one do not wait for each other. */
PRO_API ProStatus pro_sleigh_language_load(const void *sla, size_t size,
        ProSleighLanguage **ret_language, ProError *reterr) PRO_WARN_UNUSED;

/* The same from files; `pspec_path` may be NULL. Its context_set elements become the defaults. */
PRO_API ProStatus pro_sleigh_language_load_file(const char *sla_path, const char *pspec_path,
        ProSleighLanguage **ret_language, ProError *reterr) PRO_WARN_UNUSED;

/*
 * By id ("RISCV:LE:64:RV64GC"), searched in $PROMP_SPECS, promp's data folder and
 * $GHIDRA_INSTALL_DIR. A .slaspec without .sla is compiled into the cache folder.
 */
PRO_API ProStatus pro_sleigh_language_open(
        const char *id, ProSleighLanguage **ret_language, ProError *reterr) PRO_WARN_UNUSED;

PRO_API ProSleighLanguage *pro_sleigh_language_ref(ProSleighLanguage *language);
PRO_API void pro_sleigh_language_unref(ProSleighLanguage *language); /* NULL is fine */

typedef struct ProSleighLanguageEntry {
    const char *id;
    const char *description;
    const char *ldefs_path; /* where it is defined */
    bool hidden;
    bool deprecated;
} ProSleighLanguageEntry;

/* Calls `each` for every language found, in order of the search; stops when it answers false. */
PRO_API ProStatus pro_sleigh_languages(
        bool (*each)(void *data, const ProSleighLanguageEntry *entry), void *data,
        ProError *reterr) PRO_WARN_UNUSED;

/* Lent for the language's life. */
PRO_API const ProSpace *pro_sleigh_language_spaces(
        const ProSleighLanguage *language, size_t *ret_count);
PRO_API unsigned pro_sleigh_language_default_space(const ProSleighLanguage *language);
PRO_API unsigned pro_sleigh_language_unique_space(const ProSleighLanguage *language);
PRO_API unsigned pro_sleigh_language_alignment(const ProSleighLanguage *language);
PRO_API bool pro_sleigh_language_big_endian(const ProSleighLanguage *language);

/* Memory it takes; grows while more of its instructions are lifted for the first time. */
PRO_API size_t pro_sleigh_language_bytes(const ProSleighLanguage *language);

/*
 * Reads the p-code of all constructors now. Otherwise that of each is read when it is first used:
 * of a file that is damaged there, the language loads, and pro_sleigh_lift() of such an instruction
 * answers PRO_ERR_FORMAT. (Who writes such a file does so on purpose: it has a checksum, which
 * loading checks.) For who wants to know all of it: a compiler's tests, an import. Any thread.
 */
PRO_API ProStatus pro_sleigh_language_check(
        const ProSleighLanguage *language, ProError *reterr) PRO_WARN_UNUSED;

typedef struct ProSleighRegister {
    const char *name;
    ProVarnode place;
} ProSleighRegister;

/* All registers, ordered by place. Lent. */
PRO_API const ProSleighRegister *pro_sleigh_language_registers(
        const ProSleighLanguage *language, size_t *ret_count);
PRO_API const ProSleighRegister *pro_sleigh_language_register(
        const ProSleighLanguage *language, const char *name); /* NULL: no such register */
PRO_API const char *pro_sleigh_language_register_name(
        const ProSleighLanguage *language, ProVarnode place); /* exact; NULL: none */
PRO_API const char *pro_sleigh_language_user_operation(
        const ProSleighLanguage *language, uint64_t index); /* NULL: none */

/* ---- decode ---- */

typedef struct ProSleighDecoder ProSleighDecoder;

/* A decoder belongs to one thread at a time; it holds a reference of the language. */
PRO_API ProStatus pro_sleigh_decoder_new(ProSleighLanguage *language,
        ProSleighDecoder **ret_decoder, ProError *reterr) PRO_WARN_UNUSED;
PRO_API void pro_sleigh_decoder_free(ProSleighDecoder *decoder); /* NULL is fine */

/* Sets a context variable from `address` on (or, if it does not flow, for that address). */
PRO_API ProStatus pro_sleigh_decoder_set_context(ProSleighDecoder *decoder, const char *name,
        uint64_t address, uint64_t value, ProError *reterr) PRO_WARN_UNUSED;

typedef enum ProSleighOutcome {
    PRO_SLEIGH_DECODED = 0,
    PRO_SLEIGH_INVALID,  /* no instruction has these bytes */
    PRO_SLEIGH_TRUNCATED /* the bytes end inside an instruction */
} ProSleighOutcome;

typedef enum ProSleighFlow {
    PRO_FLOW_FALL_THROUGH = 1 << 0, /* execution can reach the next instruction */
    PRO_FLOW_BRANCH = 1 << 1,
    PRO_FLOW_CONDITIONAL = 1 << 2, /* the branch may not be taken */
    PRO_FLOW_CALL = 1 << 3,
    PRO_FLOW_RETURN = 1 << 4,
    PRO_FLOW_INDIRECT = 1 << 5,     /* a branch or call whose target is computed */
    PRO_FLOW_UNIMPLEMENTED = 1 << 6 /* length known, meaning not */
} ProSleighFlow;

enum { PRO_SLEIGH_TARGETS = 4 };

typedef struct ProSleighInstruction {
    ProSleighOutcome outcome;
    uint64_t address;      /* byte offset in the default space */
    uint32_t length;       /* of the instruction alone */
    uint32_t fall_through; /* bytes to the next one, delay slots included */
} ProSleighInstruction;

typedef struct ProSleighLift {
    const ProPcodeOp *ops; /* lent until the decoder's next call */
    size_t count;
    unsigned flow;                        /* ProSleighFlow bits */
    uint64_t targets[PRO_SLEIGH_TARGETS]; /* fixed destinations of branches and calls */
    unsigned target_count;
} ProSleighLift;

/*
 * Decodes the instruction at `address`; `bytes` are what memory holds from there on, as many as are
 * known (delay slots lie behind the instruction). The result stays in the decoder for the two
 * functions below.
 */
PRO_API ProStatus pro_sleigh_decode(ProSleighDecoder *decoder, uint64_t address, const void *bytes,
        size_t size, ProSleighInstruction *ret_instruction) PRO_WARN_UNUSED;

/* Text of the decoded instruction; both lent until the decoder's next call. */
PRO_API ProStatus pro_sleigh_text(ProSleighDecoder *decoder, const char **ret_mnemonic,
        const char **ret_body) PRO_WARN_UNUSED;

/* p-code of the decoded instruction. PRO_ERR_FORMAT: the specification is damaged there (see
 * pro_sleigh_language_check()). */
PRO_API ProStatus pro_sleigh_lift(
        ProSleighDecoder *decoder, ProSleighLift *ret_lift, ProError *reterr) PRO_WARN_UNUSED;

#ifdef __cplusplus
}
#endif

#endif
