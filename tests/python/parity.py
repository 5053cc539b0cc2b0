"""The library against a reference written from the papers and from its documented noise.

    NCSN_TEST_LIBRARY=target/debug/libncsn.so python tests/python/parity.py

One line per check, `N passed, 0 failed` at the end; the exit code says the same.
"""

import sys

sys.dont_write_bytecode = True  # leave the source tree as it was

import check  # noqa: E402
import check_abuse  # noqa: E402
import check_chains  # noqa: E402
import check_header  # noqa: E402
import check_noise  # noqa: E402
import check_samplers  # noqa: E402
import check_steps  # noqa: E402

for module in (check_header, check_noise, check_chains, check_samplers, check_steps, check_abuse):
    module.run()
check.finish()
