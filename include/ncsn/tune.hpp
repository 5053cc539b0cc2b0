/*
 * Which engine runs a network fastest without losing accuracy (tune()), by trying those there are.
 */
#ifndef NCSN_TUNE_HPP
#define NCSN_TUNE_HPP

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "error.hpp"
#include "options.hpp"
#include "view.hpp"

namespace ncsn {
inline namespace NCSN_KIND {

namespace detail {

struct FreeTuning {
    void operator()(ncsn_tuning *tuning) const noexcept { ncsn_tuning_free(tuning); }
};

}  // namespace detail

/** How to tune: see ncsn_tune_params. */
class TuneParams : public ncsn_tune_params {
public:
    /* A library that does not know this struct leaves its size 0, which the call refuses. */
    TuneParams() : ncsn_tune_params() { (void)ncsn_tune_params_init(this, sizeof(ncsn_tune_params)); }

    /** The folder of earlier results, UTF-8. Empty: the user's. */
    void cache_dir(std::string folder) { cache_dir_ = std::move(folder); }

private:
    friend class Tuning;

    ncsn_tune_params pointed() const noexcept
    {
        ncsn_tune_params whole = *this;
        if (!cache_dir_.empty()) whole.cache_dir = cache_dir_.c_str();
        return whole;
    }

    std::string cache_dir_;
};

/** Owns what tune() found. */
class Tuning {
public:
    /** An empty one, to be assigned to. */
    Tuning() noexcept = default;

    explicit operator bool() const noexcept { return handle_ != nullptr; }

    /** What tune() does. */
    static Returns<Tuning> of(const std::string &path_utf8, const ModelOptions &options,
                              const TuneParams &params)
    {
        return make(options, params, [&](const auto &o, const auto &p, ncsn_tuning **out) {
            return ncsn_tune(path_utf8.c_str(), &o, &p, out);
        });
    }

    /** The same for the bytes of an ONNX file. */
    static Returns<Tuning> of(View<const std::uint8_t> bytes, const ModelOptions &options,
                              const TuneParams &params)
    {
        return make(options, params, [&](const auto &o, const auto &p, ncsn_tuning **out) {
            return ncsn_tune_from_memory(bytes.data(), bytes.size(), &o, &p, out);
        });
    }

    /** Rows, the report. Its pointers live as long as this object. */
    Returns<ncsn_tuning_info> info() const
    {
        if (!handle_) return detail::fail<ncsn_tuning_info>(detail::empty("ncsn::Tuning"));
        ncsn_tuning_info info{};
        info.struct_size = sizeof info;
        const ncsn_status status = ncsn_tuning_get(handle_.get(), &info);
        if (status != NCSN_OK) return detail::fail<ncsn_tuning_info>(detail::error_of(status));
        return info;
    }

    /** `options` with what was chosen, for Model::open(). They own what they have. */
    Returns<ModelOptions> apply(ModelOptions options = {}) const
    {
        if (!handle_) return detail::fail<ModelOptions>(detail::empty("ncsn::Tuning"));
        ncsn_model_options chosen{};
        ncsn_status status = ncsn_model_options_init(&chosen, sizeof chosen);
        if (status == NCSN_OK) status = ncsn_tuning_model_options(handle_.get(), &chosen);
        if (status != NCSN_OK) return detail::fail<ModelOptions>(detail::error_of(status));
        options.providers(std::vector<std::int32_t>(
            chosen.providers, chosen.providers + chosen.provider_count));
        options.clear_provider_options();
        for (std::size_t k = 0; k < chosen.provider_option_count; ++k) {
            const ncsn_provider_option &option = chosen.provider_options[k];
            options.provider_option(option.provider, option.key, option.value);
        }
        options.intra_threads = chosen.intra_threads;
        options.graph_help = chosen.graph_help;
        return options;
    }

private:
    template <class Call>
    static Returns<Tuning> make(const ModelOptions &options, const TuneParams &params, Call call)
    {
        const ncsn_tune_params p = params.pointed();
        ncsn_tuning *handle = nullptr;
        const ncsn_status status =
            options.with_pointers([&](const ncsn_model_options &o) { return call(o, p, &handle); });
        if (status != NCSN_OK) return detail::fail<Tuning>(detail::error_of(status));
        Tuning tuning;
        tuning.handle_.reset(handle);
        return tuning;
    }

    std::unique_ptr<ncsn_tuning, detail::FreeTuning> handle_;
};

/**
 * Tries the providers, numbers of threads and precisions that there are on the network of an ONNX file
 * (its path in UTF-8, or its bytes), and chooses the fastest whose scores are as accurate as asked:
 * `ncsn::Model::open(path, ncsn::tune(path).apply())`. See ncsn_tune().
 */
template <class Source>
Returns<Tuning> tune(const Source &source, const ModelOptions &options = {}, const TuneParams &params = {})
{
    return Tuning::of(source, options, params);
}

}  // namespace NCSN_KIND
}  // namespace ncsn

#endif
