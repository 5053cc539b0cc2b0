/* Runs, on this thread and in the background. */
#include "support.hpp"

#include <atomic>
#include <thread>

TEST_CASE("cuts do not change the samples")
{
    const auto model = ncsn::Model::open(MODEL);
    const auto params = small_params(model);
    const auto expected = model.sample(params);

    auto stepped = model.begin(params);
    CHECK_ERROR(stepped.read(), NCSN_ERR_STATE, "");
    while (stepped.step(1).pending()) CHECK(stepped.read(NCSN_READ_STATE).size() == 10);
    CHECK(stepped.read() == expected);

    auto sliced = model.begin(params);
    const auto first = sliced.step(0us);
    CHECK(first.calls_done >= 1);
    CHECK(first.pending());
    while (sliced.step(-1ms).pending()) {}
    CHECK(sliced.read() == expected);
    CHECK(sliced.finish().ready());

    auto limitless = model.begin(params);
    CHECK(limitless.step(std::chrono::hours::max()).ready());
    CHECK(limitless.read() == expected);
}

TEST_CASE("a run in the background outlives its model and its parameters")
{
    ncsn::Run run;
    std::vector<float> expected;
    {
        auto model = ncsn::Model::open(MODEL);
        auto params = small_params(model);
        params.init(std::vector<float>(10, 1.0F));
        expected = model.sample(params);
        run = model.begin(params);
        CHECK_ERROR(run.wait(), NCSN_ERR_STATE, "");
        run.start();
    }
    CHECK(run.wait() == ncsn::State::ready);
    CHECK(run.poll().ready());
    CHECK(run.read() == expected);
}

TEST_CASE("a run is saved and goes on elsewhere")
{
    const auto model = model_of(gauss);
    const auto params = small_params(model);
    auto run = model.begin(params);
    run.step(2);
    const auto saved = run.save();
    run.finish();
    const auto again = model_of(gauss);
    auto loaded = again.load(saved, params);
    CHECK(loaded.poll().pending());
    loaded.finish();
    CHECK(loaded.read() == run.read());
    auto damaged = saved;
    damaged.back() ^= 1;
    CHECK_ERROR(model.load(damaged, params), NCSN_ERR_ARGUMENT, "");
    CHECK_ERROR(model.load({}, params), NCSN_ERR_ARGUMENT, "");
}

TEST_CASE("a callable of a run in the background looks at it")
{
    const auto model = model_of(gauss);
    auto params = small_params(model);
    ncsn::Run run;
    std::size_t seen = 0;
    std::vector<std::uint8_t> saved;
    params.progress([&](const ncsn_progress &now) {
        if (now.nfe_done == 0) return;
        CHECK(run.poll().nfe_done == now.nfe_done);
        seen += run.read(NCSN_READ_DENOISED).size();
        saved = run.save();
    });
    run = model.begin(params);
    run.start();
    CHECK(run.wait() == ncsn::State::ready);
    CHECK(seen > 0);
    CHECK(model.load(saved, small_params(model)).finish().ready());
    CHECK_ERROR(run.read<std::uint8_t>(), NCSN_ERR_ARGUMENT, "output_format");
}

TEST_CASE("hooks of a loaded run are set again")
{
    const auto model = model_of(gauss);
    auto params = small_params(model);
    params.noise([](const ncsn_noise_request &, ncsn::View<float> out) {
        for (float &value : out) value = 0.5F;
    });
    auto run = model.begin(params);
    run.step(1);
    const auto saved = run.save();
    auto loaded = model.load(saved, params);
    run.finish();
    loaded.finish();
    CHECK(loaded.read() == run.read());
}

/* A score that waits in its first evaluation until it is let go. */
struct Gate {
    std::atomic<bool> entered{false}, open{false};

    ncsn::Model model()
    {
        return model_of([this](const ncsn::ScoreRequest &request, ncsn::View<float> out) {
            entered = true;
            while (!open) std::this_thread::sleep_for(1ms);
            gauss(request, out);
        });
    }
    void wait() const
    {
        while (!entered) std::this_thread::sleep_for(1ms);
    }
};

TEST_CASE("cancel from another thread, in the background and in the foreground")
{
    Gate gate;
    const auto model = gate.model();
    auto run = model.begin(small_params(model));
    run.start();
    gate.wait();
    CHECK(run.wait(1ms) == ncsn::State::pending);
    CHECK(run.wait(-1ms) == ncsn::State::pending);
    CHECK_ERROR(run.start(), NCSN_ERR_STATE, "");
    CHECK_ERROR(run.step(1), NCSN_ERR_STATE, "");
    std::thread([&] { run.cancel(); }).join();
    CHECK(run.poll().pending());
    gate.open = true;
    CHECK(run.wait() == ncsn::State::cancelled);
    CHECK(run.poll().cancelled());
    CHECK(run.read(NCSN_READ_STATE).size() == 15);

    Gate other;
    const auto waiting = other.model();
    auto foreground = waiting.begin(small_params(waiting));
    std::thread canceller([&] {
        other.wait();
        foreground.cancel();
        other.open = true;
    });
    CHECK(foreground.finish().cancelled());
    canceller.join();
}

TEST_CASE("destroying, assigning and moving a run that goes on")
{
    std::atomic<int> calls{0};
    const auto model = model_of([&](const ncsn::ScoreRequest &request, ncsn::View<float> out) {
        calls++;
        gauss(request, out);
    });
    auto params = small_params(model);
    params.sampler = NCSN_SAMPLER_ANNEALED_LANGEVIN;
    params.steps_per_level = 1U << 20;
    params.step_size = 0.01;
    params.progress([&](const ncsn_progress &) { calls++; });
    for (int i = 0; i < 10; i++) {
        auto run = model.begin(params);
        run.start();
        auto moved = std::move(run);
        while (moved.poll().calls_done == 0) std::this_thread::yield();
        moved = model.begin(params);
        moved.start();
    }
    const int after = calls;
    std::this_thread::sleep_for(20ms);
    CHECK(calls == after);
}
