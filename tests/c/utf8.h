/* The arguments of a program in UTF-8, as this library wants paths: Windows gives main() those of its
 * own code page, in which most names cannot be written. */

#ifndef NCSN_TEST_UTF8_H
#define NCSN_TEST_UTF8_H

#ifdef _WIN32
#include <windows.h>
#include <shellapi.h>

static inline char **utf8_arguments(char **argv)
{
    int count = 0;
    wchar_t **wide = CommandLineToArgvW(GetCommandLineW(), &count);
    (void)argv;
    CHECK(wide != NULL);
    argv = allocate(((size_t)count + 1) * sizeof *argv);
    for (int i = 0; i < count; i++) {
        int bytes = WideCharToMultiByte(CP_UTF8, 0, wide[i], -1, NULL, 0, NULL, NULL);
        argv[i] = allocate((size_t)bytes);
        CHECK(WideCharToMultiByte(CP_UTF8, 0, wide[i], -1, argv[i], bytes, NULL, NULL) == bytes);
    }
    LocalFree(wide);
    return argv;
}
#else
static inline char **utf8_arguments(char **argv)
{
    return argv;
}
#endif

#endif
