/* What is taken of BearSSL, unchanged (boards/obc_f405/third_party.toml). */
/* Words of unaligned data are read byte by byte in every world: defined, and the same code. */
#define BR_LE_UNALIGNED 0
#define BR_BE_UNALIGNED 0

/* Counted (native/bare): a tenth faster than -O2, for 1.7 KB. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3")
#endif

#include "src/hash/ghash_ctmul.c"
#include "src/symcipher/aes_ct.c"
#include "src/symcipher/aes_ct_ctr.c"
#include "src/symcipher/aes_ct_enc.c"
