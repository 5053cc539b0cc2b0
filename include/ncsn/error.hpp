/*
 * How calls fail: ncsn::Error, thrown or returned.
 *
 *       try {
 *           auto model = ncsn::Model::open(path);
 *       } catch (const ncsn::Error &error) {
 *           complain(error.what(), error.status() == NCSN_ERR_IO);
 *       }
 *
 * Without exceptions (-fno-exceptions, as game engines build; -fno-rtti is fine, too):
 *
 *       if (auto model = ncsn::Model::open(path))
 *           use(*model);
 *       else
 *           complain(model.error().what());
 */
#ifndef NCSN_ERROR_HPP
#define NCSN_ERROR_HPP

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "../ncsn.h"

/* Whether the compiler has exceptions. Those of callbacks are carried whenever it has. */
#if defined(__cpp_exceptions) || defined(_CPPUNWIND)
#define NCSN_EXCEPTIONS 1
#else
#define NCSN_EXCEPTIONS 0
#endif

/**
 * 1: calls that can fail return a Result. 0: they throw. Defined by the program before it includes this
 * header, or chosen by whether the compiler has exceptions.
 */
#ifndef NCSN_RESULTS
#if NCSN_EXCEPTIONS
#define NCSN_RESULTS 0
#else
#define NCSN_RESULTS 1
#endif
#endif

#if !NCSN_RESULTS && !NCSN_EXCEPTIONS
#error "NCSN_RESULTS is 0, but this compiler has no exceptions"
#endif

/* Translation units of each kind may be linked into one program: their classes have different names. */
#if !NCSN_RESULTS
#define NCSN_KIND throwing
#elif NCSN_EXCEPTIONS
#define NCSN_KIND returning
#else
#define NCSN_KIND exceptionless
#endif

namespace ncsn {
inline namespace NCSN_KIND {

/**
 * What was wrong, where, and what to do about it: what() is the library's text, UTF-8.
 */
class Error : public std::runtime_error {
public:
    Error(ncsn_status status, const std::string &text) : std::runtime_error(text), status_(status) {}

    /** NCSN_ERR_* or NCSN_CANCELLED; NCSN_OK in a Result that has a value. */
    ncsn_status status() const noexcept { return status_; }

    /** Its name, e.g. "NCSN_ERR_IO". */
    const char *name() const noexcept { return ncsn_status_name(status_); }

    /** Whether somebody asked for it: a progress callback returned Then::stop. */
    bool cancelled() const noexcept { return status_ == NCSN_CANCELLED; }

private:
    ncsn_status status_;
};

/**
 * Thrown by calls that have nothing to return when they are cancelled: Model::sample(). Its status is
 * NCSN_CANCELLED. A Run says so by its State instead.
 */
class Cancelled : public Error {
public:
    Cancelled() : Error(NCSN_CANCELLED, "the sampling was cancelled by its progress callback") {}
};

/**
 * Thrown when a model is opened and the library that was found at run time has another ABI than the
 * header that this program was compiled with. Its status is NCSN_ERR_UNSUPPORTED.
 */
class VersionMismatch : public Error {
public:
    explicit VersionMismatch(std::uint32_t library)
        : Error(NCSN_ERR_UNSUPPORTED,
                "this program was compiled for ABI " + std::to_string(NCSN_ABI_VERSION) +
                    " of libncsn, but the library that was loaded (version " + ncsn_version() +
                    ") has ABI " + std::to_string(library) +
                    "; ship the library that belongs to the header, or compile again with its header")
    {
    }
};

#if NCSN_RESULTS

namespace detail {

[[noreturn]] inline void no_value(const Error &error) noexcept
{
    std::fprintf(stderr, "ncsn::Result has no value, but an error: %s\n", error.what());
    std::abort();
}

}  // namespace detail

/**
 * A value, or the Error that there is instead. Look before you take: taking the value of an error ends
 * the program, with the error's text on stderr.
 */
template <class T>
class [[nodiscard]] Result {
public:
    Result(T value) : value_(std::move(value)), error_(NCSN_OK, "") {}
    Result(Error error) : error_(std::move(error)) {}

    explicit operator bool() const noexcept { return value_.has_value(); }

    T &operator*() & { return value(); }
    const T &operator*() const & { return value(); }
    T &&operator*() && { return std::move(value()); }
    T *operator->() { return &value(); }
    const T *operator->() const { return &value(); }

    T &value() &
    {
        if (!value_) detail::no_value(error_);
        return *value_;
    }
    const T &value() const &
    {
        if (!value_) detail::no_value(error_);
        return *value_;
    }
    T &&value() && { return std::move(static_cast<Result &>(*this).value()); }

    /** NCSN_OK and no text when there is a value. */
    const Error &error() const noexcept { return error_; }

private:
    std::optional<T> value_;
    Error error_;
};

/** Success, or an Error. */
template <>
class [[nodiscard]] Result<void> {
public:
    Result() : error_(NCSN_OK, "") {}
    Result(Error error) : error_(std::move(error)) {}

    explicit operator bool() const noexcept { return error_.status() == NCSN_OK; }
    const Error &error() const noexcept { return error_; }

private:
    Error error_;
};

template <class T>
using Returns = Result<T>;

#else

template <class T>
using Returns = T;

#endif

namespace detail {

/* How every call here fails. */
template <class T, class E>
Returns<T> fail(E error)
{
#if NCSN_RESULTS
    return Result<T>(Error(std::move(error)));
#else
    if (error.cancelled()) throw Cancelled();
    throw error;
#endif
}

/* How calls without a value succeed. */
inline Returns<void> done()
{
#if NCSN_RESULTS
    return {};
#endif
}

/* The text that `copy(buffer, capacity)` has: it returns the bytes needed, as ncsn_last_error(). It may
 * change between two calls when other threads use the same run. */
template <class Copy>
std::string text_of(Copy copy)
{
    std::string text(256, '\0');
    for (std::size_t needed = copy(text.data(), text.size()); needed > text.size();
         needed = copy(text.data(), text.size())) {
        text.resize(needed);
    }
    text.resize(text.find('\0'));
    return text;
}

/* The error of a call on this thread that returned `status`. */
inline Error error_of(ncsn_status status)
{
    if (status == NCSN_CANCELLED) return Cancelled();
    return Error(status, text_of(ncsn_last_error));
}

/* The error of an object without a handle. */
inline Error empty(const char *object)
{
    return Error(NCSN_ERR_STATE,
                 std::string("this ") + object + " is empty: it was moved from, or was never made");
}

/* What a step within a call comes to: an error, or nothing. */
using Failure = std::optional<Error>;

inline Failure failure_of(ncsn_status status)
{
    if (status == NCSN_OK) return {};
    return error_of(status);
}

/* How calls without a value end. */
inline Returns<void> end(Failure failure)
{
    if (failure) return fail<void>(*std::move(failure));
    return done();
}

}  // namespace detail
}  // namespace NCSN_KIND
}  // namespace ncsn

#endif
