/* Wine 8 has no bcryptprimitives.dll, from which Rust's standard library takes the seeds of its hash
 * tables. Windows has one since version 7. For the tests alone, beside their programs. */

#include <windows.h>

BOOLEAN NTAPI SystemFunction036(PVOID buffer, ULONG bytes); /* RtlGenRandom, of advapi32.dll */

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE buffer, SIZE_T bytes)
{
    return SystemFunction036(buffer, (ULONG)bytes);
}
