/*
 * ncsn.hpp - libncsn for C++17 and newer: owners, exceptions and callables over ncsn.h.
 *
 * Header only: include it, link the same library. It stands for the files of the folder ncsn/ beside it.
 *
 *       #include <ncsn.hpp>
 *
 *       auto model = ncsn::Model::open("digits.onnx");
 *       auto params = model.params();
 *       params.sample_count = 64;
 *       params.seed = 7;
 *       std::vector<float> digits = model.sample(params);
 *
 * WHAT IS WHERE
 *   ncsn/error.hpp     Error, Result, and which of the two a build gets
 *   ncsn/view.hpp      View: what takes vectors, arrays, spans, or a pointer and a length
 *   ncsn/hooks.hpp     callables that the library calls: progress, noise, guide, score
 *   ncsn/params.hpp    Params: what to sample, and the arrays that belong to it
 *   ncsn/options.hpp   ModelOptions: how to load a model
 *   ncsn/run.hpp       Run: chains that step, or go on in the background
 *   ncsn/diagnose.hpp  objectives, validation, recommended levels
 *   ncsn/model.hpp     Model: a score network, and everything that starts from it
 *   ncsn/log.hpp       the log, the library's version
 *
 * The structs here have the fields of ncsn.h by the same names: Params is a ncsn_sample_params, and the
 * constants are ncsn.h's. What a field means, its range and its default stand there.
 *
 * OWNERSHIP
 *   Model, Run and Validation own what they are named after and can be moved, not copied. One that was
 *   moved from, or never opened, answers with NCSN_ERR_STATE. Params and ModelOptions are values: they own
 *   their arrays, strings and callables, and can be copied, moved and destroyed at any time. A run
 *   outlives its model and the parameters it was begun with.
 *
 * ERRORS
 *   Exceptions: what fails throws ncsn::Error. Without them (-fno-exceptions), or when NCSN_RESULTS is
 *   defined as 1, each of these calls returns an ncsn::Result instead: see ncsn/error.hpp. `Returns<T>`
 *   in a signature is T in the one case and Result<T> in the other.
 *
 * CALLBACKS
 *   Any callable. What it throws is carried over the library's frames, and thrown at the call that it was
 *   called from: see ncsn/hooks.hpp.
 *
 * THREADS
 *   A const method may be called from any number of threads at once, also while one is inside another
 *   method; the other methods, moving and destruction need the object to themselves.
 *   Run::cancel() is const.
 */
#ifndef NCSN_HPP
#define NCSN_HPP

#include "ncsn/diagnose.hpp"
#include "ncsn/error.hpp"
#include "ncsn/hooks.hpp"
#include "ncsn/log.hpp"
#include "ncsn/model.hpp"
#include "ncsn/options.hpp"
#include "ncsn/params.hpp"
#include "ncsn/run.hpp"
#include "ncsn/tune.hpp"
#include "ncsn/view.hpp"

#endif
