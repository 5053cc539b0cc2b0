/* What the tests of this folder share. MODEL is the path of a small model. */
#ifndef NCSN_TEST_SUPPORT_HPP
#define NCSN_TEST_SUPPORT_HPP

#include <doctest/doctest.h>

#include <ncsn.hpp>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

using namespace std::chrono_literals;

/* A type of a host's own, to see that it arrives as it was thrown. */
struct HostError {
    int number;
};

inline const std::vector<std::int64_t> SHAPE = {3};

/* The score of N(0.7, 0.25) in each dimension: a model without a file. */
inline void gauss(const ncsn::ScoreRequest &request, ncsn::View<float> out)
{
    for (std::size_t i = 0; i < out.size(); i++) {
        out[i] = static_cast<float>((0.7 - static_cast<double>(request.x[i])) /
                                    (0.25 + request.sigma * request.sigma));
    }
}

template <class Score>
ncsn::Model model_of(Score &&score)
{
    ncsn::ModelOptions options;
    options.sigmas({1.0, 0.5, 0.25, 0.125});
    return ncsn::Model::from_score(SHAPE, std::forward<Score>(score), options);
}

/* Five samples, two at a time. */
inline ncsn::Params small_params(const ncsn::Model &model)
{
    auto params = model.params();
    params.seed = 7;
    params.sample_count = 5;
    params.batch_size = 2;
    params.sampler = NCSN_SAMPLER_ANCESTRAL;
    return params;
}

template <class Call>
ncsn::Error error_of(Call call)
{
    try {
        call();
    } catch (const ncsn::Error &error) {
        return error;
    }
    return ncsn::Error(NCSN_OK, "nothing was thrown");
}

#define CHECK_ERROR(call, expected, word)                                                   \
    do {                                                                                    \
        const ncsn::Error error_ = error_of([&] { (void)(call); });                         \
        const std::string text_ = error_.what();                                            \
        CHECK_MESSAGE(error_.status() == expected, text_);                                  \
        CHECK_MESSAGE(text_.find(word) != std::string::npos, text_);                        \
    } while (false)

#endif
