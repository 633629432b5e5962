/* base/file: whole files in, within caps and whatever they are; whole files out, or none. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "rows.h"
#include "scratch.h"

static gable_err err;
static const char *text;
static size_t length;

static gable_status read_file(const char *path, size_t cap_bytes)
{
    err = (gable_err){0};
    text = NULL;
    length = 0;
    return gable_file_read(scratch_arena(), path, cap_bytes, &text, &length, &err);
}

static void expect_error(gable_status got, gable_status expected, const char *says)
{
    ck_assert_int_eq(got, expected);
    ck_assert_int_eq(err.status, expected);
    ck_assert_msg(strstr(err.text, says) != NULL, "\"%s\" does not say \"%s\"", err.text, says);
}

START_TEST(reads_whole_files)
{
    ck_assert_int_eq(read_file(scratch_file("a", "one\0two\n", 8), 100), GABLE_OK);
    ck_assert_uint_eq(length, 8);
    ck_assert_int_eq(memcmp(text, "one\0two\n", 9), 0); /* and a NUL */
    ck_assert_int_eq(read_file(scratch_file("empty", "", 0), 100), GABLE_OK);
    ck_assert_uint_eq(length, 0);
    ck_assert_str_eq(text, "");
}
END_TEST

START_TEST(the_cap_is_exact)
{
    const char *path = scratch_file("ten", "0123456789", 10);
    ck_assert_int_eq(read_file(path, 10), GABLE_OK);
    size_t used = scratch_arena()->used_bytes;
    expect_error(read_file(path, 9), GABLE_INPUT, "larger than 9 bytes");
    ck_assert_uint_eq(scratch_arena()->used_bytes, used);
    const char *next = gable_arena_alloc(scratch_arena(), 1, 16);
    for (int i = 0; i < 16; i++)
        ck_assert_int_eq(next[i], 0); /* nothing of the refused file is left */
}
END_TEST

START_TEST(large_files_are_refused)
{
    const char *path = scratch_file("large", "", 0);
    ck_assert_int_eq(truncate(path, 20000000), 0);
    expect_error(read_file(path, GABLE_FILE_CAP_JSON_BYTES), GABLE_INPUT, "larger than 4194304");
}
END_TEST

START_TEST(what_is_no_file_is_refused)
{
    expect_error(read_file("/dev/zero", 100), GABLE_INPUT, "/dev/zero: is a device");
    expect_error(read_file("/tmp", 100), GABLE_INPUT, "/tmp: is a folder");
    expect_error(read_file("/tmp/gable/none/such.json", 100), GABLE_INPUT, "No such file");
    expect_error(read_file("", 100), GABLE_INPUT, "No such file");
}
END_TEST

/* Nobody writes: it must not hang (the timeout of the case is the proof). */
START_TEST(an_idle_fifo_reads_as_empty)
{
    const char *path = scratch_path("fifo");
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_int_eq(read_file(path, 100), GABLE_OK);
    ck_assert_uint_eq(length, 0);
}
END_TEST

/* Runs in a child: `in` and `out` become its standard streams. Exit 0 when the status is as
 * expected. */
