#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int tap_fd;

void must(bool good, const char *what)
{
    if (good)
        return;
    dprintf(tap_fd ? tap_fd : 2, "Bail out! %s: %s\n", what, strerror(errno));
    _exit(70);
}

file read_file(const char *path)
{
    file f = {.n = 0};
    struct stat status;
    int fd = open(path, O_RDONLY);
    must(fd >= 0 && fstat(fd, &status) == 0, path);
    snprintf(f.path, sizeof f.path, "%s", path);
    f.bytes = malloc((size_t)status.st_size + 1);
    must(f.bytes, path);
    ssize_t got = read(fd, f.bytes, (size_t)status.st_size);
    must(got == status.st_size, path);
    f.n = (size_t)got;
    close(fd);
    return f;
}

void write_file(const char *path, const char *bytes, size_t n)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    must(fd >= 0 && write(fd, bytes, n) == (ssize_t)n && close(fd) == 0, path);
}

static void read_folder(tree *t, const char *folder)
{
    DIR *open_folder = opendir(folder);
    const struct dirent *entry;
    if (!open_folder)
        return;
    while ((entry = readdir(open_folder))) {
        char path[200];
        struct stat status;
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%.150s", folder, entry->d_name);
        must(lstat(path, &status) == 0, path);
        if (S_ISDIR(status.st_mode))
            read_folder(t, path);
        else if (S_ISREG(status.st_mode) && t->n < FILES_CAP)
            t->files[t->n++] = read_file(path);
    }
    closedir(open_folder);
}

tree read_tree(void)
{
    tree t = {.n = 0};
    read_folder(&t, ".");
    return t;
}

void free_tree(tree *t)
{
    for (int i = 0; i < t->n; i++)
        free(t->files[i].bytes);
    t->n = 0;
}

const file *find_file(const tree *t, const char *path)
{
    for (int i = 0; i < t->n; i++)
        if (strcmp(t->files[i].path, path) == 0)
            return &t->files[i];
    return NULL;
}

bool same(const file *a, const file *b)
{
    return a && b && a->n == b->n && memcmp(a->bytes, b->bytes, a->n) == 0;
}

void restore(const tree *now, const tree *before)
{
    for (int i = 0; i < now->n; i++)
        if (!find_file(before, now->files[i].path))
            unlink(now->files[i].path);
    for (int i = 0; i < before->n; i++)
        if (!same(find_file(now, before->files[i].path), &before->files[i]))
            write_file(before->files[i].path, before->files[i].bytes, before->files[i].n);
}
