/* base: what every room stands on. Depends on nothing of ours; no GSL, no stdio streams, no
 * environment. Include this, not the pieces, from other rooms. */
#ifndef GABLE_BASE_H
#define GABLE_BASE_H
#include "base/arena.h"
#include "base/csv.h"
#include "base/dtype.h"
#include "base/err.h"
#include "base/fields.h"
#include "base/file.h"
#include "base/json.h"
#include "base/num.h"
#include "base/text.h"
#include "base/units.h"
#endif
