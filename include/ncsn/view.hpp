/*
 * View: an array of somebody else's. Whatever has std::data() and std::size() becomes one by itself, so
 * that a call takes std::vector, std::array, std::span, a C array or an engine's own container; a
 * pointer and a length in braces does, too: `run.read(NCSN_READ_STATE, {pixels, count})`.
 *
 * A View given to a callback turns into a std::span where the callback asks for one.
 */
#ifndef NCSN_VIEW_HPP
#define NCSN_VIEW_HPP

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <type_traits>

#include "error.hpp"

namespace ncsn {
inline namespace NCSN_KIND {

/**
 * `size()` values at `data()`, valid as long as what it was made of.
 */
template <class T>
class View {
    /* Arrays of `From` are arrays of T but for const: no conversion of values, no slicing of classes. */
    template <class From>
    static constexpr bool same_values = std::is_convertible_v<From (*)[], T (*)[]>;

public:
    constexpr View() noexcept = default;
    constexpr View(T *data, std::size_t size) noexcept : data_(data), size_(size) {}

    template <class Range,
              class = std::enable_if_t<
                  !std::is_same_v<std::decay_t<Range>, View> &&
                  same_values<std::remove_pointer_t<decltype(std::data(std::declval<Range &>()))>>>,
              class = decltype(std::size(std::declval<Range &>()))>
    constexpr View(Range &&range) noexcept
        : data_(std::data(range)), size_(static_cast<std::size_t>(std::size(range)))
    {
    }

    constexpr T *data() const noexcept { return data_; }
    constexpr std::size_t size() const noexcept { return size_; }
    constexpr bool empty() const noexcept { return size_ == 0; }
    constexpr T *begin() const noexcept { return data_; }
    constexpr T *end() const noexcept { return data_ + size_; }
    constexpr T &operator[](std::size_t index) const noexcept { return data_[index]; }

private:
    T *data_ = nullptr;
    std::size_t size_ = 0;
};

/**
 * Where samples go: float for NCSN_F32_NCHW, std::uint8_t (or another 1-byte integer) for the 8-bit
 * formats, std::byte for both. Its length must be what the samples need, or more.
 */
class Samples {
    enum class Kind { floats, integers, bytes };

    template <class T>
    static constexpr Kind kind_of()
    {
        static_assert(std::is_same_v<T, float> || std::is_same_v<T, std::byte> ||
                          (std::is_integral_v<T> && sizeof(T) == 1),
                      "samples are float, 1-byte integers (8-bit formats) or std::byte (either)");
        if constexpr (std::is_same_v<T, float>) return Kind::floats;
        else if constexpr (std::is_integral_v<T>) return Kind::integers;
        else return Kind::bytes;
    }

public:
    template <class T>
    Samples(View<T> out) noexcept
        : data_(out.data()), bytes_(out.size() * sizeof(T)), kind_(kind_of<T>())
    {
        /* An empty vector has no address, but it is a buffer that is too small. */
        if (out.empty()) data_ = &nothing_;
    }

    template <class T>
    Samples(T *data, std::size_t size) noexcept : Samples(View<T>(data, size))
    {
    }

    template <class Range, class T = std::remove_pointer_t<decltype(std::data(std::declval<Range &>()))>,
              class = std::enable_if_t<!std::is_same_v<std::decay_t<Range>, View<T>>>,
              class = decltype(std::size(std::declval<Range &>()))>
    Samples(Range &&out) noexcept : Samples(View<T>(out))
    {
        static_assert(!std::is_const_v<T>, "samples are written: the elements must not be const");
    }

    void *data() const noexcept { return data_; }
    std::size_t bytes() const noexcept { return bytes_; }

    /** Whether its elements can hold samples in that format. */
    bool fit(std::int32_t output_format) const noexcept
    {
        const bool floats = output_format == 0 || output_format == NCSN_F32_NCHW;
        return kind_ == Kind::bytes || floats == (kind_ == Kind::floats);
    }

    /** The error of samples that do not fit. */
    static Error misfit()
    {
        return Error(NCSN_ERR_ARGUMENT,
                     "the type of the elements does not fit output_format: float goes with "
                     "NCSN_F32_NCHW, std::uint8_t with the 8-bit formats, std::byte with both");
    }

private:
    static inline char nothing_ = 0;
    void *data_;
    std::size_t bytes_;
    Kind kind_;
};

}  // namespace NCSN_KIND
}  // namespace ncsn

#endif
