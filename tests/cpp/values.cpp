/* Models, parameters and views: who owns what, and what is refused. */
#include "support.hpp"

#include <array>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>
#include <type_traits>
#if __cplusplus > 201703L
#include <span>
#endif

namespace fs = std::filesystem;

static_assert(!std::is_copy_constructible_v<ncsn::Model> && !std::is_copy_constructible_v<ncsn::Run>);
static_assert(!std::is_copy_assignable_v<ncsn::Model> && !std::is_copy_assignable_v<ncsn::Run>);
static_assert(!std::is_copy_constructible_v<ncsn::Validation>);
static_assert(std::is_nothrow_move_constructible_v<ncsn::Model> &&
              std::is_nothrow_move_constructible_v<ncsn::Run>);
static_assert(std::is_copy_constructible_v<ncsn::Params> && std::is_base_of_v<std::runtime_error, ncsn::Error>);
/* No array of another type, and nothing that is const, is an output. */
static_assert(!std::is_constructible_v<ncsn::View<float>, const std::vector<float> &>);
static_assert(!std::is_constructible_v<ncsn::View<float>, std::vector<double> &>);

static std::vector<std::uint8_t> contents(const fs::path &path)
{
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

TEST_CASE("a model is opened from a path, also a non-ASCII one, and from memory")
{
    const auto model = ncsn::Model::open(MODEL);
    const auto params = small_params(model);
    const auto expected = model.sample(params);
    CHECK(expected.size() == 10);

    const fs::path folder = fs::u8path("\xc3\xa9t\xc3\xa9 \xe2\x9c\x93");
    fs::create_directories(folder);
    const fs::path file = folder / fs::u8path("\xe6\xa8\xa1\xe5\x9e\x8b.onnx");
    fs::copy_file(MODEL, file, fs::copy_options::overwrite_existing);
    CHECK(ncsn::Model::open(file).sample(params) == expected);
    CHECK(ncsn::Model::open(file.string()).sample(params) == expected);
    CHECK(ncsn::Model::from_memory(contents(file)).sample(params) == expected);
}

TEST_CASE("what cannot be opened is named")
{
    CHECK_ERROR(ncsn::Model::open("no/such.onnx"), NCSN_ERR_IO, "no/such.onnx");
    CHECK_ERROR(ncsn::Model::open("\xff.onnx"), NCSN_ERR_UTF8, "UTF-8");
    CHECK_ERROR(ncsn::Model::from_memory(std::vector<std::uint8_t>{1, 2, 3}), NCSN_ERR_MODEL, "");
    CHECK_ERROR(ncsn::Model::from_memory(std::vector<std::byte>{}), NCSN_ERR_ARGUMENT, "");
    CHECK(std::string(error_of([] { (void)ncsn::Model::open("no"); }).name()) == "NCSN_ERR_IO");
    CHECK_ERROR(ncsn::Model::from_score({3, -1}, gauss), NCSN_ERR_ARGUMENT, "shape");
    CHECK_ERROR(ncsn::Model::from_score({3}, nullptr), NCSN_ERR_ARGUMENT, "score");
}

TEST_CASE("options own their strings and arrays")
{
    ncsn::ModelOptions options;
    {
        ncsn::ModelOptions filled;
        filled.providers({NCSN_PROVIDER_CPU}).sigmas({2.0, 1.0}).input_name("no_such_input");
        options = filled;
    }
    CHECK_ERROR(ncsn::Model::open(MODEL, options), NCSN_ERR_CONTRACT, "no_such_input");
    options.input_name("");
    const auto model = ncsn::Model::open(MODEL, options);
    CHECK(model.info().level_count == 2);
    CHECK(model.info().sigma_max == 2.0);
    options.provider_option(NCSN_PROVIDER_CUDA, "key", "value");
    CHECK_ERROR(ncsn::Model::open(MODEL, options), NCSN_ERR_ARGUMENT, "'key' is for CUDA");
}

TEST_CASE("empty and moved-from objects answer with an error")
{
    auto model = model_of(gauss);
    const auto params = small_params(model);
    auto run = model.begin(params);
    const auto kept = std::move(model);
    const auto kept_run = std::move(run);
    std::vector<float> out(15);

    CHECK_FALSE(static_cast<bool>(model));
    CHECK(static_cast<bool>(kept));
    const auto refused = [](auto call) { CHECK_ERROR(call(), NCSN_ERR_STATE, "empty"); };
    refused([&] { return model.params(); });
    refused([&] { return model.info(); });
    refused([&] { return model.output_size(params); });
    refused([&] { return model.sample(params); });
    refused([&] { return model.begin(params); });
    refused([&] { return model.load(std::vector<std::uint8_t>{1}, params); });
    refused([&] { return model.evaluate(ncsn::EvaluateParams()); });
    refused([&] { return kept.evaluate(ncsn::EvaluateParams(), model); });
    refused([&] { return model.validate(ncsn::ValidateParams()); });
    refused([&] { return run.step(1); });
    refused([&] { return run.finish(); });
    refused([&] { return run.poll(); });
    refused([&] { return run.wait(); });
    refused([&] { return run.save(); });
    refused([&] { return run.read(); });
    refused([&] { return ncsn::Validation().info(); });
    CHECK_ERROR(run.start(), NCSN_ERR_STATE, "empty");
    CHECK_ERROR(run.read(NCSN_READ_STATE, out), NCSN_ERR_STATE, "empty");
    CHECK_ERROR(model.sample(params, out), NCSN_ERR_STATE, "empty");
    run.cancel();
    CHECK(kept_run.poll().pending());
}

TEST_CASE("parameters own their arrays: copies and moves hold them")
{
    const auto model = model_of(gauss);
    auto params = small_params(model);
    const auto plain = model.sample(params);
    params.sigmas({0.5, 0.2}).init(std::vector<float>(15, 0.25F)).inpaint({1, 2, 3}, {1, 0, 0});
    const auto expected = model.sample(params);
    CHECK(expected != plain);
    CHECK(expected[0] == 1.0F);

    const auto copy = params;
    auto moved = std::move(params);
    CHECK(model.sample(copy) == expected);
    CHECK(model.sample(moved) == expected);
    std::vector<ncsn::Params> many(100, copy);
    moved = many.back();
    many.clear();
    CHECK(model.sample(moved) == expected);
    moved.sigmas({}).init({}, 0).inpaint({}, {});
    CHECK(model.sample(moved) == plain);
}

TEST_CASE("arrays that do not fit are refused")
{
    const auto model = model_of(gauss);
    auto params = small_params(model);
    params.inpaint({1, 2, 3}, {1});
    CHECK_ERROR(model.sample(params), NCSN_ERR_ARGUMENT, "mask 1");
    CHECK_ERROR(model.begin(params), NCSN_ERR_ARGUMENT, "mask 1");
    CHECK_ERROR(model.output_size(params), NCSN_ERR_ARGUMENT, "mask 1");
    params.inpaint({}, {}).labels({1});
    CHECK_ERROR(model.sample(params), NCSN_ERR_ARGUMENT, "label");
    params.labels({}).init({1.0F});
    CHECK_ERROR(model.sample(params), NCSN_ERR_ARGUMENT, "init");
}

TEST_CASE("the C struct takes borrowed pointers")
{
    const auto model = model_of(gauss);
    auto params = small_params(model);
    const std::array<double, 2> sigmas = {0.5, 0.2};
    auto borrowed = params;
    borrowed.c().sigmas = sigmas.data();
    borrowed.c().sigma_count = sigmas.size();
    params.sigmas({0.5, 0.2});
    CHECK(model.sample(borrowed) == model.sample(params));
}

TEST_CASE("samples go to whatever holds them, and to nothing that is too small or of another type")
{
    const auto model = model_of(gauss);
    auto params = small_params(model);
    const auto expected = model.sample(params);
    CHECK(model.output_size(params) == 60);
    const ncsn_memory memory = model.estimate_memory(params);
    CHECK(memory.total_bytes == memory.weights_bytes + memory.evaluation_bytes + memory.run_bytes);
    CHECK(memory.run_bytes >= 60);

    std::array<float, 15> array{};
    float plain[15] = {};
    std::vector<std::byte> bytes(60);
    model.sample(params, array);
    model.sample(params, plain);
    model.sample(params, bytes);
    CHECK(std::equal(array.begin(), array.end(), expected.begin()));
    CHECK(std::equal(plain, plain + 15, expected.begin()));
    std::vector<float> out(20);
    model.sample(params, {out.data(), 15});
    CHECK(std::equal(expected.begin(), expected.end(), out.begin()));
#if __cplusplus > 201703L
    std::vector<float> spanned(15);
    model.sample(params, std::span<float>(spanned));
    CHECK(spanned == expected);
    auto run = model.begin(params);
    run.finish();
    run.read(NCSN_READ_SAMPLE, std::span(array));
    params.noise([](const ncsn_noise_request &, std::span<float> noise) {
        std::fill(noise.begin(), noise.end(), 0.0F);
    });
    CHECK(model.sample(params) != expected);
#endif

    std::vector<float> shorter(14, 5.0F), nothing;
    std::vector<std::uint8_t> pixels(60);
    CHECK_ERROR(model.sample(params, shorter), NCSN_ERR_BUFFER, "60");
    CHECK_ERROR(model.sample(params, nothing), NCSN_ERR_BUFFER, "60");
    CHECK_ERROR(model.sample(params, pixels), NCSN_ERR_ARGUMENT, "output_format");
    CHECK(shorter == std::vector<float>(14, 5.0F));
}

TEST_CASE("a model is shared by threads")
{
    const auto model = ncsn::Model::open(MODEL);
    const auto params = small_params(model);
    const auto expected = model.sample(params);
    std::vector<std::vector<float>> drawn(4);
    std::vector<std::thread> threads;
    for (auto &samples : drawn) threads.emplace_back([&] { samples = model.sample(params); });
    for (auto &thread : threads) thread.join();
    for (const auto &samples : drawn) CHECK(samples == expected);
}

TEST_CASE("tune")
{
    ncsn::TuneParams params;
    params.seconds = 1;
    params.batch_size = 8;
    params.cache = NCSN_TUNE_CACHE_OFF;
    ncsn::ModelOptions options;
    options.sigmas({3.0, 2.0, 1.0});
    const auto tuning = ncsn::tune(std::string(MODEL), options, params);
    const auto info = tuning.info();
    CHECK(info.rows[info.chosen].verdict == NCSN_VERDICT_CHOSEN);
    CHECK(info.rows[info.chosen].error <= 1e-4);
    const auto model = ncsn::Model::open(MODEL, tuning.apply(options));
    CHECK(model.info().provider == NCSN_PROVIDER_CPU);
    CHECK(model.info().level_count == 3);
    params.max_error = -1;
    CHECK_ERROR(ncsn::tune(std::string(MODEL), options, params), NCSN_ERR_ARGUMENT, "max_error");
    params.max_error = 1e-4;
    CHECK_ERROR(ncsn::tune(std::string(MODEL), ncsn::ModelOptions().providers({NCSN_PROVIDER_OPENVINO}), params),
                NCSN_ERR_PROVIDER, "onnxruntime-openvino");
    CHECK_ERROR(ncsn::Tuning().info(), NCSN_ERR_STATE, "ncsn::Tuning");
}

TEST_CASE("evaluate, validate, recommend")
{
    const auto model = ncsn::Model::open(MODEL);
    auto params = small_params(model);
    params.sample_count = 64;
    const auto data = model.sample(params);

    ncsn::EvaluateParams evaluate;
    evaluate.data(data);
    evaluate.max_levels = 3;
    const auto losses = model.evaluate(evaluate);
    CHECK(losses.levels.size() == 3);
    CHECK(losses.total > 0.0);
    evaluate.objective = NCSN_OBJECTIVE_ESM;
    CHECK(model.evaluate(evaluate, model).total == doctest::Approx(0.0));

    ncsn::ValidateParams validate;
    validate.data(data);
    const auto validation = model.validate(validate);
    CHECK(validation.info().with_data == 1);
    CHECK(validation.info().finding_count > 0);

    ncsn::RecommendParams wanted;
    wanted.dimension = 2;
    wanted.data(data);
    const auto ladder = ncsn::recommend(wanted);
    CHECK(ladder.sigmas.size() == ladder.level_count);
    CHECK(ladder.sigmas.front() == doctest::Approx(ladder.diameter));
    CHECK_ERROR(ncsn::recommend({}), NCSN_ERR_ARGUMENT, "diameter");
}
