/* Modular checksum of files (CCSDS 727.0-B-5, 4.2.2): the sum modulo 2^32 of the octets of a file
 * taken as big-endian words, the last one filled up with zeros. */
#ifndef MF_FILE_SUM_H
#define MF_FILE_SUM_H

#include <stdint.h>

/* Add the octets that lie at `position` of the file to the sum so far; 0 before the first. Parts of
 * a file may be added in any order and of any size. */
uint32_t mf_file_sum(uint32_t sum, uint32_t position, const uint8_t *data, uint32_t size);

#endif
