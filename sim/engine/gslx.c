/* engine/gslx: Brent, Levenberg-Marquardt, quantiles. */
#include "engine/gslx.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_histogram.h>
#include <gsl/gsl_multifit_nlinear.h>
#include <gsl/gsl_qrng.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <gsl/gsl_roots.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>

enum { ROOT_STEPS_CAP = 200, FIT_STEPS_CAP = 200 };

static const double root_relative = 1e-12;
static const double fit_tolerance = 1e-10;

/* GSL differentiates by steps relative to a parameter, and one near 0 would get none: for a
 * covariance, which is nothing but a Jacobian, it is given parameters that are this much larger.
 * Steps of 1.5e-5 are also what the loss needs near 0, where it is a small difference. */
static const double covariance_shift = 1024.0;

/* ---- roots ---- */

static gable_status run_brent(gsl_root_fsolver *solver, gsl_function *function, double low,
                              double high, double *x, gable_err *err)
{
    int status = gsl_root_fsolver_set(solver, function, low, high);
    if (status)
        return gable_fail(err, GABLE_INTERNAL, "root: %s", gsl_strerror(status));
    for (int i = 0; i < ROOT_STEPS_CAP; i++) {
        status = gsl_root_fsolver_iterate(solver);
        if (status)
            return gable_fail(err, GABLE_INTERNAL, "root: %s", gsl_strerror(status));
        *x = gsl_root_fsolver_root(solver);
        double a = gsl_root_fsolver_x_lower(solver);
        double b = gsl_root_fsolver_x_upper(solver);
        if (gsl_root_test_interval(a, b, 0, root_relative) == GSL_SUCCESS)
            return GABLE_OK;
    }
    return gable_fail(err, GABLE_INTERNAL, "root: no convergence in %d steps", ROOT_STEPS_CAP);
}

gable_status gslx_root(gslx_function *f, void *ctx, double low, double high, double *x,
                       gable_err *err)
{
    double at_low = f(low, ctx), at_high = f(high, ctx);
    if (!isfinite(at_low) || !isfinite(at_high))
        return gable_fail(err, GABLE_INTERNAL, "root: the function is not finite at the ends");
    if (at_low == 0 || at_high == 0) {
        *x = at_low == 0 ? low : high;
        return GABLE_OK;
    }
    if ((at_low < 0) == (at_high < 0))
        return gable_fail(err, GABLE_INTERNAL, "root: no change of sign between %g and %g", low,
                          high);
    gsl_set_error_handler_off();
    gsl_root_fsolver *solver = gsl_root_fsolver_alloc(gsl_root_fsolver_brent);
    if (!solver)
        return gable_fail(err, GABLE_INTERNAL, "root: out of memory");
    gsl_function function = {.function = f, .params = ctx};
    gable_status status = run_brent(solver, &function, low, high, x, err);
    gsl_root_fsolver_free(solver);
    return status;
}

/* ---- least squares ---- */

/* GSL minimises the sum of squares; the square of this is the soft-L1 loss. */
static double soften(double residual, double scale)
{
    double z = residual / scale;
    double root = scale * sqrt(2.0 * (sqrt(1.0 + z * z) - 1.0));
    return residual < 0 ? -root : root;
}

typedef struct evaluation {
    const gslx_fit *fit;
    double shift;
    gsl_vector *scratch; /* GSL asks for columns of its Jacobian too, which are not contiguous */
} evaluation;

static int evaluate(const gsl_vector *x, void *ctx, gsl_vector *out)
{
    const evaluation *e = (const evaluation *)ctx;
    double parameters[GSLX_PARAMETERS_CAP];
    for (size_t i = 0; i < e->fit->n_parameters; i++)
        parameters[i] = gsl_vector_get(x, i) - e->shift;
    e->fit->residuals(parameters, e->fit->ctx, e->scratch->data);
    for (size_t i = 0; i < e->fit->n_residuals; i++) {
        double softened = soften(e->scratch->data[i], e->fit->scale);
        if (!isfinite(softened))
            return GSL_EBADFUNC;
        gsl_vector_set(out, i, softened);
    }
    return GSL_SUCCESS;
}

/* What is wanted of a fit; NULL: not that. A search and a covariance are not wanted at once. */
typedef struct wanted {
    double *best; /* the search's end; without it nothing is searched */
    double *loss;
    double *covariance;
} wanted;

