/* Any text in a gnuplot script: refused for a control byte or its length, or gnuplot itself reads
 * it as one string with these bytes (and a blank before each quote that follows nothing or
 * another), and runs nothing: it stands in an empty folder that stays empty. The seeds try to leave
 * a file there (facts/interface.md 6.4). Where there is no gnuplot nothing is tried. */
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "input.h"
#include "report/plot.h"

static char folder[] = "/tmp/gable-quote-XXXXXX";
static int to_gnuplot = -1, from_gnuplot = -1;

static void remove_folder(void)
{
    rmdir(folder);
}

static void start(void)
{
    int in[2], out[2];
    MUST(mkdtemp(folder) && pipe(in) == 0 && pipe(out) == 0 && atexit(remove_folder) == 0);
    pid_t pid = fork();
    MUST(pid >= 0);
    if (pid == 0) {
        if (chdir(folder) == 0 && dup2(in[0], 0) == 0 && dup2(out[1], 1) == 1 &&
            close(in[1]) == 0 && close(out[0]) == 0)
            execlp("gnuplot", "gnuplot", "-d", "-", (char *)NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    to_gnuplot = in[1];
    from_gnuplot = out[0];
}

static void send_text(const char *text, size_t length)
{
    MUST(write(to_gnuplot, text, length) == (ssize_t)length);
}

/* Fuzzers have a clock that interrupts. */
static bool answers(void)
{
    struct pollfd answer = {.fd = from_gnuplot, .events = POLLIN};
    int n;
    do
        n = poll(&answer, 1, 60000);
    while (n < 0 && errno == EINTR);
    return n == 1;
}

/* One line of its answer, without the newline. */
static void receive_line(char *line, size_t cap)
{
    for (size_t n = 0; n < cap; n++) {
        MUST(answers());
        MUST(read(from_gnuplot, line + n, 1) == 1);
        if (line[n] == '\n') {
            line[n] = '\0';
            return;
        }
    }
    abort();
}

static void check_empty(void)
{
    DIR *open_folder = opendir(folder);
    const struct dirent *entry;
    MUST(open_folder);
    while ((entry = readdir(open_folder)))
        MUST(entry->d_name[0] == '.' && strlen(entry->d_name) <= 2);
    closedir(open_folder);
}

static bool holds_control(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return true;
    return false;
}

/* Whether `line` is `text` with its blanks. */
static bool same_but_blanks(const char *line, const char *text)
{
    for (size_t i = 0; text[i]; i++) {
        if (text[i] == '\'' && (i == 0 || text[i - 1] == '\''))
            MUST(*line++ == ' ');
        if (*line++ != text[i])
            return false;
    }
    return *line == '\0';
}

static bool gnuplot_is_there(void)
{
    static int there = -1;
    if (there < 0)
        there = system("command -v gnuplot >/dev/null 2>&1") == 0;
    return there;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char ends[] = "\nprint 'the end'\n";
    input in = input_open(data, size);
    gable_text out = {0};
    char line[GABLE_GP_TEXT_CAP * 2 + 64];
    gable_text_add(&out, "set print '-'; print ");
    if (gable_gp_quote(&out, in.text, &in.err) != GABLE_OK) {
        MUST(holds_control(in.text) || strlen(in.text) > GABLE_GP_TEXT_CAP);
        input_refused(&in, NULL);
    } else if (gnuplot_is_there()) {
        if (to_gnuplot < 0)
            start();
        send_text(out.text, out.length_bytes);
        send_text(ends, sizeof ends - 1);
        receive_line(line, sizeof line);
        MUST(same_but_blanks(line, in.text));
        receive_line(line, sizeof line);
        MUST(strcmp(line, "the end") == 0);
        check_empty();
    }
    gable_text_free(&out);
    input_close(&in);
    return 0;
}
