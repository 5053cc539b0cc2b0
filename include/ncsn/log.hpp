/*
 * The log, and the library's version.
 */
#ifndef NCSN_LOG_HPP
#define NCSN_LOG_HPP

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include "error.hpp"

namespace ncsn {
inline namespace NCSN_KIND {

/** Receives one line, UTF-8, without its end. NCSN_LOG_*. */
using LogHook = std::function<void(std::int32_t level, const char *message)>;

namespace detail {

/* Whether this thread is inside a hook. */
inline thread_local bool logging = false;

inline void on_log(void *user, std::int32_t level, const char *message) noexcept
{
    const LogHook &hook = *static_cast<const LogHook *>(user);
    logging = true;
#if NCSN_EXCEPTIONS
    try {
        hook(level, message);
    } catch (...) {
        /* There is no call that this belongs to. */
    }
#else
    hook(level, message);
#endif
    logging = false;
}

}  // namespace detail

/**
 * Sends log messages of at most `max_level` (NCSN_LOG_*) to `hook`, for the whole process; an empty one
 * silences. It is called on any thread that is inside a call of the library, and on ONNX Runtime's own,
 * several at once. What it throws is dropped: a log belongs to no call. NCSN_ERR_STATE from inside it.
 */
inline Returns<void> set_log(LogHook hook, std::int32_t max_level = NCSN_LOG_WARN)
{
    /* Kept for ever: other threads may log while a process ends. */
    static auto &current = *new std::unique_ptr<LogHook>();
    static auto &mutex = *new std::mutex();

    /* The library would refuse it, but waiting for the lock would be a deadlock. */
    if (detail::logging) {
        return detail::fail<void>(Error(NCSN_ERR_STATE, "set_log was called from inside the log hook"));
    }
    auto next = hook ? std::make_unique<LogHook>(std::move(hook)) : nullptr;
    const std::lock_guard<std::mutex> lock(mutex);
    const ncsn_status status = ncsn_set_log(next ? detail::on_log : nullptr, next.get(), max_level);
    if (status != NCSN_OK) return detail::fail<void>(detail::error_of(status));
    current.swap(next);
    return detail::done();
}

/** The library's version, e.g. "1.0.0". */
inline const char *version() noexcept { return ncsn_version(); }

}  // namespace NCSN_KIND
}  // namespace ncsn

#endif
