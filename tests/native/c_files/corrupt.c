/* Damaged file systems: whatever the memory holds, every call returns, within bounds and with an
 * answer. Run under the address and undefined-behaviour sanitizers (test_files_damage.py).
 *
 *     corrupt FIRST COUNT
 *
 * flies COUNT seeds from FIRST on and prints what came of them; exit code 1 when a call did not end
 * within OPERATIONS_MAX operations of the memory. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mf_files.h"

#define BLOCK 4096u
#define BLOCKS 32u
#define OPERATIONS_MAX 200000u

static uint8_t memory[BLOCKS][BLOCK];
static uint8_t before[BLOCKS][BLOCK];
static uint32_t operations;
static uint64_t state;

static uint32_t draw(uint32_t limit)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 33) % limit;
}

static int count(void)
{
    if (++operations > OPERATIONS_MAX) {
        fprintf(stderr, "a call does not end\n");
        exit(1);
    }
    return 0;
}

static int read_block(void *ctx, uint32_t block, uint32_t offset, uint8_t *data, uint32_t size)
{
    (void)ctx;
    memcpy(data, &memory[block][offset], size);
    return count();
}

static int program_block(void *ctx, uint32_t block, uint32_t offset, const uint8_t *data,
                         uint32_t size)
{
    (void)ctx;
    for (uint32_t i = 0; i < size; i++) {
        memory[block][offset + i] &= data[i];
    }
    return count();
}

static int erase_block(void *ctx, uint32_t block)
{
    (void)ctx;
    memset(memory[block], 0xFF, BLOCK);
    return count();
}

static const mf_files_device_t device = {
    read_block, program_block, erase_block, NULL, BLOCK, BLOCKS};

static void put(mf_files_t *files, const char *path, uint32_t size)
{
    uint8_t data[700];

    memset(data, (int)size, sizeof data);
    if (mf_files_open(files, 0, path, MF_FILES_WRITE | MF_FILES_CREATE | MF_FILES_EMPTY) < 0) {
        return;
    }
    for (uint32_t done = 0; done < size; done += sizeof data) {
        (void)mf_files_write(files, 0, data, sizeof data);
    }
    (void)mf_files_close(files, 0);
}

static void populate(mf_files_t *files)
{
    memset(memory, 0xFF, sizeof memory);
    if (mf_files_format(files) < 0 || mf_files_mount(files) < 0 ||
        mf_files_folder(files, "logs") < 0) {
        exit(2);
    }
    put(files, "small", 60);
    put(files, "logs/middle", 5000);
    put(files, "logs/large", 20000);
    for (int i = 0; i < 40; i++) {
        put(files, "often", 100);
    }
    put(files, "gone", 3000);
    (void)mf_files_remove(files, "gone");
    mf_files_unmount(files);
}

/* Flip, clear or overwrite some bytes of what has been written; sometimes a checksum of a folder is
 * left right, because the bytes are those of another place of the memory. */
static void damage(void)
{
    for (uint32_t hits = 1u + draw(6); hits > 0; hits--) {
        uint32_t block = draw(BLOCKS);
        uint32_t offset = draw(draw(2) != 0 ? 256u : BLOCK);
        switch (draw(5)) {
        case 0:
            memory[block][offset] ^= (uint8_t)(1u << draw(8));
            break;
        case 1:
            memory[block][offset] = (uint8_t)draw(256);
            break;
        case 2:
            memset(&memory[block][offset], (int)(draw(2) * 255u), BLOCK - offset);
            break;
        case 3: /* pointers of a file: the first words of its blocks, guarded by nothing */
            memory[block][draw(12)] = (uint8_t)draw(BLOCKS + 4u);
            break;
        default:
            memcpy(memory[block], before[draw(BLOCKS)], BLOCK);
            break;
        }
    }
}

static void use(mf_files_t *files)
{
    static const char *const paths[] = {"small", "logs/middle", "logs/large", "often", "new"};
    uint8_t data[3000];
    char name[MF_FILES_NAME_MAX + 1];
    int32_t length;

    for (uint32_t i = 0; i < 5; i++) {
        operations = 0;
        (void)mf_files_stat(files, paths[i]);
        if (mf_files_open(files, i % MF_FILES_SLOTS, paths[i], MF_FILES_READ) == 0) {
            while (mf_files_read(files, i % MF_FILES_SLOTS, data, sizeof data) > 0) {
                continue;
            }
            (void)mf_files_seek(files, i % MF_FILES_SLOTS, 1);
            (void)mf_files_read(files, i % MF_FILES_SLOTS, data, 7);
            (void)mf_files_close(files, i % MF_FILES_SLOTS);
        }
    }
    for (uint32_t folder = 0; folder < 2; folder++) {
        operations = 0;
        if (mf_files_list(files, folder == 0 ? "" : "logs") == 0) {
            while (mf_files_next(files, name, &length) > 0) {
                continue;
            }
        }
    }
    operations = 0;
    (void)mf_files_used(files);
    (void)mf_files_tidy(files);
    operations = 0;
    put(files, "new", 9000);
    put(files, "often", 100);
    (void)mf_files_rename(files, "logs/middle", "small");
    (void)mf_files_remove(files, "logs/large");
    (void)mf_files_remove(files, "often");
}

int main(int arguments, char **values)
{
    uint32_t first = arguments > 1 ? (uint32_t)strtoul(values[1], NULL, 10) : 1u;
    uint32_t seeds = arguments > 2 ? (uint32_t)strtoul(values[2], NULL, 10) : 100u;
    uint32_t mounted = 0;
    uint32_t healthy = 0;
    mf_files_t *files = malloc(mf_files_size());

    if (files == NULL || mf_files_reset(files, &device) < 0) {
        return 2;
    }
    operations = 0;
    populate(files);
    memcpy(before, memory, sizeof memory);
    for (uint32_t seed = first; seed < first + seeds; seed++) {
        state = seed * 0x9E3779B97F4A7C15u + 1u;
        memcpy(memory, before, sizeof memory);
        damage();
        if (mf_files_reset(files, &device) < 0) {
            return 2;
        }
        operations = 0;
        if (mf_files_mount(files) == 0) {
            mounted++;
            use(files);
            healthy += mf_files_stat(files, "") == -21;
            mf_files_unmount(files);
        }
        operations = 0;
        if (mf_files_format(files) < 0 || mf_files_mount(files) < 0) {
            return 3; /* damaged content never keeps a memory from being used anew */
        }
        mf_files_unmount(files);
    }
    printf("%u seeds, %u mounted, %u healthy to the end\n", seeds, mounted, healthy);
    free(files);
    return 0;
}
