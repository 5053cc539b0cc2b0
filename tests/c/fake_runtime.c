/* A library that pretends to be ONNX Runtime. Compiled once per pretence:
 *   VERSION   what its version string is
 *   NO_BASE   1: OrtGetApiBase returns NULL
 * It never offers an API: a library that gets this far by its version has none to give. */

#include <stddef.h>
#include <stdint.h>

#ifndef VERSION
#define VERSION NULL
#endif
#ifndef NO_BASE
#define NO_BASE 0
#endif

typedef struct OrtApiBase {
    const void *(*GetApi)(uint32_t version);
    const char *(*GetVersionString)(void);
} OrtApiBase;

static const void *get_api(uint32_t version)
{
    (void)version;
    return NULL;
}

static const char *get_version_string(void)
{
    return VERSION;
}

const OrtApiBase *OrtGetApiBase(void);

const OrtApiBase *OrtGetApiBase(void)
{
    static const OrtApiBase base = {get_api, get_version_string};
    return NO_BASE ? NULL : &base;
}
