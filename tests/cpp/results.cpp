/* Calls that return a Result: built without exceptions and RTTI as game engines do, and with both. */
#include <ncsn.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

static_assert(NCSN_RESULTS == 1, "this is what is tested here");

using namespace std::chrono_literals;

#define CHECK(condition)                                                          \
    do {                                                                          \
        if (!(condition)) {                                                       \
            std::fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);  \
            std::_Exit(1);                                                        \
        }                                                                         \
    } while (false)

int main(int argc, char **argv)
{
    CHECK(argc > 1);
    auto missing = ncsn::Model::open("no/such.onnx");
    CHECK(!missing);
    CHECK(missing.error().status() == NCSN_ERR_IO);
    CHECK(std::strstr(missing.error().what(), "no/such.onnx") != nullptr);
    if (argc > 2) return static_cast<int>(missing->sample(*missing->params())->size());

    auto opened = ncsn::Model::open(argv[1]);
    CHECK(opened && opened.error().status() == NCSN_OK);
    const ncsn::Model model = *std::move(opened);
    auto params = *model.params();
    params.sample_count = 5;
    const auto samples = model.sample(params);
    CHECK(samples && samples->size() == 10);

    std::vector<float> out(10), shorter(9);
    CHECK(model.sample(params, out));
    CHECK(out == *samples);
    CHECK(model.sample(params, shorter).error().status() == NCSN_ERR_BUFFER);
    CHECK(ncsn::Model().params().error().status() == NCSN_ERR_STATE);
    CHECK(ncsn::Run().poll().error().status() == NCSN_ERR_STATE);

    auto run = *model.begin(params);
    CHECK(run.step(1us)->pending());
    CHECK(run.start());
    CHECK(run.wait().value() == ncsn::State::ready);
    CHECK(*run.read() == *samples);
    const auto saved = *run.save();
    CHECK(*model.load(saved, params)->read() == *samples);
    CHECK(run.read(NCSN_READ_SAMPLE, shorter).error().status() == NCSN_ERR_BUFFER);

    int calls = 0;
    params.progress([&](const ncsn_progress &) {
        return ++calls < 3 ? ncsn::Then::go_on : ncsn::Then::stop;
    });
    CHECK(model.sample(params).error().cancelled() && calls == 3);
    params.progress(nullptr).guide([](const ncsn_guide_request &, ncsn::View<float>) {
        return ncsn::Then::stop;
    });
    CHECK(model.sample(params).error().status() == NCSN_ERR_CALLBACK);
    auto failing = *model.begin(params);
    CHECK(failing.start());
    CHECK(failing.wait().error().status() == NCSN_ERR_CALLBACK);
    CHECK(std::strstr(failing.poll().error().what(), "guide") != nullptr);

#if NCSN_EXCEPTIONS
    /* What is thrown is the host's, and goes on as it is. */
    params.guide([](const ncsn_guide_request &, ncsn::View<float>) { throw 5; });
    int caught = 0;
    try {
        (void)model.sample(params);
    } catch (const int number) {
        caught = number;
    }
    CHECK(caught == 5);
#endif

    ncsn::RecommendParams wanted;
    wanted.dimension = 784;
    wanted.diameter = 20.0;
    CHECK(ncsn::recommend(wanted)->sigmas.front() == 20.0);
    CHECK(ncsn::set_log(nullptr));
    CHECK(ncsn::Model::from_score({3}, [](const ncsn::ScoreRequest &, ncsn::View<float>) {}));
    std::puts("ok results");
    return 0;
}
