/* Runs a fuzz target over the files named as arguments, in one process, and prints "ok - FILE"
 * after each: the caller knows by the last line which one ended the process. Each is held in memory
 * of its own size, so that a sanitizer or valgrind sees a byte read too much. */
#include "fuzz.h"

static int replay(const char *path)
{
    FILE *file = fopen(path, "rb");
    long size = -1;
    if (!file || fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) < 0) {
        perror(path);
        return 1;
    }
    rewind(file);
    uint8_t *data = malloc(size > 0 ? (size_t)size : 1);
    int failed = !data || fread(data, 1, (size_t)size, file) != (size_t)size;
    fclose(file);
    if (!failed)
        LLVMFuzzerTestOneInput(data, (size_t)size);
    free(data);
    return failed;
}

int main(int argc, char **argv)
{
    int failed = argc < 2;
    for (int i = 1; i < argc && !failed; i++) {
        failed = replay(argv[i]);
        if (!failed)
            printf("ok - %s\n", argv[i]);
        fflush(stdout);
    }
    return failed;
}
