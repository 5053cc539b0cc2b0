// The C header in C++, as a host with its own classes would use it.

#include <cstdio>
#include <memory>
#include <vector>

#include "ncsn.h"

using model = std::unique_ptr<ncsn_model, decltype(&ncsn_destroy)>;

int main()
{
    ncsn_model *raw = nullptr;
    if (ncsn_create("models/mixture.onnx", nullptr, &raw) != NCSN_OK) {
        return 1;
    }
    model mixture(raw, ncsn_destroy);
    ncsn_sample_params params;
    if (ncsn_sample_params_init(raw, &params, sizeof params) != NCSN_OK) {
        return 2;
    }
    unsigned reports = 0;
    params.sample_count = 16;
    params.progress_user = &reports;
    params.progress = [](void *user, const ncsn_progress *) -> int32_t {
        ++*static_cast<unsigned *>(user);
        return 0;
    };
    std::vector<float> samples(2 * params.sample_count);
    if (ncsn_sample(raw, &params, samples.data(), samples.size() * sizeof(float)) != NCSN_OK) {
        return 3;
    }
    std::puts(reports > 0 && samples.front() != 0.0f ? "ok host" : "no samples");
}
