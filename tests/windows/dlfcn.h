/* POSIX' way to open a library in terms of Windows', for tests/c/dlopen.c. */

#ifndef NCSN_TEST_DLFCN_H
#define NCSN_TEST_DLFCN_H

#include <windows.h>

enum { RTLD_NOW, RTLD_LOCAL };

static inline void *dlopen(const char *path, int mode)
{
    (void)mode;
    return LoadLibraryA(path);
}

static inline void *dlsym(void *library, const char *name)
{
    return (void *)(UINT_PTR)GetProcAddress(library, name);
}

static inline int dlclose(void *library)
{
    return FreeLibrary(library) ? 0 : -1;
}

#endif
