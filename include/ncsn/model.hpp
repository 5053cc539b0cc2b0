/*
 * Model: a score network, and everything that starts from it.
 */
#ifndef NCSN_MODEL_HPP
#define NCSN_MODEL_HPP

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "diagnose.hpp"
#include "error.hpp"
#include "hooks.hpp"
#include "options.hpp"
#include "params.hpp"
#include "run.hpp"
#include "view.hpp"

namespace ncsn {
inline namespace NCSN_KIND {

namespace detail {

struct DestroyModel {
    void operator()(ncsn_model *model) const noexcept { ncsn_destroy(model); }
};

using ModelHandle = std::unique_ptr<ncsn_model, DestroyModel>;

/* A network of the host's own. */
struct Source {
    std::shared_ptr<const ScoreHook> score;
    std::vector<std::int64_t> shape;
    std::size_t element_count;
    ModelOptions options;
};

/* One call, or one run: its callables, and the model to use. A host's network is wrapped anew for each,
 * so that what it throws is known to belong to this call, whichever thread it was on. */
struct Call {
    std::shared_ptr<Hooks> hooks;
    ModelHandle own;
    ncsn_model *model;
    Failure failure;
};

}  // namespace detail

/**
 * Owns a model. All methods are const and may be called from any number of threads at once. Runs that
 * were begun go on when it is destroyed.
 */
class Model {
public:
    /** An empty model, to be assigned to. */
    Model() noexcept = default;

    /** Whether it is not empty. */
    explicit operator bool() const noexcept { return handle_ != nullptr; }

    /** Loads a score network from an ONNX file; the path is UTF-8 on every system. */
    static Returns<Model> open(const std::string &path_utf8, const ModelOptions &options = {})
    {
        return make([&](const ncsn_model_options &c, ncsn_model **out) {
            return ncsn_create(path_utf8.c_str(), &c, out);
        }, options);
    }

    /** The same with a std::filesystem::path, or whatever else has u8string(). */
    template <class Path, class U8 = decltype(std::declval<const Path &>().u8string())>
    static Returns<Model> open(const Path &path, const ModelOptions &options = {})
    {
        const U8 text = path.u8string();
        return open(std::string(text.begin(), text.end()), options);
    }

    /** Loads a score network from the bytes of an ONNX file, which are not needed afterwards. */
    static Returns<Model> from_memory(View<const std::uint8_t> bytes, const ModelOptions &options = {})
    {
        return from_bytes(bytes.data(), bytes.size(), options);
    }
    static Returns<Model> from_memory(View<const std::byte> bytes, const ModelOptions &options = {})
    {
        return from_bytes(bytes.data(), bytes.size(), options);
    }

    /**
     * Makes a model of a network of the host's own: `score(const ncsn::ScoreRequest &, ncsn::View<float>
     * out)`, for samples of that shape. Set the sigmas of the options. `score` lives as long as the model
     * and its runs, and is called by several threads at once when several runs go on.
     */
    template <class Callable>
    static Returns<Model> from_score(std::vector<std::int64_t> shape, Callable &&score,
                                     const ModelOptions &options = {})
    {
        auto hook = std::make_shared<const ScoreHook>(
            detail::adapt<ScoreHook>(std::forward<Callable>(score)));
        if (!*hook) return detail::fail<Model>(Error(NCSN_ERR_ARGUMENT, "score is an empty callable"));
        /* What is no shape is refused before this number is used. */
        std::size_t element_count = 1;
        for (const std::int64_t dimension : shape) element_count *= static_cast<std::size_t>(dimension);
        auto source = std::make_shared<const detail::Source>(
            detail::Source{std::move(hook), std::move(shape), element_count, options});
        const auto create_it = [&](const ncsn_model_options &c, ncsn_model **out) {
            return create(*source, c, nullptr, out);
        };
        return make(create_it, options, source);
    }

    /** What it is. The pointers in it live as long as the model and its runs. */
    Returns<ncsn_model_info> info() const
    {
        if (!handle_) return detail::fail<ncsn_model_info>(detail::empty("ncsn::Model"));
        ncsn_model_info info{};
        info.struct_size = sizeof info;
        const ncsn_status status = ncsn_get_info(handle_.get(), &info);
        if (status != NCSN_OK) return detail::fail<ncsn_model_info>(detail::error_of(status));
        return info;
    }

    /** The model's own parameters: one sample, seed 0. */
    Returns<Params> params() const
    {
        if (!handle_) return detail::fail<Params>(detail::empty("ncsn::Model"));
        ncsn_sample_params c{};
        const ncsn_status status = ncsn_sample_params_init(handle_.get(), &c, sizeof c);
        if (status != NCSN_OK) return detail::fail<Params>(detail::error_of(status));
        return Params(c);
    }

    /** Bytes of all samples that `params` ask for, in their output format. */
    Returns<std::size_t> output_size(const Params &params) const
    {
        std::size_t bytes = 0;
        if (auto failure = measure(params, bytes)) return detail::fail<std::size_t>(*std::move(failure));
        return bytes;
    }

    /** What sampling with `params` will hold, in bytes. Evaluates the network a few times. */
    Returns<ncsn_memory> estimate_memory(const Params &params) const
    {
        if (!handle_) return detail::fail<ncsn_memory>(detail::empty("ncsn::Model"));
        if (auto wrong = params.contradiction()) return detail::fail<ncsn_memory>(*std::move(wrong));
        const ncsn_sample_params c = params.pointed();
        ncsn_memory estimate{};
        estimate.struct_size = sizeof estimate;
        const ncsn_status status = ncsn_estimate_memory(handle_.get(), &c, &estimate);
        if (status != NCSN_OK) return detail::fail<ncsn_memory>(detail::error_of(status));
        return estimate;
    }

    /**
     * Draws samples, and returns when they are done: a vector of float, or of std::uint8_t for 8-bit
     * formats, sample after sample. Cancelled when the progress callable stops it.
     */
    template <class T = float>
    Returns<std::vector<T>> sample(const Params &params) const
    {
        std::size_t bytes = 0;
        auto failure = measure(params, bytes);
        std::vector<T> out(bytes / sizeof(T));
        if (!failure) failure = draw(params, out);
        if (failure) return detail::fail<std::vector<T>>(*std::move(failure));
        return out;
    }

    /** The same into a buffer of at least output_size() bytes, written only on success. */
    Returns<void> sample(const Params &params, Samples out) const { return detail::end(draw(params, out)); }

    /** Sets up a run, which evaluates nothing yet. It keeps what `params` hold. */
    Returns<Run> begin(const Params &params) const
    {
        return run(params, [&](ncsn_model *model, ncsn_sample_params &c, ncsn_run **out) {
            return ncsn_run_begin(model, &c, out);
        });
    }

    /**
     * Continues a run that was saved with Run::save(), on the same model (same file, same options).
     * `params` are those that it was begun with: their callables are set again, and the format of its
     * output is taken from them.
     */
    Returns<Run> load(View<const std::uint8_t> saved, const Params &params) const
    {
        return run(params, [&](ncsn_model *model, ncsn_sample_params &c, ncsn_run **out) {
            const ncsn_status status = ncsn_run_load(model, saved.data(), saved.size(), out);
            return status == NCSN_OK ? ncsn_run_set_hooks(*out, &c) : status;
        });
    }

    /** A score-matching objective at each noise level, on the caller's data. */
    Returns<Evaluation> evaluate(const EvaluateParams &params) const
    {
        return evaluate(params.pointed(), {});
    }

    /** The same against the score of another model: NCSN_OBJECTIVE_PSM and _ESM. */
    Returns<Evaluation> evaluate(const EvaluateParams &params, const Model &target) const
    {
        if (!target) return detail::fail<Evaluation>(detail::empty("target (ncsn::Model)"));
        return evaluate(params.pointed(), target.call({}));
    }

    /** Whether the network is what its contract says. A network that is wrong is no error. */
    Returns<Validation> validate(const ValidateParams &params) const
    {
        detail::Call call = this->call({});
        if (call.failure) return detail::fail<Validation>(*std::move(call.failure));
        const ncsn_validate_params c = params.pointed();
        ncsn_validation *handle = nullptr;
        const ncsn_status status = ncsn_validate(call.model, &c, &handle);
        Validation validation(handle);
        call.hooks->rethrow();
        if (status != NCSN_OK) return detail::fail<Validation>(detail::error_of(status));
        return validation;
    }

    /** The C handle, which stays this object's. Not for runs of a host's own network. */
    ncsn_model *get() const noexcept { return handle_.get(); }

private:
    /* `create_it(options, out)`, once the library is known to belong to the header. */
    template <class Create>
    static Returns<Model> make(Create create_it, const ModelOptions &options,
                               std::shared_ptr<const detail::Source> source = nullptr)
    {
        const std::uint32_t abi = ncsn_abi_version();
        if (abi != NCSN_ABI_VERSION) return detail::fail<Model>(VersionMismatch(abi));
        Model model;
        ncsn_model *handle = nullptr;
        const ncsn_status status = options.with_pointers(
            [&](const ncsn_model_options &c) { return create_it(c, &handle); });
        if (status != NCSN_OK) return detail::fail<Model>(detail::error_of(status));
        model.handle_.reset(handle);
        model.source_ = std::move(source);
        return model;
    }

    static Returns<Model> from_bytes(const void *bytes, std::size_t size, const ModelOptions &options)
    {
        return make([&](const ncsn_model_options &c, ncsn_model **out) {
            return ncsn_create_from_memory(bytes, size, &c, out);
        }, options);
    }

    static ncsn_status create(const detail::Source &source, const ncsn_model_options &c,
                              detail::Hooks *hooks, ncsn_model **out)
    {
        ncsn_score_source score{};
        score.struct_size = sizeof score;
        score.rank = static_cast<std::uint32_t>(source.shape.size());
        score.shape = source.shape.data();
        score.user = hooks;
        score.score = detail::Hooks::on_score;
        return ncsn_create_from_callback(&score, &c, out);
    }

    detail::Call call(const detail::Callables &callables) const
    {
        detail::Call call{nullptr, nullptr, handle_.get(), {}};
        if (!handle_) {
            call.failure = detail::empty("ncsn::Model");
        } else if (!source_) {
            call.hooks = std::make_shared<detail::Hooks>(callables, nullptr, 0);
        } else {
            call.hooks =
                std::make_shared<detail::Hooks>(callables, source_->score, source_->element_count);
            call.failure = detail::failure_of(
                source_->options.with_pointers([&](const ncsn_model_options &c) {
                    return create(*source_, c, call.hooks.get(), &call.model);
                }));
            if (!call.failure) call.own.reset(call.model);
        }
        return call;
    }

    detail::Failure measure(const Params &params, std::size_t &bytes) const
    {
        if (!handle_) return detail::empty("ncsn::Model");
        if (auto wrong = params.contradiction()) return wrong;
        const ncsn_sample_params c = params.pointed();
        return detail::failure_of(ncsn_output_size(handle_.get(), &c, &bytes));
    }

    detail::Failure draw(const Params &params, Samples out) const
    {
        if (!out.fit(params.output_format)) return Samples::misfit();
        if (auto wrong = params.contradiction()) return wrong;
        const detail::Call call = this->call(params.callables());
        if (call.failure) return call.failure;
        ncsn_sample_params c = params.pointed();
        call.hooks->install(c);
        const ncsn_status status = ncsn_sample(call.model, &c, out.data(), out.bytes());
        call.hooks->rethrow();
        return detail::failure_of(status);
    }

    template <class Begin>
    Returns<Run> run(const Params &params, Begin begin) const
    {
        if (auto wrong = params.contradiction()) return detail::fail<Run>(*std::move(wrong));
        const detail::Call call = this->call(params.callables());
        if (call.failure) return detail::fail<Run>(*call.failure);
        ncsn_sample_params c = params.pointed();
        call.hooks->install(c);
        ncsn_run *handle = nullptr;
        const ncsn_status status = begin(call.model, c, &handle);
        Run run(handle, call.hooks, params.output_format);
        call.hooks->rethrow();
        if (status != NCSN_OK) return detail::fail<Run>(detail::error_of(status));
        return run;
    }

    Returns<Evaluation> evaluate(ncsn_evaluate_params c, const detail::Call &target) const
    {
        const detail::Call call = this->call({});
        if (call.failure) return detail::fail<Evaluation>(*call.failure);
        if (target.failure) return detail::fail<Evaluation>(*target.failure);
        c.target = target.model;
        ncsn_model_info info{};
        info.struct_size = sizeof info;
        ncsn_status status = ncsn_get_info(call.model, &info);
        Evaluation result{};
        result.struct_size = sizeof(ncsn_evaluation);
        if (status == NCSN_OK) {
            result.levels.resize(c.sigma_count > 0 ? c.sigma_count : info.level_count);
            status = ncsn_evaluate(call.model, &c, result.levels.data(), result.levels.size(), &result);
        }
        call.hooks->rethrow();
        if (target.hooks) target.hooks->rethrow();
        if (status != NCSN_OK) return detail::fail<Evaluation>(detail::error_of(status));
        result.levels.resize(result.level_count);
        return result;
    }

    detail::ModelHandle handle_;
    std::shared_ptr<const detail::Source> source_;
};

}  // namespace NCSN_KIND
}  // namespace ncsn

#endif