static int child_status(const char *in, const char *out, gable_status (*work)(void),
                        gable_status expected)
{
    pid_t child = fork();
    if (child == 0) {
        int fd_in = open(in, O_RDONLY), fd_out = open(out, O_WRONLY);
        if (dup2(fd_in, 0) < 0 || dup2(fd_out, 1) < 0)
            _exit(2);
        _exit(work() == expected && (expected == GABLE_OK || err.text[0]) ? 0 : 1);
    }
    int status = -1;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static gable_status read_stdin(void)
{
    gable_status status = read_file("-", 1000);
    return status == GABLE_OK && strcmp(text, "from a file\n") != 0 ? GABLE_INTERNAL : status;
}

static gable_status write_stdout(void)
{
    err = (gable_err){0};
    return gable_file_write("-", "hello\n", 6, &err);
}

START_TEST(dash_is_the_standard_stream)
{
    const char *in = scratch_file("in", "from a file\n", 12), *out = scratch_file("out", "", 0);
    ck_assert_int_eq(child_status(in, "/dev/null", read_stdin, GABLE_OK), 0);
    ck_assert_int_eq(child_status("/dev/zero", "/dev/null", read_stdin, GABLE_INPUT), 0);
    ck_assert_int_eq(child_status("/tmp", "/dev/null", read_stdin, GABLE_INPUT), 0);
    ck_assert_int_eq(child_status(in, out, write_stdout, GABLE_OK), 0);
    ck_assert_int_eq(read_file(out, 100), GABLE_OK);
    ck_assert_str_eq(text, "hello\n");
}
END_TEST

START_TEST(a_full_disk_is_an_error)
{
    ck_assert_int_eq(child_status("/dev/null", "/dev/full", write_stdout, GABLE_OUTPUT), 0);
    err = (gable_err){0};
    expect_error(gable_file_write("/dev/full", "x", 1, &err), GABLE_OUTPUT, "No space");
}
END_TEST

static void expect_file(const char *path, const char *expected)
{
    ck_assert_msg(read_file(path, 1000) == GABLE_OK, "%s", err.text);
    ck_assert_str_eq(text, expected);
}

/* Entries of the scratch folder: no temporary file may stay behind. */
static size_t count_entries(void)
{
    const char *const *names;
    size_t count;
    err = (gable_err){0};
    const char *folder = scratch_path("");
    ck_assert_int_eq(gable_file_list(scratch_arena(), folder, "", &names, &count, &err), GABLE_OK);
    return count;
}

START_TEST(writes_and_overwrites)
{
    const char *path = scratch_path("out.json");
    err = (gable_err){0};
    ck_assert_int_eq(gable_file_write(path, "first, longer", 13, &err), GABLE_OK);
    expect_file(path, "first, longer");
    ck_assert_int_eq(gable_file_write(path, "second", 6, &err), GABLE_OK);
    expect_file(path, "second");
    ck_assert_uint_eq(count_entries(), 1);
}
END_TEST

START_TEST(permissions_follow_the_umask)
{
    const char *path = scratch_path("out");
    struct stat status;
    mode_t before = umask(027);
    err = (gable_err){0};
    ck_assert_int_eq(gable_file_write(path, "x", 1, &err), GABLE_OK);
    umask(before);
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_uint_eq(status.st_mode & 0777, 0640);
}
END_TEST

START_TEST(a_link_is_replaced_and_its_target_left_alone)
{
    const char *victim = scratch_file("victim", "precious", 8), *link_path = scratch_path("link");
    ck_assert_int_eq(symlink(victim, link_path), 0);
    err = (gable_err){0};
    ck_assert_int_eq(gable_file_write(link_path, "new", 3, &err), GABLE_OK);
    expect_file(victim, "precious");
    expect_file(link_path, "new");
}
END_TEST

/* As root, a rename over /dev/null would take it from everyone. */
START_TEST(what_is_no_file_is_written_in_place)
{
    char got[8] = "";
    struct stat status;
    const char *fifo = scratch_path("fifo"), *null_link = scratch_path("null");
    ck_assert_int_eq(mkfifo(fifo, 0600), 0);
    int fd = open(fifo, O_RDWR);
    err = (gable_err){0};
    ck_assert_int_eq(gable_file_write(fifo, "hello", 5, &err), GABLE_OK);
    ck_assert_int_eq(read(fd, got, sizeof got), 5);
    ck_assert_str_eq(got, "hello");
    close(fd);
    ck_assert_int_eq(lstat(fifo, &status), 0);
    ck_assert(S_ISFIFO(status.st_mode));
    ck_assert_int_eq(symlink("/dev/null", null_link), 0);
    ck_assert_int_eq(gable_file_write(null_link, "gone", 4, &err), GABLE_OK);
    ck_assert_int_eq(lstat(null_link, &status), 0);
    ck_assert(S_ISLNK(status.st_mode));
}
END_TEST

START_TEST(what_cannot_be_written_is_an_error)
{
    err = (gable_err){0};
    expect_error(gable_file_write(scratch_path("none/out"), "x", 1, &err), GABLE_OUTPUT,
                 "No such file");
    err = (gable_err){0};
    const char *folder = scratch_path("folder");
    ck_assert_int_eq(mkdir(folder, 0700), 0);
    expect_error(gable_file_write(folder, "x", 1, &err), GABLE_OUTPUT, "is a folder");
    ck_assert_uint_eq(count_entries(), 0);
}
END_TEST

/* A limit on the size of files stands for a disk that fills up half way. */
START_TEST(half_a_file_is_no_file)
{
    const char *path = scratch_file("out", "old", 3);
    size_t n = (size_t)1 << 20;
    char *big = gable_arena_alloc(scratch_arena(), n, 1);
    int command_status = -1;
    pid_t child = fork();
    if (child == 0) {
        struct sigaction ignore = {.sa_handler = SIG_IGN};
        struct rlimit limit = {65536, 65536};
        sigaction(SIGXFSZ, &ignore, NULL);
        setrlimit(RLIMIT_FSIZE, &limit);
        _exit(gable_file_write(path, big, n, &err) == GABLE_OUTPUT ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(child, &command_status, 0), child);
    ck_assert_int_eq(command_status, 0);
    expect_file(path, "old");
    ck_assert_uint_eq(count_entries(), 1);
}
END_TEST

START_TEST(knows_files_and_folders)
{
    const char *path = scratch_file("a", "", 0);
    ck_assert(gable_file_exists(path));
    ck_assert(!gable_file_is_folder(path));
    ck_assert(gable_file_exists("/tmp"));
    ck_assert(gable_file_is_folder("/tmp"));
    ck_assert(!gable_file_exists(scratch_path("none")));
    ck_assert(!gable_file_is_folder(scratch_path("none")));
    ck_assert_str_eq(gable_file_join(scratch_arena(), "hw", "a.json"), "hw/a.json");
}
END_TEST

START_TEST(lists_sorted_names_by_ending)
{
    const char *const *names;
    size_t count = 99;
    scratch_file("b.json", "", 0);
    scratch_file("a.json", "", 0);
    scratch_file("Z.json", "", 0);
    scratch_file("a.csv", "", 0);
    scratch_file(".hidden.json", "", 0);
    ck_assert_int_eq(mkdir(scratch_path("folder.json"), 0700), 0);
    const char *folder = scratch_path("");
    err = (gable_err){0};
    ck_assert_int_eq(gable_file_list(scratch_arena(), folder, ".json", &names, &count, &err),
                     GABLE_OK);
    ck_assert_uint_eq(count, 3);
    ck_assert_str_eq(names[0], "Z.json");
    ck_assert_str_eq(names[1], "a.json");
    ck_assert_str_eq(names[2], "b.json");
    const char *none = scratch_path("none");
    ck_assert_int_eq(gable_file_list(scratch_arena(), none, ".json", &names, &count, &err),
                     GABLE_OK);
    ck_assert_uint_eq(count, 0);
}
END_TEST

Suite *gable_suite_file(void);
Suite *gable_suite_file(void)
{
    Suite *suite = suite_create("file");
    TCase *in = tcase_create("in"), *out = tcase_create("out");
    tcase_add_test(in, reads_whole_files);
    tcase_add_test(in, the_cap_is_exact);
    tcase_add_test(in, large_files_are_refused);
    tcase_add_test(in, what_is_no_file_is_refused);
    tcase_add_test(in, an_idle_fifo_reads_as_empty);
    tcase_add_test(in, knows_files_and_folders);
    tcase_add_test(in, lists_sorted_names_by_ending);
    tcase_add_test(out, dash_is_the_standard_stream);
    tcase_add_test(out, a_full_disk_is_an_error);
    tcase_add_test(out, writes_and_overwrites);
    tcase_add_test(out, permissions_follow_the_umask);
    tcase_add_test(out, a_link_is_replaced_and_its_target_left_alone);
    tcase_add_test(out, what_is_no_file_is_written_in_place);
    tcase_add_test(out, what_cannot_be_written_is_an_error);
    tcase_add_test(out, half_a_file_is_no_file);
    tcase_add_checked_fixture(in, scratch_open, scratch_close);
    tcase_add_checked_fixture(out, scratch_open, scratch_close);
    suite_add_tcase(suite, in);
    suite_add_tcase(suite, out);
    return suite;
}
