/*
 * Callables that the library calls: lambdas, function objects, functions.
 *
 *       params.progress([&](const ncsn_progress &now) {
 *           bar.set(now.calls_done, now.calls_total);
 *           return window.closed() ? ncsn::Then::stop : ncsn::Then::go_on;
 *       });
 *
 * A callable returns nothing, or a Then. What it throws stops what it was called for, crosses the
 * library's frames, and is thrown, once, where it was called from: by Model::sample(), Run::step(),
 * Model::begin() and so on; for a run that goes on in the background by the Run::poll() or Run::wait()
 * that finds it at rest. After an exception in progress the run is cancelled; after one in a noise,
 * guide or score callable it can be stepped or started again. This holds also when calls return a
 * Result, as long as the compiler has exceptions.
 *
 * Callables of a run are called on the thread that is inside Run::step(), or on the library's own thread
 * for Run::start(). They may cancel, poll and even destroy that run; one in the background may read and
 * save it, too.
 */
#ifndef NCSN_HOOKS_HPP
#define NCSN_HOOKS_HPP

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <type_traits>
#include <utility>

#include "error.hpp"
#include "view.hpp"

namespace ncsn {
inline namespace NCSN_KIND {

/**
 * What a callable wants to happen. `stop` in progress cancels; in noise, guide and score it fails the
 * call with NCSN_ERR_CALLBACK.
 */
enum class Then { go_on, stop };

/**
 * What the score of a host is asked for: the output of a network (the score, unless
 * ModelOptions::output says otherwise) for `sample_count` samples at `x` and noise level `sigma`.
 */
struct ScoreRequest {
    View<const float> x;                 /**< sample after sample */
    double sigma;                        /**< noise level */
    View<const std::int64_t> labels;     /**< one a sample when there are classes, else none */
    std::uint32_t sample_count;          /**< number of samples */
};

using ProgressHook = std::function<Then(const ncsn_progress &now)>;
using NoiseHook = std::function<Then(const ncsn_noise_request &request, View<float> out)>;
using GuideHook = std::function<Then(const ncsn_guide_request &request, View<float> score)>;
using ScoreHook = std::function<Then(const ScoreRequest &request, View<float> out)>;

/**
 * The preview that a progress callable is shown, as T: float, or std::uint8_t for 8-bit formats. Empty
 * when there is none; valid until the callable returns.
 */
template <class T = float>
View<const T> preview(const ncsn_progress &now) noexcept
{
    return {static_cast<const T *>(now.preview), now.preview_bytes / sizeof(T)};
}

namespace detail {

/* `Hook` of a callable that returns nothing, or a Then. */
template <class Hook, class Callable>
struct Adapt;

template <class... Arguments, class Callable>
struct Adapt<std::function<Then(Arguments...)>, Callable> {
    static_assert(std::is_invocable_v<Callable &, Arguments &...>,
                  "this callable does not take the arguments that it is called with");
    using Returned = std::invoke_result_t<Callable &, Arguments &...>;
    static_assert(std::is_void_v<Returned> || std::is_same_v<Returned, Then>,
                  "a callable returns nothing, or ncsn::Then::go_on or ncsn::Then::stop");

    static std::function<Then(Arguments...)> hook(Callable callable)
    {
        if constexpr (std::is_void_v<Returned>) {
            return [callable = std::move(callable)](Arguments... arguments) mutable {
                callable(arguments...);
                return Then::go_on;
            };
        } else {
            return [callable = std::move(callable)](Arguments... arguments) mutable {
                return callable(arguments...);
            };
        }
    }
};

template <class Hook, class Callable>
Hook adapt(Callable &&callable)
{
    using Plain = std::decay_t<Callable>;
    if constexpr (std::is_same_v<Plain, Hook>) {
        return std::forward<Callable>(callable);
    } else if constexpr (std::is_null_pointer_v<Plain>) {
        return nullptr;
    } else {
        return Adapt<Hook, Plain>::hook(std::forward<Callable>(callable));
    }
}

/* The callables of Params. */
struct Callables {
    ProgressHook progress;
    NoiseHook noise;
    GuideHook guide;
};

/* The callables of one call or one run, and what they threw. The library knows it as `user`. */
class Hooks : public std::enable_shared_from_this<Hooks> {
public:
    Hooks(Callables callables, std::shared_ptr<const ScoreHook> score, std::size_t element_count)
        : callables_(std::move(callables)), score_(std::move(score)), element_count_(element_count)
    {
    }

    /* Points the C struct here, where there is a callable; the caller's own functions stay. */
    void install(ncsn_sample_params &params)
    {
        if (callables_.progress) {
            params.progress = on_progress;
            params.progress_user = this;
        }
        if (callables_.noise) {
            params.noise = on_noise;
            params.noise_user = this;
        }
        if (callables_.guide) {
            params.guide = on_guide;
            params.guide_user = this;
        }
    }

    static std::int32_t on_score(void *user, const float *x, double sigma, const std::int64_t *labels,
                                 std::uint32_t sample_count, float *out) noexcept
    {
        /* The model that Model::get() shows has no call that errors could go to. */
        if (user == nullptr) return 1;
        return call(user, [&](Hooks &hooks) {
            const std::size_t count = sample_count * hooks.element_count_;
            const ScoreRequest request{{x, count},
                                       sigma,
                                       {labels, labels != nullptr ? sample_count : std::size_t{0}},
                                       sample_count};
            return (*hooks.score_)(request, {out, count});
        });
    }

    /* Throws what a callable threw, once. */
    void rethrow()
    {
#if NCSN_EXCEPTIONS
        std::exception_ptr thrown;
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            thrown.swap(thrown_);
        }
        if (thrown) std::rethrow_exception(thrown);
#endif
    }

    /* The run is being released. When one of its callables does that, the library is still inside it
     * and must not come back here. */
    void abandon() noexcept { abandoned_ = true; }

private:
    static std::int32_t on_progress(void *user, const ncsn_progress *now) noexcept
    {
        return call(user, [&](Hooks &hooks) { return hooks.callables_.progress(*now); });
    }

    static std::int32_t on_noise(void *user, const ncsn_noise_request *request, float *out) noexcept
    {
        return call(user, [&](Hooks &hooks) {
            return hooks.callables_.noise(
                *request, {out, request->sample_count * request->elements_per_sample});
        });
    }

    static std::int32_t on_guide(void *user, const ncsn_guide_request *request, float *score) noexcept
    {
        return call(user, [&](Hooks &hooks) {
            return hooks.callables_.guide(
                *request, {score, request->sample_count * request->elements_per_sample});
        });
    }

    /* No exception leaves, and the callable lives until it has returned whatever it destroys. */
    template <class Call>
    static std::int32_t call(void *user, Call call) noexcept
    {
        const std::shared_ptr<Hooks> hooks = static_cast<Hooks *>(user)->shared_from_this();
        Then then = Then::stop;
#if NCSN_EXCEPTIONS
        try {
            then = call(*hooks);
        } catch (...) {
            const std::lock_guard<std::mutex> lock(hooks->mutex_);
            hooks->thrown_ = std::current_exception();
        }
#else
        then = call(*hooks);
#endif
        return then == Then::stop || hooks->abandoned_ ? 1 : 0;
    }

    Callables callables_;
    std::shared_ptr<const ScoreHook> score_;
    std::size_t element_count_;
    std::atomic<bool> abandoned_{false};
#if NCSN_EXCEPTIONS
    std::mutex mutex_;
    std::exception_ptr thrown_;
#endif
};

}  // namespace detail
}  // namespace NCSN_KIND
}  // namespace ncsn

#endif
