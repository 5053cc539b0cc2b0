/* Callables: what they are given, and what becomes of what they throw. */
#include "support.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <thread>

using ncsn::Then;
using Set = std::function<void(ncsn::Params &, bool &)>;

/* Each hook, throwing while its flag is set. */
static const std::vector<std::pair<const char *, Set>> THROWING = {
    {"progress", [](ncsn::Params &params, bool &bad) {
         params.progress([&bad](const ncsn_progress &) {
             if (bad) throw HostError{1};
         });
     }},
    {"noise", [](ncsn::Params &params, bool &bad) {
         params.noise([&bad](const ncsn_noise_request &, ncsn::View<float> out) {
             if (bad) throw HostError{1};
             for (float &value : out) value = 0.0F;
         });
     }},
    {"guide", [](ncsn::Params &params, bool &bad) {
         params.guide([&bad](const ncsn_guide_request &, ncsn::View<float>) {
             if (bad) throw HostError{1};
         });
     }},
};

TEST_CASE("what a hook throws arrives where it was called from, and all stays usable")
{
    const auto model = ncsn::Model::open(MODEL);
    for (const auto &hook : THROWING) {
        const std::string name = hook.first;
        CAPTURE(name);
        bool bad = false;
        auto params = small_params(model);
        params.init(std::vector<float>(10, 0.5F));
        hook.second(params, bad);
        const auto expected = model.sample(params);
        bad = true;
        CHECK_THROWS_AS((void)model.sample(params), HostError);

        auto run = model.begin(params);
        CHECK_THROWS_AS((void)run.step(1), HostError);
        bad = false;
        if (name == "progress") {
            CHECK(run.finish().cancelled());
        } else {
            CHECK(run.finish().ready());
            CHECK(run.read() == expected);
        }

        bad = true;
        auto background = model.begin(params);
        background.start();
        CHECK_THROWS_AS((void)background.wait(), HostError);
        if (name == "progress") {
            CHECK(background.poll().cancelled());
        } else {
            CHECK_ERROR(background.poll(), NCSN_ERR_CALLBACK, name);
            bad = false;
            background.start();
            CHECK(background.wait() == ncsn::State::ready);
            CHECK(background.read() == expected);
        }
        CHECK(model.sample(small_params(model)).size() == 10);
    }
}

TEST_CASE("the noise of the initial state throws at begin")
{
    const auto model = ncsn::Model::open(MODEL);
    auto params = small_params(model);
    params.init_kind = NCSN_INIT_NORMAL;
    params.noise([](const ncsn_noise_request &, ncsn::View<float>) { throw HostError{5}; });
    CHECK_THROWS_AS((void)model.begin(params), HostError);
}

TEST_CASE("poll brings what was thrown in the background, once")
{
    const auto model = ncsn::Model::open(MODEL);
    auto params = small_params(model);
    params.guide([](const ncsn_guide_request &, ncsn::View<float>) { throw HostError{2}; });
    auto run = model.begin(params);
    run.start();
    std::optional<HostError> caught;
    while (!caught) {
        try {
            /* Outside of CHECK(), which would catch it. */
            const auto now = run.poll();
            CHECK(now.pending());
            std::this_thread::sleep_for(1ms);
        } catch (const HostError &error) {
            caught = error;
        }
    }
    CHECK(caught->number == 2);
    CHECK_ERROR(run.poll(), NCSN_ERR_CALLBACK, "guide");
    CHECK_ERROR(run.wait(), NCSN_ERR_CALLBACK, "guide");
}

TEST_CASE("each run gets what its own evaluation of a host's network threw")
{
    const auto model = model_of([](const ncsn::ScoreRequest &request, ncsn::View<float>) {
        throw HostError{request.x[0] > 0.0F ? 1 : -1};
    });
    auto params = small_params(model);
    CHECK_THROWS_AS((void)model.sample(params.init(std::vector<float>(15, 1.0F))), HostError);
    std::vector<ncsn::Run> runs;
    for (int i = 0; i < 8; i++) {
        params.init(std::vector<float>(15, i % 2 == 0 ? 1.0F : -1.0F));
        runs.push_back(model.begin(params));
        runs.back().start();
    }
    for (int i = 7; i >= 0; i--) {
        try {
            (void)runs[static_cast<std::size_t>(i)].wait();
            FAIL("nothing was thrown");
        } catch (const HostError &error) {
            CHECK(error.number == (i % 2 == 0 ? 1 : -1));
        }
    }
    ncsn::EvaluateParams evaluate;
    evaluate.data(std::vector<float>(15, 1.0F));
    CHECK_THROWS_AS((void)model.evaluate(evaluate), HostError);
    ncsn::ValidateParams validate;
    validate.data(std::vector<float>(15, 1.0F));
    CHECK_THROWS_AS((void)model.validate(validate), HostError);
    const auto good = model_of(gauss);
    evaluate.objective = NCSN_OBJECTIVE_ESM;
    CHECK_THROWS_AS((void)good.evaluate(evaluate, model), HostError);
}

