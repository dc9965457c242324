/* Triple-voted words: see mf_vote.h. The copies of a word lie a whole copy apart, so that one
 * overrun does not reach two of them. */
#include "mf_vote.h"

#include <string.h>

#include "mf_port.h"

void mf_vote_reset(mf_vote_t *vote)
{
    memset(vote, 0, sizeof(*vote));
}

uint32_t mf_vote_get(const mf_vote_t *vote, uint32_t index)
{
    if (index >= MF_VOTE_WORDS) {
        return 0;
    }
    const uint32_t a = vote->copy[0][index];
    const uint32_t b = vote->copy[1][index];
    const uint32_t c = vote->copy[2][index];
    return (a & b) | (a & c) | (b & c);
}

void mf_vote_set(mf_vote_t *vote, uint32_t index, uint32_t value)
{
    if (index >= MF_VOTE_WORDS) {
        return;
    }
    /* Nobody is to find two of three: an interrupt in between would take that for damage. */
    const uint32_t lock = mf_port_irq_lock();
    for (uint32_t i = 0; i < 3u; i++) {
        vote->copy[i][index] = value;
    }
    mf_port_irq_unlock(lock);
}

uint32_t mf_vote_scrub(mf_vote_t *vote)
{
    uint32_t repaired = 0;
    for (uint32_t index = 0; index < MF_VOTE_WORDS; index++) {
        const uint32_t value = mf_vote_get(vote, index);
        if (vote->copy[0][index] != value || vote->copy[1][index] != value ||
            vote->copy[2][index] != value) {
            mf_vote_set(vote, index, value);
            repaired++;
        }
    }
    vote->repaired += repaired;
    return repaired;
}
