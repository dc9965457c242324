/* Critical state in three copies, read by bitwise majority: one flipped bit, or a whole copy that
 * was overwritten, changes nothing and is repaired. Two flips at the same place of two copies are
 * not seen. */
#ifndef MF_VOTE_H
#define MF_VOTE_H

#include <stdint.h>

#define MF_VOTE_WORDS 20u

/* All zeros is a valid state. */
typedef struct {
    uint32_t copy[3][MF_VOTE_WORDS];
    uint32_t repaired; /* words found with copies that differ, since reset */
} mf_vote_t;

void mf_vote_reset(mf_vote_t *vote);
/* `index` below MF_VOTE_WORDS; beyond: 0, and nothing is set. Set with interrupts masked, and in the
 * order in which it is called. */
uint32_t mf_vote_get(const mf_vote_t *vote, uint32_t index);
void mf_vote_set(mf_vote_t *vote, uint32_t index, uint32_t value);
/* Write the majority back into every copy; how many words had copies that differed. */
uint32_t mf_vote_scrub(mf_vote_t *vote);

#endif
