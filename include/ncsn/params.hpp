/*
 * Params: what to sample and how. It is a ncsn_sample_params, filled in by Model::params(): set its
 * numbers by their names. The arrays and callables have functions of those names instead, because they
 * belong to the object: they are copied and moved with it, and nothing can dangle.
 *
 *       auto params = model.params();
 *       params.sample_count = 3;
 *       params.sampler = NCSN_SAMPLER_ANCESTRAL;
 *       params.labels({1, 4, 7});
 *       params.progress(show);
 */
#ifndef NCSN_PARAMS_HPP
#define NCSN_PARAMS_HPP

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "error.hpp"
#include "hooks.hpp"

namespace ncsn {
inline namespace NCSN_KIND {

class Params : public ncsn_sample_params {
public:
    /** What ncsn_sample_params_init() has filled in; Model::params() does both. */
    explicit Params(const ncsn_sample_params &c) : ncsn_sample_params(c) {}

    /** The noise levels, largest first, instead of the model's. Empty: by `schedule`. */
    Params &sigmas(std::vector<double> sigmas)
    {
        sigmas_ = std::move(sigmas);
        return *this;
    }
    const std::vector<double> &sigmas() const noexcept { return sigmas_; }

    /** One class label per sample, -1 for none. Empty: no class, for all. */
    Params &labels(std::vector<std::int64_t> labels)
    {
        labels_ = std::move(labels);
        return *this;
    }
    const std::vector<std::int64_t> &labels() const noexcept { return labels_; }

    /**
     * Samples to start from, sample after sample, and `init_kind`: NCSN_INIT_GIVEN, or
     * NCSN_INIT_GIVEN_PLUS_NOISE with `start_level` for image to image.
     */
    Params &init(std::vector<float> samples, std::int32_t kind = NCSN_INIT_GIVEN)
    {
        init_ = std::move(samples);
        init_kind = kind;
        return *this;
    }
    const std::vector<float> &init() const noexcept { return init_; }

    /**
     * Inpainting: the known samples, and where they are known (1) or not (0). Both for every sample, or
     * of one sample for all. See `resample_steps`.
     */
    Params &inpaint(std::vector<float> known, std::vector<float> mask)
    {
        known_ = std::move(known);
        mask_ = std::move(mask);
        return *this;
    }
    const std::vector<float> &known() const noexcept { return known_; }
    const std::vector<float> &mask() const noexcept { return mask_; }

    /** `(const ncsn_progress &)`, after each evaluation of a micro-batch. nullptr: none. */
    template <class Callable>
    Params &progress(Callable &&callable)
    {
        callables_.progress = detail::adapt<ProgressHook>(std::forward<Callable>(callable));
        return *this;
    }

    /**
     * `(const ncsn_noise_request &, ncsn::View<float> out)`: fills `out` with standard normals instead
     * of the library's generator. nullptr: the library's.
     */
    template <class Callable>
    Params &noise(Callable &&callable)
    {
        callables_.noise = detail::adapt<NoiseHook>(std::forward<Callable>(callable));
        return *this;
    }

    /** Noise that makes strips of samples between pairs of samples: see ncsn_interpolated_noise(). */
    Params &interpolate(ncsn_interpolation strips)
    {
        strips.struct_size = sizeof strips;
        return noise([strips](const ncsn_noise_request &request, View<float> out) mutable {
            return ncsn_interpolated_noise(&strips, &request, out.data()) == NCSN_OK ? Then::go_on
                                                                                     : Then::stop;
        });
    }

    /**
     * `(const ncsn_guide_request &, ncsn::View<float> score)`: may change the score before it is used.
     * nullptr: none.
     */
    template <class Callable>
    Params &guide(Callable &&callable)
    {
        callables_.guide = detail::adapt<GuideHook>(std::forward<Callable>(callable));
        return *this;
    }

    /**
     * The C struct itself. Pointers that are set here (large arrays that shall not be copied, C
     * callbacks) stay the caller's, and give way to what the functions above were given.
     */
    ncsn_sample_params &c() noexcept { return *this; }
    const ncsn_sample_params &c() const noexcept { return *this; }

private:
    friend class Model;

    /* Set by the functions above. */
    using ncsn_sample_params::guide_user;
    using ncsn_sample_params::init_count;
    using ncsn_sample_params::known_count;
    using ncsn_sample_params::label_count;
    using ncsn_sample_params::noise_user;
    using ncsn_sample_params::progress_user;
    using ncsn_sample_params::sigma_count;

    template <class T>
    static void point(const std::vector<T> &owned, const T *&data, std::size_t &count) noexcept
    {
        if (owned.empty()) return;
        data = owned.data();
        count = owned.size();
    }

    /* The C struct with pointers to what is owned here, for the length of a call. */
    ncsn_sample_params pointed() const noexcept
    {
        ncsn_sample_params whole = *this;
        point(sigmas_, whole.sigmas, whole.sigma_count);
        point(labels_, whole.labels, whole.label_count);
        point(init_, whole.init, whole.init_count);
        point(known_, whole.known, whole.known_count);
        point(mask_, whole.mask, whole.known_count);
        return whole;
    }

    /* The C struct has one length for both. */
    detail::Failure contradiction() const
    {
        if (known_.size() == mask_.size()) return {};
        return Error(NCSN_ERR_ARGUMENT, "inpaint: known has " + std::to_string(known_.size()) +
                                            " floats and mask " + std::to_string(mask_.size()) +
                                            "; they must be as long as each other");
    }

    const detail::Callables &callables() const noexcept { return callables_; }

    std::vector<double> sigmas_;
    std::vector<std::int64_t> labels_;
    std::vector<float> init_;
    std::vector<float> known_;
    std::vector<float> mask_;
    detail::Callables callables_;
};

}  // namespace NCSN_KIND
}  // namespace ncsn

#endif
