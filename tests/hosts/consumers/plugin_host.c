/*
 * plugin_host PLUGIN.so MODEL.onnx - a program with libncsn's code in it that loads a plugin with libncsn's code in it. Each
 * is main.c, compiled with -Dmain=draw.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

int draw(int argc, char **argv);

int main(int argc, char **argv) {
    int (*plugin)(int, char **) = NULL;
    if (argc != 3) return 2;
    for (int round = 0; round < 3; round++) {
        void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
        void *symbol = library == NULL ? NULL : dlsym(library, "draw");
        if (symbol == NULL) {
            fprintf(stderr, "%s\n", dlerror());
            return 1;
        }
        memcpy(&plugin, &symbol, sizeof plugin);
        if (plugin(2, argv + 1) != 0 || draw(2, argv + 1) != 0 || dlclose(library) != 0) return 1;
    }
    return 0;
}
