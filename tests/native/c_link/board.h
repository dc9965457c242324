/* A spacecraft's link with a memory behind it, and a ground side that has its keys: what the fuzzing
 * target plays with. */
#ifndef BOARD_H
#define BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mf_space_link.h"

#define MEMORY_SIZE 0x0C00u
#define FRAME_ROOM 320u
#define CLTU_ROOM 512u

/* Choices: the fuzzer's octets one after the other; behind their end numbers that follow from them. */
void choices_from(const uint8_t *data, size_t size);
bool choices_left(void);
uint32_t choose(uint32_t below);

extern mf_space_link_t board;
extern uint8_t memory[MEMORY_SIZE];
extern uint32_t writes_left, reads_left;
extern const char *doing;

/* Ends the program with the place, what was being done, and the condition that does not hold. */
void failed(const char *file, int line, const char *condition);
#define CHECK(condition)                            \
    do {                                            \
        if (!(condition)) {                         \
            failed(__FILE__, __LINE__, #condition); \
        }                                           \
    } while (0)

/* The link as it is after its first start. */
void board_fresh(void);
/* Everything that a refused frame must leave alone; counters of refusals, the decoder of the
 * channel code and the rate of control commands are not in it. */
void board_state(mf_space_link_t *out);
uint32_t board_refusals(void);

uint32_t frame_seal(uint8_t *frame, uint32_t size);
bool frame_good_fecf(const uint8_t *frame, uint32_t size);
/* A secured frame of row `row` of the associations: packets of its owner. */
uint32_t frame_make(uint8_t *frame, uint32_t row, uint64_t iv, bool bypass, uint8_t ns);
/* Damage it; most of the time its FECF is made good again. Its size now. */
uint32_t frame_damage(uint8_t *frame, uint32_t size);
/* What the station radiates for it: start, randomised code blocks, tail. */
uint32_t frame_cltu(const uint8_t *frame, uint32_t size, uint8_t *out);
/* A request for a new key as the owner of `row` wraps it. */
void rekey_make(uint8_t request[MF_LINK_REKEY_REQUEST], uint32_t row, uint32_t generation);

#endif
