/* Modular checksum of files (mf_file_sum.h). */
#include "mf_file_sum.h"

uint32_t mf_file_sum(uint32_t sum, uint32_t position, const uint8_t *data, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++) {
        sum += (uint32_t)data[i] << (24u - 8u * ((position + i) & 3u));
    }
    return sum;
}