static double sum_of_squares(const gsl_vector *residuals)
{
    double sum = 0.0;
    for (size_t i = 0; i < residuals->size; i++)
        sum += gsl_vector_get(residuals, i) * gsl_vector_get(residuals, i);
    return sum;
}

static void search(gsl_multifit_nlinear_workspace *workspace, double *best_parameters)
{
    int info = 0;
    /* Its status says why it stopped; every reason leaves the best point in x. */
    (void)gsl_multifit_nlinear_driver(FIT_STEPS_CAP, fit_tolerance, fit_tolerance, fit_tolerance,
                                      NULL, NULL, &info, workspace);
    const gsl_vector *best = gsl_multifit_nlinear_position(workspace);
    for (size_t i = 0; i < best->size; i++)
        best_parameters[i] = gsl_vector_get(best, i);
}

static gable_status run_fit(gsl_multifit_nlinear_workspace *workspace, evaluation *e,
                            const double *parameters, const wanted *out, gable_err *err)
{
    const gslx_fit *fit = e->fit;
    gsl_multifit_nlinear_fdf problem = {
        .f = evaluate, .n = fit->n_residuals, .p = fit->n_parameters, .params = e};
    double shifted[GSLX_PARAMETERS_CAP];
    for (size_t i = 0; i < fit->n_parameters; i++)
        shifted[i] = parameters[i] + e->shift;
    gsl_vector_const_view start = gsl_vector_const_view_array(shifted, fit->n_parameters);
    if (gsl_multifit_nlinear_init(&start.vector, &problem, workspace))
        return gable_fail(err, GABLE_INTERNAL, "fit: residuals are not finite at the start");
    if (out->best)
        search(workspace, out->best);
    if (out->loss)
        *out->loss = sum_of_squares(gsl_multifit_nlinear_residual(workspace));
    if (!out->covariance)
        return GABLE_OK;
    gsl_matrix_view covariance =
        gsl_matrix_view_array(out->covariance, fit->n_parameters, fit->n_parameters);
    if (gsl_multifit_nlinear_covar(gsl_multifit_nlinear_jac(workspace), 0.0, &covariance.matrix))
        return gable_fail(err, GABLE_INTERNAL, "fit: no covariance");
    gsl_matrix_scale(&covariance.matrix, fit->scale * fit->scale);
    return GABLE_OK;
}

static gable_status run(const gslx_fit *fit, const double *parameters, const wanted *out,
                        gable_err *err)
{
    if (fit->n_parameters == 0 || fit->n_parameters > GSLX_PARAMETERS_CAP ||
        fit->n_residuals < fit->n_parameters || !(fit->scale > 0))
        return gable_fail(err, GABLE_INTERNAL, "fit: %zu parameters and %zu residuals",
                          fit->n_parameters, fit->n_residuals);
    gsl_set_error_handler_off();
    gsl_multifit_nlinear_parameters options = gsl_multifit_nlinear_default_parameters();
    gsl_multifit_nlinear_workspace *workspace = gsl_multifit_nlinear_alloc(
        gsl_multifit_nlinear_trust, &options, fit->n_residuals, fit->n_parameters);
    evaluation e = {.fit = fit,
                    .shift = out->covariance ? covariance_shift : 0.0,
                    .scratch = gsl_vector_alloc(fit->n_residuals)};
    gable_status status = workspace && e.scratch
                              ? run_fit(workspace, &e, parameters, out, err)
                              : gable_fail(err, GABLE_INTERNAL, "fit: out of memory");
    gsl_vector_free(e.scratch); /* both take NULL */
    gsl_multifit_nlinear_free(workspace);
    return status;
}

gable_status gslx_least_squares(const gslx_fit *fit, double *parameters, double *loss,
                                gable_err *err)
{
    return run(fit, parameters, &(wanted){.best = parameters, .loss = loss}, err);
}

gable_status gslx_covariance(const gslx_fit *fit, const double *parameters, double *covariance,
                             gable_err *err)
{
    return run(fit, parameters, &(wanted){.covariance = covariance}, err);
}

/* ---- statistics ---- */

void gslx_sort(double *values, size_t n)
{
    gsl_sort(values, 1, n);
}

double gslx_quantile(const double *sorted, size_t n, double q)
{
    return n ? gsl_stats_quantile_from_sorted_data(sorted, 1, n, q) : 0;
}

