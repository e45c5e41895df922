/* SPDX-License-Identifier: Apache-2.0 */
#include "container/container.h"

#include "core/error.h"

#include <openssl/evp.h>
#include <stdlib.h>

static ProStatus digest_all(const ProContainer *container, EVP_MD_CTX *context,
        const ProProgress *progress, ProError *reterr)
{
    uint8_t *scratch = malloc(CONTAINER_WINDOW_BYTES);
    if (scratch == NULL)
        return error_set(reterr, PRO_ERR_NO_MEMORY, "no memory to hash");
    ProStatus status = PRO_OK;
    uint64_t asked = 0;
    for (uint64_t done = 0; done < container->size && status == PRO_OK;) {
        const void *data;
        size_t size;
        status = pro_container_window(
                container, done, scratch, CONTAINER_WINDOW_BYTES, &data, &size, reterr);
        if (status != PRO_OK)
            break;
        if (size > CONTAINER_PROGRESS_BYTES)
            size = CONTAINER_PROGRESS_BYTES;
        if (EVP_DigestUpdate(context, data, size) != 1)
            status = error_set(reterr, PRO_ERR_SYSTEM, "the hash failed");
        done += size;
        if (status == PRO_OK && done - asked >= CONTAINER_PROGRESS_BYTES) {
            asked = done;
            status = container_progress(progress, done, container->size, reterr);
        }
    }
    free(scratch);
    return status;
}

ProStatus pro_container_hash(const ProContainer *container, const char *algorithm,
        const ProProgress *progress, uint8_t ret_hash[PRO_HASH_BYTES_MAX], size_t *ret_size,
        ProError *reterr)
{
    EVP_MD *digest = algorithm == NULL ? NULL : EVP_MD_fetch(NULL, algorithm, NULL);
    int digest_size = digest == NULL ? 0 : EVP_MD_get_size(digest);
    if (digest_size <= 0 || digest_size > PRO_HASH_BYTES_MAX) {
        EVP_MD_free(digest);
        return error_set(reterr, PRO_ERR_UNSUPPORTED,
                "there is no hash \"%s\"; try sha256, sha1, md5, sha512 or blake2b512",
                algorithm == NULL ? "" : algorithm);
    }
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    ProStatus status = PRO_OK;
    if (context == NULL || EVP_DigestInit_ex2(context, digest, NULL) != 1)
        status = error_set(reterr, PRO_ERR_NO_MEMORY, "cannot start the hash %s", algorithm);
    if (status == PRO_OK)
        status = digest_all(container, context, progress, reterr);
    uint8_t hash[EVP_MAX_MD_SIZE];
    if (status == PRO_OK && EVP_DigestFinal_ex(context, hash, NULL) != 1)
        status = error_set(reterr, PRO_ERR_SYSTEM, "the hash failed");
    for (int i = 0; status == PRO_OK && i < digest_size; i++)
        ret_hash[i] = hash[i];
    if (status == PRO_OK)
        *ret_size = (size_t)digest_size;
    EVP_MD_CTX_free(context);
    EVP_MD_free(digest);
    return status;
}
