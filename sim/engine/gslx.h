/* engine/gslx: the GNU Scientific Library, wrapped once. Its error handler (which aborts) is off,
 * every status is checked, and everything it allocates is freed before the call returns. Room:
 * engine. Uses: base, GSL. */
#ifndef GABLE_ENGINE_GSLX_H
#define GABLE_ENGINE_GSLX_H
#include <stddef.h>

#include "base/base.h"

typedef double gslx_function(double x, void *ctx);

/* Root of f in [low, high] by Brent's method, to 1e-12 relative; an end where f is 0 is a root.
 * Fails with GABLE_INTERNAL when f(low) and f(high) have the same sign or a value is not finite
 * (callers bracket first), or when 200 iterations do not converge. */
gable_status gslx_root(gslx_function *f, void *ctx, double low, double high, double *x,
                       gable_err *err);

/* Writes n_residuals values for the parameters; the fit minimises the sum of a robust loss of them.
 */
typedef void gslx_residuals(const double *parameters, void *ctx, double *residuals);

enum { GSLX_PARAMETERS_CAP = 32 };

/* Nonlinear least squares with soft-L1 loss: rho(r) = 2 s^2 (sqrt(1 + (r/s)^2) - 1), quadratic
 * below the scale s and linear above, so that a bad regime cannot drag the rest. */
typedef struct gslx_fit {
    gslx_residuals *residuals;
    void *ctx;
    size_t n_residuals, n_parameters; /* n_parameters <= GSLX_PARAMETERS_CAP, <= n_residuals */
    double scale;                     /* s, in units of the residuals, > 0 */
} gslx_fit;

/* Improves `parameters` in place from where they stand (Levenberg-Marquardt, Jacobian by
 * differences). loss   sum of rho at the end; may be NULL A fit that stalls is not an error: the
 * best parameters so far are kept. Fails with GABLE_INTERNAL when the residuals are not finite at
 * the start or memory runs out. */
gable_status gslx_least_squares(const gslx_fit *fit, double *parameters, double *loss,
                                gable_err *err);

/* Covariance of the parameters at the minimum `parameters` of a fit: scale^2 (J'J)^-1, where J is
 * the Jacobian of the softened residuals there; that is, for rows that scatter by `scale`
 * independently of each other, and less weight for those further off. A parameter that no residual
 * depends on has no variance, and 0 stands for it (gsl_multifit_nlinear_covar).
 *   covariance   n_parameters^2, row after row
 * Fails as gslx_least_squares does. */
gable_status gslx_covariance(const gslx_fit *fit, const double *parameters, double *covariance,
                             gable_err *err);

/* n points of a Sobol sequence in [1, 40] dimensions as independent standard normals (inverse
 * distribution of each coordinate; the first point, which is 0, is left out): point after point in
 * `out`. Equal arguments give equal numbers. Fails with GABLE_INTERNAL when memory runs out. */
enum { GSLX_SOBOL_DIMENSIONS_CAP = 40 };
gable_status gslx_sobol_normals(size_t dimensions, size_t n, double *out, gable_err *err);

/* Pearson's correlation of n pairs; 0 where one of them does not vary. */
double gslx_correlation(const double *a, const double *b, size_t n);

/* Sorts `values` in place; the next two want sorted values. */
void gslx_sort(double *values, size_t n);

/* Quantile q in [0, 1] of n sorted values, interpolated (Hyndman-Fan 7); 0 when n is 0. */
double gslx_quantile(const double *sorted, size_t n, double q);
double gslx_median(const double *sorted, size_t n);

/* The same quantile of n values in any order, which are moved about: selection instead of a sort,
 * for a few quantiles of many values. */
double gslx_select(double *values, size_t n, double q);

/* n random numbers of the Mersenne twister (MT19937, Matsumoto and Nishimura 1998; gsl_rng), the
 * same for the same seed on every machine. Fails with GABLE_INTERNAL when memory runs out.
 *   uniform   in [0, 1)
 *   gamma     of this shape (> 0) and mean 1: shape 1 is the exponential distribution */
gable_status gslx_uniform(unsigned long seed, size_t n, double *out, gable_err *err);
gable_status gslx_gamma(unsigned long seed, double shape, size_t n, double *out, gable_err *err);

/* A Sobol sequence in [0, 1)^n, n <= 40 (gsl_qrng_sobol): open, next, restart, close. */
gable_status gslx_sobol_open(unsigned n, void **out, gable_err *err);
void gslx_sobol_next(void *sobol, double *place);
void gslx_sobol_restart(void *sobol);
void gslx_sobol_close(void *sobol); /* NULL is fine */

/* Bins between n + 1 ascending edges (gsl_histogram). */
gable_status gslx_bins_open(const double *edges, size_t n, void **out, gable_err *err);
/* 0 … n - 1; -1 below the first edge, n from the last one on. Threads may share the bins. */
int gslx_bins_find(const void *bins, double x);
void gslx_bins_close(void *bins); /* NULL is fine */

#endif
