/* The fuzzing target without a fuzzer: replay FILE... [-n INPUTS SEED], the inputs kept and then so
 * many at random. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int count, char **arguments)
{
    static uint8_t data[4096];
    for (int i = 1; i < count && strcmp(arguments[i], "-n") != 0; i++) {
        FILE *file = fopen(arguments[i], "rb");
        if (file == NULL) {
            perror(arguments[i]);
            return 2;
        }
        size_t size = fread(data, 1, sizeof(data), file);
        fclose(file);
        LLVMFuzzerTestOneInput(data, size);
    }
    for (int i = 1; i + 2 < count; i++) {
        if (strcmp(arguments[i], "-n") == 0) {
            uint64_t state = strtoull(arguments[i + 2], NULL, 10);
            for (unsigned long n = strtoul(arguments[i + 1], NULL, 10); n > 0; n--) {
                size_t size = 64u + (size_t)(state >> 40) % 192u;
                for (size_t k = 0; k < size; k++) {
                    state = state * 6364136223846793005u + 1442695040888963407u;
                    data[k] = (uint8_t)(state >> 33);
                }
                LLVMFuzzerTestOneInput(data, size);
            }
        }
    }
    return 0;
}
