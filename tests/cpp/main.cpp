/* The second translation unit that includes the header, and doctest's main(). */
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "support.hpp"

TEST_CASE("the library belongs to the header")
{
    CHECK(ncsn_abi_version() == NCSN_ABI_VERSION);
    CHECK(std::string(ncsn::version()) == ncsn_version());
}
