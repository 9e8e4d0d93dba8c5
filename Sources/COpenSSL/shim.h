// What Holdfast uses of libcrypto 3.0, EVP interface only; and two system calls that guard secrets.
#pragma once
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>

// Keys an HMAC-SHA-256 context. In C, because the parameters point to strings that must outlive the call.
static inline int openssl_hmac_sha256_set_key(EVP_MAC_CTX *context, const unsigned char *key, size_t key_length) {
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0),
        OSSL_PARAM_construct_end(),
    };
    return EVP_MAC_init(context, key, key_length, parameters);
}

// prctl(2) is variadic, which Swift cannot import.
static inline int process_forbid_dumps(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }
static inline int process_permits_dumps(void) { return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0); }
