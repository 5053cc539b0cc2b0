/*
 * ModelOptions: how to load a model. It is a ncsn_model_options: set its numbers by their names. Strings
 * and arrays have functions of those names instead, because they belong to the object.
 *
 *       ncsn::ModelOptions options;
 *       options.providers({NCSN_PROVIDER_CUDA, NCSN_PROVIDER_CPU});
 *       options.output = NCSN_OUTPUT_NOISE;
 *       auto model = ncsn::Model::open("net.onnx", options);
 */
#ifndef NCSN_OPTIONS_HPP
#define NCSN_OPTIONS_HPP

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "error.hpp"

namespace ncsn {
inline namespace NCSN_KIND {

class ModelOptions : public ncsn_model_options {
public:
    /** The defaults: CPU, strict, everything else from the model file. */
    ModelOptions() : ncsn_model_options()
    {
        /* A library that does not know this struct leaves its size 0, which opening refuses. */
        (void)ncsn_model_options_init(this, sizeof(ncsn_model_options));
    }

    /** Path of ONNX Runtime, UTF-8. Empty: searched. */
    ModelOptions &runtime_path(std::string path) { return set(runtime_path_, std::move(path)); }

    /** A folder for graphs as ONNX Runtime has prepared them, UTF-8. Empty: nothing is kept. */
    ModelOptions &graph_cache_dir(std::string folder) { return set(graph_cache_dir_, std::move(folder)); }

    /** NCSN_PROVIDER_*, in order. Empty: the CPU. */
    ModelOptions &providers(std::vector<std::int32_t> providers)
    {
        return set(providers_, std::move(providers));
    }

    /** Adds an option that is passed through to a provider. */
    ModelOptions &provider_option(std::int32_t provider, std::string key, std::string value)
    {
        provider_options_.push_back({provider, std::move(key), std::move(value)});
        return *this;
    }

    /** Takes those back. */
    ModelOptions &clear_provider_options()
    {
        provider_options_.clear();
        return *this;
    }

    /** The ladder of noise levels, largest first. */
    ModelOptions &sigmas(std::vector<double> sigmas) { return set(sigmas_, std::move(sigmas)); }

    /** Shape of one sample, without the batch axis. */
    ModelOptions &shape(std::vector<std::int64_t> shape) { return set(shape_, std::move(shape)); }

    /** Names of the graph's inputs and of its output. Empty: found. */
    ModelOptions &input_name(std::string name) { return set(input_name_, std::move(name)); }
    ModelOptions &conditioning_name(std::string name) { return set(conditioning_name_, std::move(name)); }
    ModelOptions &class_name(std::string name) { return set(class_name_, std::move(name)); }
    ModelOptions &output_name(std::string name) { return set(output_name_, std::move(name)); }

    /** The conditioning value of each level, for NCSN_CONDITIONING_TABLE. */
    ModelOptions &table(std::vector<double> table) { return set(table_, std::move(table)); }

    /** Adds an input of the graph that is filled with one number. */
    ModelOptions &aux_input(std::string name, double value)
    {
        aux_inputs_.emplace_back(std::move(name), value);
        return *this;
    }

    /** The label that stands for "no class". */
    ModelOptions &null_class(std::int64_t label) { return set(null_class_, std::optional(label)); }

    /** The C struct itself; pointers that are set here stay the caller's. */
    ncsn_model_options &c() noexcept { return *this; }
    const ncsn_model_options &c() const noexcept { return *this; }

private:
    friend class Model;
    friend class Tuning;

    using ncsn_model_options::aux_input_count;
    using ncsn_model_options::aux_inputs;
    using ncsn_model_options::provider_count;
    using ncsn_model_options::provider_option_count;
    using ncsn_model_options::provider_options;
    using ncsn_model_options::shape_rank;
    using ncsn_model_options::sigma_count;
    using ncsn_model_options::table_count;

    struct ProviderOption {
        std::int32_t provider;
        std::string key;
        std::string value;
    };

    template <class T>
    ModelOptions &set(T &field, T value)
    {
        field = std::move(value);
        return *this;
    }

    static void point(const std::string &owned, const char *&text) noexcept
    {
        if (!owned.empty()) text = owned.c_str();
    }

    template <class T>
    static void point(const std::vector<T> &owned, const T *&data, std::size_t &count) noexcept
    {
        if (owned.empty()) return;
        data = owned.data();
        count = owned.size();
    }

    /* Calls `use` with the C struct and pointers to what is owned here. */
    template <class Use>
    ncsn_status with_pointers(Use use) const
    {
        ncsn_model_options whole = *this;
        point(runtime_path_, whole.runtime_path);
        point(graph_cache_dir_, whole.graph_cache_dir);
        point(providers_, whole.providers, whole.provider_count);
        point(sigmas_, whole.sigmas, whole.sigma_count);
        point(shape_, whole.shape, whole.shape_rank);
        point(input_name_, whole.input_name);
        point(conditioning_name_, whole.conditioning_name);
        point(class_name_, whole.class_name);
        point(output_name_, whole.output_name);
        point(table_, whole.table, whole.table_count);
        if (null_class_) whole.null_class = &*null_class_;
        std::vector<ncsn_provider_option> for_providers;
        for (const ProviderOption &option : provider_options_) {
            for_providers.push_back({option.provider, 0, option.key.c_str(), option.value.c_str()});
        }
        point(for_providers, whole.provider_options, whole.provider_option_count);
        std::vector<ncsn_aux_input> constants;
        for (const auto &[name, value] : aux_inputs_) {
            constants.push_back({name.c_str(), value});
        }
        point(constants, whole.aux_inputs, whole.aux_input_count);
        return use(whole);
    }

    std::string runtime_path_;
    std::string graph_cache_dir_;
    std::vector<std::int32_t> providers_;
    std::vector<ProviderOption> provider_options_;
    std::vector<double> sigmas_;
    std::vector<std::int64_t> shape_;
    std::string input_name_;
    std::string conditioning_name_;
    std::string class_name_;
    std::string output_name_;
    std::vector<double> table_;
    std::vector<std::pair<std::string, double>> aux_inputs_;
    std::optional<std::int64_t> null_class_;
};

}  // namespace NCSN_KIND
}  // namespace ncsn

#endif
