// Draws digits in the background while the program does something else, and looks at them on the way.
//
//     viewer MODEL.onnx FOLDER [SAMPLES [EVALUATIONS]]
//
// Ten times a second it writes what the chains would be without their noise to FOLDER/0000.pgm and so on,
// as a game's frame would put it into a texture, and the digits to FOLDER/done.pgm.
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include <ncsn.hpp>

#include "example.hpp"

using namespace std::chrono_literals;

int main(int argc, char **argv)
{
    if (argc < 3) {
        std::fprintf(stderr, "usage: %s MODEL.onnx FOLDER [SAMPLES [EVALUATIONS]]\n", argv[0]);
        return EXIT_FAILURE;
    }
    try {
        const std::string folder = argv[2];
        ncsn::Run run;
        std::size_t columns = 0, height = 0, width = 0;
        {
            const auto model = ncsn::Model::open(argv[1]);
            auto params = model.params();
            params.sample_count = static_cast<std::uint32_t>(argc > 3 ? std::stoul(argv[3]) : 16);
            params.level_count = static_cast<std::uint32_t>(argc > 4 ? std::stoul(argv[4]) : 40);
            params.seed = 7;
            params.output_format = NCSN_U8_GRAY;
            columns = static_cast<std::size_t>(std::ceil(std::sqrt(params.sample_count)));
            height = static_cast<std::size_t>(model.info().shape[1]);
            width = static_cast<std::size_t>(model.info().shape[2]);
            run = model.begin(params);
        }  // the run keeps what it needs

        run.start();
        std::uint64_t shown = 0;
        for (int frame = 0;; std::this_thread::sleep_for(100ms)) {
            const auto now = run.poll();
            if (!now.pending()) break;
            if (now.nfe_done == shown) continue;
            shown = now.nfe_done;
            char name[32];
            std::snprintf(name, sizeof name, "/%04d.pgm", frame++);
            write_pgm(folder + name, run.read<std::uint8_t>(NCSN_READ_DENOISED), columns, height, width);
        }
        write_pgm(folder + "/done.pgm", run.read<std::uint8_t>(), columns, height, width);
        return EXIT_SUCCESS;
    } catch (const std::exception &error) {
        std::fprintf(stderr, "%s\n", error.what());
        return EXIT_FAILURE;
    }
}
