/* What the programs that use this library share. */

#ifndef HOST_H
#define HOST_H

#include "ncsn.h"
#include "round.h"

static inline void ok(ncsn_status status)
{
    char why[1024];
    if (status >= 0) return;
    ncsn_last_error(why, sizeof why);
    fail("ncsn", why);
}

static inline void settings(const char *runtime, int threads, ncsn_model_options *options)
{
    ok(ncsn_model_options_init(options, sizeof *options));
    options->runtime_path = runtime;
    options->intra_threads = (uint32_t)threads;
}

#endif
