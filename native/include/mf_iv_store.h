/* Counters of the security associations in FRAM, safe against a loss of power at any byte: two
 * records per SA, written in turn, each with a CRC; the newest whole one counts. */
#ifndef MF_IV_STORE_H
#define MF_IV_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "mf_sdls.h"

#define MF_IV_RECORD 24u /* SPI 2, spare 2, generation 4, IV 12, CRC-32 4; big-endian */
#define MF_IV_STORE_SIZE 480u /* MF_SA_COUNT pairs */

/* 0 or negative. Write returns when the bytes are in the memory. */
typedef int (*mf_iv_read_t)(void *context, uint32_t address, uint8_t *data, uint32_t size);
typedef int (*mf_iv_write_t)(void *context, uint32_t address, const uint8_t *data, uint32_t size);

typedef struct {
    mf_iv_read_t read;
    mf_iv_write_t write;
    void *context;
    uint32_t address;
    bool known[MF_SA_COUNT];          /* the newest record is known: */
    uint8_t newest[MF_SA_COUNT];      /* which of the two */
    uint8_t value[MF_SA_COUNT][16];   /* its generation and IV */
} mf_iv_store_t;

void mf_iv_store_reset(mf_iv_store_t *store, mf_iv_read_t read, mf_iv_write_t write, void *context,
                       uint32_t address);
/* The newest whole record of an SA. MF_OK; MF_E_BADMSG: none, the SA must not be resumed;
 * MF_E_IO: the memory does not answer; MF_E_INVAL. */
int mf_iv_store_load(mf_iv_store_t *store, uint32_t index, uint16_t spi, uint32_t *generation,
                     uint8_t iv[12]);
/* An mf_sdls_save_t, `context` being the store. Writes the older record and reads it back; where the
 * memory holds none (a first start) both. Never goes back: MF_E_INVAL when generation and IV are
 * below what the memory holds, MF_E_IO when that cannot be read or written. */
int mf_iv_store_save(void *context, uint32_t index, uint16_t spi, uint32_t generation,
                     const uint8_t iv[12]);

#endif
