/* machine/forms: see forms.h. */
#include "machine/forms.h"

#include <string.h>

#define CONTINUOUS(symbol, name_, centre_, spread_, low_, high_, help_)                            \
    {.name = name_,                                                                                \
     .centre = centre_,                                                                            \
     .spread = spread_,                                                                            \
     .low = low_,                                                                                  \
     .high = high_,                                                                                \
     .help = help_},
#define COUNT_ARGUMENTS(...) (int)(sizeof((double[]){__VA_ARGS__}) / sizeof(double))
#define DISCRETE(symbol, name_, help_, ...)                                                        \
    {.name = name_,                                                                                \
     .n_choices = COUNT_ARGUMENTS(__VA_ARGS__),                                                    \
     .choices = {__VA_ARGS__},                                                                     \
     .help = help_},

static const gable_parameter roofline[] = {GABLE_ROOFLINE_PARAMETERS(CONTINUOUS, DISCRETE)};
static const gable_parameter gemm[] = {GABLE_GEMM_PARAMETERS(CONTINUOUS, DISCRETE)};
static const gable_parameter moe[] = {GABLE_MOE_PARAMETERS(CONTINUOUS, DISCRETE)};
static const gable_parameter context[] = {GABLE_CONTEXT_PARAMETERS(CONTINUOUS, DISCRETE)};
static const gable_parameter decode[] = {GABLE_DECODE_PARAMETERS(CONTINUOUS, DISCRETE)};
static const gable_parameter wide[] = {GABLE_WIDE_PARAMETERS(CONTINUOUS, DISCRETE)};
static const gable_parameter stream[] = {GABLE_STREAM_PARAMETERS(CONTINUOUS, DISCRETE)};
static const gable_parameter latent_context[] = {
    GABLE_LATENT_CONTEXT_PARAMETERS(CONTINUOUS, DISCRETE)};
static const gable_parameter latent_decode[] = {
    GABLE_LATENT_DECODE_PARAMETERS(CONTINUOUS, DISCRETE)};
static const gable_parameter batched[] = {GABLE_BATCHED_PARAMETERS(CONTINUOUS, DISCRETE)};
static const gable_parameter collective[] = {GABLE_COLLECTIVE_PARAMETERS(CONTINUOUS, DISCRETE)};
static const gable_parameter custom[] = {GABLE_CUSTOM_PARAMETERS(CONTINUOUS, DISCRETE)};
static const gable_parameter exchange[] = {GABLE_EXCHANGE_PARAMETERS(CONTINUOUS, DISCRETE)};
static const gable_parameter sublayer[] = {GABLE_SUBLAYER_PARAMETERS(CONTINUOUS, DISCRETE)};

const gable_form gable_forms[GABLE_N_FORMS] = {
    [GABLE_FORM_ROOFLINE] = {"roofline", roofline, GABLE_N_ROOFLINE},
    [GABLE_FORM_GEMM] = {"gemm", gemm, GABLE_N_GEMM},
    [GABLE_FORM_MOE] = {"moe", moe, GABLE_N_MOE},
    [GABLE_FORM_CONTEXT] = {"context", context, GABLE_N_CONTEXT},
    [GABLE_FORM_DECODE] = {"decode", decode, GABLE_N_DECODE},
    [GABLE_FORM_WIDE] = {"wide", wide, GABLE_N_WIDE},
    [GABLE_FORM_STREAM] = {"stream", stream, GABLE_N_STREAM},
    [GABLE_FORM_LATENT_CONTEXT] = {"latent_context", latent_context, GABLE_N_LATENT_CONTEXT},
    [GABLE_FORM_LATENT_DECODE] = {"latent_decode", latent_decode, GABLE_N_LATENT_DECODE},
    [GABLE_FORM_BATCHED] = {"batched", batched, GABLE_N_BATCHED},
    [GABLE_FORM_COLLECTIVE] = {"collective", collective, GABLE_N_COLLECTIVE_P},
    [GABLE_FORM_CUSTOM] = {"custom", custom, GABLE_N_CUSTOM_P},
    [GABLE_FORM_EXCHANGE] = {"exchange", exchange, GABLE_N_EXCHANGE_P},
    [GABLE_FORM_SUBLAYER] = {"sublayer", sublayer, GABLE_N_SUBLAYER},
};

int gable_form_find(const gable_form *form, const char *name)
{
    for (int i = 0; i < form->n_parameters; i++)
        if (strcmp(form->parameters[i].name, name) == 0)
            return i;
    return -1;
}

/* Files hold four digits: a bound itself may come back a little beyond it. */
static const double rounding = 1e-3;

bool gable_form_allows(const gable_parameter *parameter, double value)
{
    for (int i = 0; i < parameter->n_choices; i++)
        if (parameter->choices[i] >= value && parameter->choices[i] <= value)
            return true;
    return parameter->n_choices == 0 && value >= parameter->low * (1.0 - rounding) &&
           value <= parameter->high * (1.0 + rounding);
}
