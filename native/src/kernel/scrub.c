/* CRC of code in flash, in slices. */
#include "mf_scrub.h"

#include "mf_link.h"

void mf_scrub_begin(mf_scrub_t *scrub, const uint8_t *data, uint32_t size, uint32_t expected)
{
    scrub->data = data;
    scrub->size = size;
    scrub->expected = expected;
    scrub->at = 0;
    scrub->crc = 0;
}

int mf_scrub_step(mf_scrub_t *scrub, uint32_t size)
{
    uint32_t end = size < MF_SCRUB_SPAN - scrub->at ? scrub->at + size : MF_SCRUB_SPAN;
    if (scrub->at < scrub->size) {
        uint32_t last = end < scrub->size ? end : scrub->size;
        scrub->crc = mf_crc32(scrub->crc, scrub->data + scrub->at, last - scrub->at);
    }
    scrub->at = end;
    if (end < MF_SCRUB_SPAN) {
        return 0;
    }
    int status = scrub->crc == scrub->expected ? 1 : (int)MF_E_BADMSG;
    scrub->at = 0;
    scrub->crc = 0;
    return status;
}
