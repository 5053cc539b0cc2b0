/*
 * What else can be asked: objectives on data (Model::evaluate()), whether a network is what its file
 * says (Model::validate()), and a ladder for data of a given size (recommend()).
 *
 * As Params, the parameters here are their C structs: numbers by name, arrays by functions that own them.
 */
#ifndef NCSN_DIAGNOSE_HPP
#define NCSN_DIAGNOSE_HPP

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "error.hpp"

namespace ncsn {
inline namespace NCSN_KIND {

class Model;

namespace detail {

/* The data and labels that belong to parameters of type C, initialised by `Init`. */
template <class C, ncsn_status (*Init)(C *, std::uint32_t)>
class DataParams : public C {
public:
    /* A library that does not know this struct leaves its size 0, which the call refuses. */
    DataParams() : C() { (void)Init(this, sizeof(C)); }

    /** Samples in the data's own range, one after another. */
    void data(std::vector<float> samples) { data_ = std::move(samples); }

    /** One class label per sample, -1 for none. Empty: no class, for all. */
    void labels(std::vector<std::int64_t> labels) { labels_ = std::move(labels); }

protected:
    C pointed() const noexcept
    {
        C whole = *this;
        if (!data_.empty()) {
            whole.data = data_.data();
            whole.data_count = data_.size();
        }
        if (!labels_.empty()) {
            whole.labels = labels_.data();
            whole.label_count = labels_.size();
        }
        return whole;
    }

private:
    using C::data_count;
    using C::label_count;

    std::vector<float> data_;
    std::vector<std::int64_t> labels_;
};

struct FreeValidation {
    void operator()(ncsn_validation *validation) const noexcept { ncsn_validation_free(validation); }
};

}  // namespace detail

/** Which objective to evaluate, on what: see ncsn_evaluate_params. */
class EvaluateParams : public detail::DataParams<ncsn_evaluate_params, ncsn_evaluate_params_init> {
public:
    /** Noise levels, largest first, instead of the model's own. */
    void sigmas(std::vector<double> sigmas) { sigmas_ = std::move(sigmas); }

private:
    friend class Model;
    using ncsn_evaluate_params::sigma_count;
    using ncsn_evaluate_params::target;

    ncsn_evaluate_params pointed() const noexcept
    {
        ncsn_evaluate_params whole = DataParams::pointed();
        if (!sigmas_.empty()) {
            whole.sigmas = sigmas_.data();
            whole.sigma_count = sigmas_.size();
        }
        return whole;
    }

    std::vector<double> sigmas_;
};

/** The objective over all levels, and at each. */
struct Evaluation : ncsn_evaluation {
    std::vector<ncsn_level_loss> levels;
};

/** How to validate: see ncsn_validate_params. */
class ValidateParams : public detail::DataParams<ncsn_validate_params, ncsn_validate_params_init> {
    friend class Model;
};

/** Owns what Model::validate() found. */
class Validation {
public:
    /** An empty one, to be assigned to. */
    Validation() noexcept = default;

    explicit operator bool() const noexcept { return handle_ != nullptr; }

    /** Findings, levels, the report. Its pointers live as long as this object. */
    Returns<ncsn_validation_info> info() const
    {
        if (!handle_) return detail::fail<ncsn_validation_info>(detail::empty("ncsn::Validation"));
        ncsn_validation_info info{};
        info.struct_size = sizeof info;
        const ncsn_status status = ncsn_validation_get(handle_.get(), &info);
        if (status != NCSN_OK) return detail::fail<ncsn_validation_info>(detail::error_of(status));
        return info;
    }

private:
    friend class Model;
    explicit Validation(ncsn_validation *handle) noexcept : handle_(handle) {}

    std::unique_ptr<ncsn_validation, detail::FreeValidation> handle_;
};

/** What is known of the data, and what is wanted: set `dimension`, and `diameter` or data(). */
class RecommendParams : public ncsn_recommend_params {
public:
    RecommendParams() : ncsn_recommend_params()
    {
        (void)ncsn_recommend_params_init(this, sizeof(ncsn_recommend_params));
    }

    /** Samples, one after another, to measure the diameter in. */
    void data(std::vector<float> samples) { data_ = std::move(samples); }

private:
    friend struct Recommendation;
    using ncsn_recommend_params::data_count;

    std::vector<float> data_;
};

/** A ladder, largest level first, and step sizes for it. */
struct Recommendation : ncsn_recommendation {
    std::vector<double> sigmas;

    /** What recommend() does. */
    static Returns<Recommendation> of(const RecommendParams &params)
    {
        ncsn_recommend_params c = params;
        if (!params.data_.empty()) {
            c.data = params.data_.data();
            c.data_count = params.data_.size();
        }
        Recommendation result{};
        result.struct_size = sizeof(ncsn_recommendation);
        ncsn_status status = ncsn_recommend(&c, nullptr, 0, &result);
        if (status == NCSN_OK) {
            result.sigmas.resize(result.level_count);
            /* Not measured twice. */
            c.diameter = result.diameter;
            c.data = nullptr;
            c.data_count = 0;
            const std::int32_t exact_diameter = result.exact_diameter;
            status = ncsn_recommend(&c, result.sigmas.data(), result.sigmas.size(), &result);
            result.exact_diameter = exact_diameter;
        }
        if (status != NCSN_OK) return detail::fail<Recommendation>(detail::error_of(status));
        return result;
    }
};

/** A ladder and a step size for data of a given size. No model is needed. */
inline Returns<Recommendation> recommend(const RecommendParams &params)
{
    return Recommendation::of(params);
}

}  // namespace NCSN_KIND
}  // namespace ncsn

#endif
