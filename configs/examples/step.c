/* One decode step by way of the library: cc step.c $(pkg-config --cflags --libs gable) -o step && ./step DATA
 * (DATA: pkg-config --variable=datadir gable). */
#include <gable.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    gable_session *session;
    gable_query query = {.model = "llama-3.1-8b",
                         .system = "h100-sxm",
                         .stack = "trtllm",
                         .phase = "decode",
                         .batch = 16,
                         .context = 4096,
                         .new_tokens = 1,
                         .tp = 1,
                         .ep = 1};
    gable_answer answer;
    if (argc < 2 || gable_open(argv[1], &session) != 0)
        return 2;
    int status = gable_cost(session, &query, &answer);
    if (status != 0)
        fprintf(stderr, "%s\n", gable_message(session));
    else
        printf("%.17g %s %d\n", answer.time_s, answer.bound, answer.fits);
    gable_close(session);
    return status;
}