TEST_CASE("stop cancels, or fails the call")
{
    const auto model = ncsn::Model::open(MODEL);
    auto params = small_params(model);
    params.progress([](const ncsn_progress &now) { return now.calls_done < 2 ? Then::go_on : Then::stop; });
    CHECK_THROWS_AS((void)model.sample(params), ncsn::Cancelled);
    CHECK_ERROR(model.sample(params), NCSN_CANCELLED, "cancelled");
    auto run = model.begin(params);
    CHECK(run.finish().cancelled());
    params.progress(nullptr).guide([](const ncsn_guide_request &, ncsn::View<float>) { return Then::stop; });
    CHECK_ERROR(model.sample(params), NCSN_ERR_CALLBACK, "guide");
}

TEST_CASE("hooks are given what they ask for")
{
    const auto model = ncsn::Model::open(MODEL);
    auto params = small_params(model);
    const auto expected = model.sample(params);
    std::uint64_t calls = 0;
    std::size_t shown = 0;
    params.preview_every = 1;
    params.progress([&](const ncsn_progress &now) {
        calls = now.calls_total;
        shown += ncsn::preview(now).size();
    });
    params.noise([](const ncsn_noise_request &request, ncsn::View<float> out) {
        (void)ncsn_fill_noise(7, &request, out.data());
    });
    params.guide([](const ncsn_guide_request &request, ncsn::View<float> score) {
        CHECK(score.size() == request.sample_count * 2);
    });
    CHECK(model.sample(params) == expected);
    CHECK(calls > 0);
    CHECK(shown > 0);
    CHECK(shown % 10 == 0);
}

TEST_CASE("interpolation, and its errors")
{
    const auto model = ncsn::Model::open(MODEL);
    auto params = small_params(model);
    params.init_kind = NCSN_INIT_NORMAL;
    ncsn_interpolation strips{};
    strips.sample_count = 5;
    strips.from_seed = 7;
    strips.to_seed = 8;
    auto alone = params;
    params.interpolate(strips);
    const auto strip = model.sample(params);
    const auto first = model.sample(alone);
    CHECK(strip[0] == first[0]);
    CHECK(strip[1] == first[1]);
    strips.sample_count = 1;
    params.interpolate(strips);
    CHECK_ERROR(model.sample(params), NCSN_ERR_CALLBACK, "sample_count");
}

TEST_CASE("a callable may destroy its run, in the foreground and in the background")
{
    const auto model = model_of(gauss);
    for (const bool background : {false, true}) {
        for (const int hook : {0, 1, 2}) {
            CAPTURE(hook);
            std::unique_ptr<ncsn::Run> run;
            std::atomic<int> destroyed{0};
            const auto witness = std::make_shared<int>(1);
            auto params = small_params(model);
            const auto destroy = [&run, &destroyed, witness](auto &&...) {
                run.reset();
                destroyed += *witness;
            };
            if (hook == 0) params.progress(destroy);
            if (hook == 1) params.noise(destroy);
            if (hook == 2) params.guide(destroy);
            params.init(std::vector<float>(15, 0.5F));
            run = std::make_unique<ncsn::Run>(model.begin(params));
            if (background) {
                run->start();
            } else if (hook == 0) {
                CHECK(run->finish().cancelled());
            } else {
                CHECK_ERROR(run->finish(), NCSN_ERR_CALLBACK, "callback");
            }
            while (destroyed == 0) std::this_thread::sleep_for(1ms);
            params.progress(nullptr).noise(nullptr).guide(nullptr);
            if (!background) CHECK(destroyed == 1);
        }
    }
    std::this_thread::sleep_for(20ms);
}

TEST_CASE("the log is heard, replaced and silenced")
{
    std::atomic<int> lines{0};
    ncsn::set_log([&](std::int32_t, const char *) {
        lines++;
        CHECK_ERROR(ncsn::set_log(nullptr), NCSN_ERR_STATE, "inside");
        throw HostError{9};
    }, NCSN_LOG_DEBUG);
    (void)ncsn::Model::open(MODEL);
    CHECK(lines > 0);
    CHECK_ERROR(ncsn::set_log([](std::int32_t, const char *) {}, 99), NCSN_ERR_ARGUMENT, "99");
    ncsn::set_log(nullptr);
    const int before = lines;
    (void)ncsn::Model::open(MODEL);
    CHECK(lines == before);
}