double gslx_median(const double *sorted, size_t n)
{
    return gslx_quantile(sorted, n, 0.5);
}

gable_status gslx_sobol_normals(size_t dimensions, size_t n, double *out, gable_err *err)
{
    double point[GSLX_SOBOL_DIMENSIONS_CAP];
    gsl_set_error_handler_off();
    gsl_qrng *sobol = gsl_qrng_alloc(gsl_qrng_sobol, (unsigned)dimensions);
    if (!sobol)
        return gable_fail(err, GABLE_INTERNAL, "out of memory");
    for (size_t i = 0; i < n; i++) {
        gsl_qrng_get(sobol, point); /* GSL's sequence begins at 1/2 in each dimension */
        for (size_t d = 0; d < dimensions; d++)
            out[i * dimensions + d] = gsl_cdf_ugaussian_Pinv(point[d]);
    }
    gsl_qrng_free(sobol);
    return GABLE_OK;
}

double gslx_correlation(const double *a, const double *b, size_t n)
{
    double r = gsl_stats_correlation(a, 1, b, 1, n);
    return isfinite(r) ? r : 0.0;
}

double gslx_select(double *values, size_t n, double q)
{
    if (n == 0)
        return 0;
    double at = q * (double)(n - 1);
    size_t low = (size_t)at, high = low + 1 < n ? low + 1 : low;
    double below = gsl_stats_select(values, 1, n, low),
           above = gsl_stats_select(values, 1, n, high);
    double along = at - (double)low;
    /* As gsl_stats_quantile_from_sorted_data, and between equals it is exactly they. */
    return below + along * (above - below);
}

/* ---- random numbers ---- */

gable_status gslx_uniform(unsigned long seed, size_t n, double *out, gable_err *err)
{
    gsl_set_error_handler_off();
    gsl_rng *generator = gsl_rng_alloc(gsl_rng_mt19937);
    if (!generator)
        return gable_fail(err, GABLE_INTERNAL, "random numbers: out of memory");
    gsl_rng_set(generator, seed);
    for (size_t i = 0; i < n; i++)
        out[i] = gsl_rng_uniform(generator);
    gsl_rng_free(generator);
    return GABLE_OK;
}

gable_status gslx_gamma(unsigned long seed, double shape, size_t n, double *out, gable_err *err)
{
    gsl_set_error_handler_off();
    gsl_rng *generator = gsl_rng_alloc(gsl_rng_mt19937);
    if (!generator)
        return gable_fail(err, GABLE_INTERNAL, "random numbers: out of memory");
    gsl_rng_set(generator, seed);
    for (size_t i = 0; i < n; i++)
        out[i] = gsl_ran_gamma(generator, shape, 1.0 / shape);
    gsl_rng_free(generator);
    return GABLE_OK;
}

/* ---- samples and bins ---- */

gable_status gslx_sobol_open(unsigned n, void **out, gable_err *err)
{
    gsl_set_error_handler_off();
    *out = gsl_qrng_alloc(gsl_qrng_sobol, n);
    return *out ? GABLE_OK : gable_fail(err, GABLE_INTERNAL, "no Sobol sequence in %u axes", n);
}

void gslx_sobol_next(void *sobol, double *place)
{
    gsl_qrng_get(sobol, place);
}

void gslx_sobol_restart(void *sobol)
{
    gsl_qrng_init(sobol);
}

void gslx_sobol_close(void *sobol)
{
    if (sobol)
        gsl_qrng_free(sobol);
}

gable_status gslx_bins_open(const double *edges, size_t n, void **out, gable_err *err)
{
    gsl_set_error_handler_off();
    gsl_histogram *bins = gsl_histogram_alloc(n);
    if (!bins || gsl_histogram_set_ranges(bins, edges, n + 1) != GSL_SUCCESS) {
        gslx_bins_close(bins);
        return gable_fail(err, GABLE_INTERNAL, "no histogram of %zu bins", n);
    }
    *out = bins;
    return GABLE_OK;
}

int gslx_bins_find(const void *bins, double x)
{
    const gsl_histogram *h = bins;
    size_t at;
    if (x < h->range[0])
        return -1;
    return gsl_histogram_find(h, x, &at) == GSL_SUCCESS ? (int)at : (int)h->n;
}

void gslx_bins_close(void *bins)
{
    if (bins)
        gsl_histogram_free(bins);
}
