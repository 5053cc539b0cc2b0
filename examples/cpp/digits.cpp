// Draws a grid of handwritten digits and writes it as an image.
//
//     digits MODEL.onnx OUT.pgm [SAMPLES [SEED]]
//
// Any model of gray images works. Ctrl-C cancels.
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include <ncsn.hpp>

#include "example.hpp"

static volatile std::sig_atomic_t interrupted = 0;

int main(int argc, char **argv)
{
    if (argc < 3) {
        std::fprintf(stderr, "usage: %s MODEL.onnx OUT.pgm [SAMPLES [SEED]]\n", argv[0]);
        return EXIT_FAILURE;
    }
    std::signal(SIGINT, [](int) { interrupted = 1; });
    try {
        const auto model = ncsn::Model::open(argv[1]);
        const auto info = model.info();
        std::printf("%s\nONNX Runtime %s, %u threads\n", info.description, info.runtime_version,
                    info.intra_threads);
        std::fflush(stdout);

        auto params = model.params();
        params.sample_count = static_cast<std::uint32_t>(argc > 3 ? std::stoul(argv[3]) : 64);
        params.seed = argc > 4 ? std::stoull(argv[4]) : 7;
        params.output_format = NCSN_U8_GRAY;
        params.progress([](const ncsn_progress &now) {
            std::fprintf(stderr, "\rlevel %u/%u  sigma %-7.3g  %3.0f %%  %.0f s left   ", now.level + 1,
                         now.level_count, now.sigma,
                         100.0 * static_cast<double>(now.calls_done) / static_cast<double>(now.calls_total),
                         now.remaining_seconds);
            return interrupted ? ncsn::Then::stop : ncsn::Then::go_on;
        });

        const auto pixels = model.sample<std::uint8_t>(params);
        std::fprintf(stderr, "\n");
        write_pgm(argv[2], pixels, static_cast<std::size_t>(std::ceil(std::sqrt(params.sample_count))),
                  static_cast<std::size_t>(info.shape[1]), static_cast<std::size_t>(info.shape[2]));
        return EXIT_SUCCESS;
    } catch (const std::exception &error) {
        std::fprintf(stderr, "\n%s\n", error.what());
        return EXIT_FAILURE;
    }
}
