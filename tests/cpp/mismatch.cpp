/* A library of another ABI is refused before anything else of it is used. */
#include <ncsn.hpp>

#include <cstdio>

/* Found before the library's own. */
extern "C" std::uint32_t ncsn_abi_version(void)
{
    return NCSN_ABI_VERSION + 1;
}

int main(int, char **argv)
{
    try {
        (void)ncsn::Model::open(argv[1]);
    } catch (const ncsn::VersionMismatch &error) {
        std::puts(error.what());
        return error.status() == NCSN_ERR_UNSUPPORTED ? 0 : 1;
    }
    return 1;
}
