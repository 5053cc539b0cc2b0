/*
 * Run: a batch of Markov chains in progress, begun by Model::begin() or Model::load().
 *
 * On the host's own thread, a slice at a time:
 *
 *       auto run = model.begin(params);
 *       while (run.step(2ms).pending()) draw_frame();
 *       auto samples = run.read();
 *
 * In the background, on a thread of the library's:
 *
 *       run.start();
 *       while (run.poll().pending()) draw_frame();      // or: run.wait()
 *       auto samples = run.read();
 */
#ifndef NCSN_RUN_HPP
#define NCSN_RUN_HPP

#include <chrono>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "error.hpp"
#include "hooks.hpp"
#include "view.hpp"

namespace ncsn {
inline namespace NCSN_KIND {

/** What has become of a run. */
enum class State : ncsn_status {
    ready = NCSN_OK,             /**< the samples can be read */
    pending = NCSN_PENDING,      /**< there is more to do */
    cancelled = NCSN_CANCELLED,  /**< cancelled for good; its state can be read and saved */
};

/** Where a run is: the fields of ncsn_progress, and its state. */
struct Progress : ncsn_progress {
    State state;

    bool ready() const noexcept { return state == State::ready; }
    bool pending() const noexcept { return state == State::pending; }
    bool cancelled() const noexcept { return state == State::cancelled; }
};

namespace detail {

/* Microseconds for the C calls, where 0 is no limit. A time that is over leaves one. */
template <class Rep, class Period>
std::uint64_t microseconds(std::chrono::duration<Rep, Period> time) noexcept
{
    const double count = std::chrono::duration<double, std::micro>(time).count();
    if (!(count > 1.0)) return 1;
    return count < 9e18 ? static_cast<std::uint64_t>(count) : 0;
}

/* Hooks live until the library has let go of the run. */
struct ReleaseRun {
    std::shared_ptr<Hooks> hooks;

    void operator()(ncsn_run *run) const noexcept
    {
        hooks->abandon();
        ncsn_run_free(run);
    }
};

}  // namespace detail

/**
 * Owns a run. Destroying it cancels what is still going on, and waits for the evaluation in flight; to
 * avoid that wait, cancel() and poll() until it is not pending first. What a callable threw and no call
 * was told of goes with it.
 *
 * cancel(), poll(), wait(), read(), save() are const: also while the run goes on, in the background or in
 * another thread's step(). read() and save() wait for no evaluation.
 */
class Run {
public:
    /** An empty run, to be assigned to. */
    Run() noexcept = default;

    /** Whether it is not empty. */
    explicit operator bool() const noexcept { return handle_ != nullptr; }

    /**
     * Goes on until `max_steps` further steps of all chains are complete (0: no limit), the next evaluation
     * is not expected to fit `budget` (call_seconds says what it should take), or it is done. At least one
     * evaluation of one micro-batch happens; a budget of nothing, or less, is just that.
     */
    template <class Rep, class Period>
    Returns<Progress> step(std::chrono::duration<Rep, Period> budget, std::uint32_t max_steps = 0)
    {
        return advance(max_steps, detail::microseconds(budget));
    }
    Returns<Progress> step(std::uint32_t max_steps) { return advance(max_steps, 0); }

    /** Goes on until it is done, cancelled, or fails. */
    Returns<Progress> finish() { return advance(0, 0); }

    /**
     * Goes on on a thread of the library's own, and returns at once. NCSN_ERR_STATE when it is going
     * already. After an error it may be started again.
     */
    Returns<void> start()
    {
        if (!handle_) return detail::fail<void>(detail::empty("ncsn::Run"));
        hooks().rethrow();
        const ncsn_status status = ncsn_run_start(handle_.get());
        if (status < 0) return detail::fail<void>(detail::error_of(status));
        return detail::done();
    }

    /**
     * Where it is; never waits. Fails with the error that ended a background run. Pending also after a
     * cancel, until its thread has come to rest.
     */
    Returns<Progress> poll() const
    {
        if (!handle_) return detail::fail<Progress>(detail::empty("ncsn::Run"));
        Progress now{};
        now.struct_size = sizeof(ncsn_progress);
        return arrived(ncsn_run_poll(handle_.get(), &now), now);
    }

    /**
     * Waits until a background run has come to rest, and fails as poll() does. NCSN_ERR_STATE when it was
     * never started, or from inside one of its own callables.
     */
    Returns<State> wait() const { return rest(0); }

    /** The same, but pending when it has not within `timeout`. */
    template <class Rep, class Period>
    Returns<State> wait(std::chrono::duration<Rep, Period> timeout) const
    {
        return rest(detail::microseconds(timeout));
    }

    /** Cancels, from any thread, for good: no evaluation follows the one in flight. */
    void cancel() const noexcept { ncsn_run_cancel(handle_.get()); }

    /**
     * Copies the samples (NCSN_READ_SAMPLE), the chains as they are (NCSN_READ_STATE), or the latest
     * denoised estimate (NCSN_READ_DENOISED) to `out`.
     */
    Returns<void> read(std::int32_t what, Samples out) const { return detail::end(copy(what, out)); }

    /** The same, as a vector of float, or of std::uint8_t for 8-bit formats. */
    template <class T = float>
    Returns<std::vector<T>> read(std::int32_t what = NCSN_READ_SAMPLE) const
    {
        if (!handle_) return detail::fail<std::vector<T>>(detail::empty("ncsn::Run"));
        std::size_t bytes = 0;
        const ncsn_status status = ncsn_run_output_size(handle_.get(), &bytes);
        if (status != NCSN_OK) return detail::fail<std::vector<T>>(detail::error_of(status));
        std::vector<T> out(bytes / sizeof(T));
        if (auto failure = copy(what, out)) return detail::fail<std::vector<T>>(*std::move(failure));
        return out;
    }

    /** The whole run, for Model::load(): from there it continues bit for bit. Without callables. */
    Returns<std::vector<std::uint8_t>> save() const
    {
        using Bytes = std::vector<std::uint8_t>;
        if (!handle_) return detail::fail<Bytes>(detail::empty("ncsn::Run"));
        Bytes saved;
        std::size_t needed = 0;
        ncsn_status status = ncsn_run_save(handle_.get(), nullptr, 0, &needed);
        if (status == NCSN_OK) {
            saved.resize(needed);
            status = ncsn_run_save(handle_.get(), saved.data(), saved.size(), nullptr);
        }
        if (status != NCSN_OK) return detail::fail<Bytes>(detail::error_of(status));
        return saved;
    }

    /** The C handle, which stays this object's. */
    ncsn_run *get() const noexcept { return handle_.get(); }

private:
    friend class Model;

    Run(ncsn_run *handle, std::shared_ptr<detail::Hooks> hooks, std::int32_t format)
        : handle_(handle, detail::ReleaseRun{std::move(hooks)}), output_format_(format)
    {
    }

    detail::Hooks &hooks() const noexcept { return *handle_.get_deleter().hooks; }

    Returns<Progress> advance(std::uint32_t max_steps, std::uint64_t budget_us)
    {
        if (!handle_) return detail::fail<Progress>(detail::empty("ncsn::Run"));
        /* A callable may destroy this run. */
        const std::shared_ptr<detail::Hooks> hooks = handle_.get_deleter().hooks;
        hooks->rethrow();
        Progress now{};
        now.struct_size = sizeof(ncsn_progress);
        const ncsn_status status = ncsn_run_step(handle_.get(), max_steps, budget_us, &now);
        hooks->rethrow();
        if (status < 0) return detail::fail<Progress>(detail::error_of(status));
        now.state = static_cast<State>(status);
        return now;
    }

    /* The text of a background run's error is the run's, not this thread's. */
    Error error(ncsn_status status) const
    {
        const auto copy = [this](char *buffer, std::size_t capacity) {
            return ncsn_run_error(handle_.get(), buffer, capacity);
        };
        return Error(status, detail::text_of(copy));
    }

    Returns<Progress> arrived(ncsn_status status, Progress now) const
    {
        if (status != NCSN_PENDING) hooks().rethrow();
        if (status < 0) return detail::fail<Progress>(error(status));
        now.state = static_cast<State>(status);
        return now;
    }

    Returns<State> rest(std::uint64_t timeout_us) const
    {
        if (!handle_) return detail::fail<State>(detail::empty("ncsn::Run"));
        const ncsn_status status = ncsn_run_wait(handle_.get(), timeout_us);
        if (status != NCSN_PENDING) hooks().rethrow();
        if (status < 0) return detail::fail<State>(error(status));
        return static_cast<State>(status);
    }

    detail::Failure copy(std::int32_t what, Samples out) const
    {
        if (!handle_) return detail::empty("ncsn::Run");
        if (!out.fit(output_format_)) return Samples::misfit();
        return detail::failure_of(ncsn_run_read(handle_.get(), what, out.data(), out.bytes()));
    }

    std::unique_ptr<ncsn_run, detail::ReleaseRun> handle_;
    std::int32_t output_format_ = 0;
};

}  // namespace NCSN_KIND
}  // namespace ncsn

#endif
