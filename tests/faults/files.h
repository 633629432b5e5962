/* The files of a scratch folder, as they are in memory: to see what a command left, and to put back
 * what it changed. */
#ifndef GABLE_TESTS_FAULTS_FILES_H
#define GABLE_TESTS_FAULTS_FILES_H
#include <stdbool.h>
#include <stddef.h>

enum { FILES_CAP = 64 };

typedef struct file {
    char path[200];
    char *bytes;
    size_t n;
} file;

typedef struct tree {
    int n;
    file files[FILES_CAP];
} tree;

/* Where TAP goes; 0: not yet, then failures of the test itself go to stderr. */
extern int tap_fd;

/* Ends the whole test when what it needs itself does not work. */
void must(bool good, const char *what);

/* `bytes` is the caller's to free, and one longer than the file. */
file read_file(const char *path);
void write_file(const char *path, const char *bytes, size_t n);

/* Of the current folder; freed by free_tree. */
tree read_tree(void);
void free_tree(tree *t);

const file *find_file(const tree *t, const char *path);
bool same(const file *a, const file *b);

/* Makes the files that are there now those that were there before. */
void restore(const tree *now, const tree *before);

#endif
