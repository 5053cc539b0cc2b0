/*
 * Stands in for Godot 4: hands out the functions of gdextension_interface.h that the extension asks for, on
 * values of its own, and counts them. It shows that the extension does what the header says, not that Godot
 * agrees.   host4 EXTENSION.so MODELS OUT
 */
#include <assert.h>
#include <dlfcn.h>
#include <gdextension_interface.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HANDLE(what) ((void *)(what))

/* Every value that is not a plain number: a Variant and a String are both a pointer to one. */
typedef struct box {
    GDExtensionVariantType type;
    int references;
    int64_t integer;
    double real;
    char *text;
    uint8_t *bytes;
    size_t size;
    struct box *keys[16], *values[16];
    int count;
} box;

static int alive;

static box *new_box(GDExtensionVariantType type) {
    box *made = calloc(1, sizeof *made);
    made->type = type;
    made->references = 1;
    alive++;
    return made;
}

static box *share(box *what) {
    if (what != NULL) what->references++;
    return what;
}

static void drop(box *what) {
    if (what == NULL || --what->references > 0) return;
    assert(what->references == 0);
    for (int i = 0; i < what->count; i++) drop(what->keys[i]), drop(what->values[i]);
    free(what->text);
    free(what->bytes);
    free(what);
    alive--;
}

static box *of(const void *place) { return *(box *const *)place; }
static void put(void *place, box *what) { *(box **)place = what; }

static box *text_box(const char *utf8) {
    box *made = new_box(GDEXTENSION_VARIANT_TYPE_STRING);
    made->text = strdup(utf8);
    return made;
}

static void destroy(void *place) { drop(of(place)); }
static GDExtensionVariantType get_type(const void *place) { return of(place) == NULL ? GDEXTENSION_VARIANT_TYPE_NIL : of(place)->type; }

static void from_integer(void *out, void *number) {
    box *made = new_box(GDEXTENSION_VARIANT_TYPE_INT);
    made->integer = *(int64_t *)number;
    put(out, made);
}
static void from_real(void *out, void *number) {
    box *made = new_box(GDEXTENSION_VARIANT_TYPE_FLOAT);
    made->real = *(double *)number;
    put(out, made);
}
static void copy(void *out, void *what) { put(out, share(of(what))); }
static void *from_type(GDExtensionVariantType type) {
    return type == GDEXTENSION_VARIANT_TYPE_INT ? HANDLE(from_integer) : type == GDEXTENSION_VARIANT_TYPE_FLOAT ? HANDLE(from_real) : HANDLE(copy);
}

static void to_integer(int64_t *out, void *what) { *out = of(what)->type == GDEXTENSION_VARIANT_TYPE_FLOAT ? (int64_t)of(what)->real : of(what)->integer; }
static void to_real(double *out, void *what) { *out = of(what)->real; }
static void to_string(void *out, void *what) { put(out, of(what)->text != NULL ? share(of(what)) : text_box("<no text>")); }
static void *to_type(GDExtensionVariantType type) {
    return type == GDEXTENSION_VARIANT_TYPE_INT     ? HANDLE(to_integer)
           : type == GDEXTENSION_VARIANT_TYPE_FLOAT ? HANDLE(to_real)
           : type == GDEXTENSION_VARIANT_TYPE_STRING ? HANDLE(to_string)
                                                     : HANDLE(copy);
}

static void name_from_string(void *out, const void *const *arguments) { put(out, text_box(of(arguments[0])->text)); }
static void new_dictionary(void *out) { put(out, new_box(GDEXTENSION_VARIANT_TYPE_DICTIONARY)); }
static void new_bytes(void *out) { put(out, new_box(GDEXTENSION_VARIANT_TYPE_PACKED_BYTE_ARRAY)); }
static void new_integers(void *out) { put(out, new_box(GDEXTENSION_VARIANT_TYPE_PACKED_INT64_ARRAY)); }
static void new_floats(void *out) { put(out, new_box(GDEXTENSION_VARIANT_TYPE_PACKED_FLOAT32_ARRAY)); }
static void *constructor(GDExtensionVariantType type, int32_t which) {
    assert(which == (type == GDEXTENSION_VARIANT_TYPE_STRING_NAME ? 2 : 0));
    switch ((int)type) {
    case GDEXTENSION_VARIANT_TYPE_STRING_NAME: return HANDLE(name_from_string);
    case GDEXTENSION_VARIANT_TYPE_DICTIONARY: return HANDLE(new_dictionary);
    case GDEXTENSION_VARIANT_TYPE_PACKED_BYTE_ARRAY: return HANDLE(new_bytes);
    case GDEXTENSION_VARIANT_TYPE_PACKED_INT64_ARRAY: return HANDLE(new_integers);
    case GDEXTENSION_VARIANT_TYPE_PACKED_FLOAT32_ARRAY: return HANDLE(new_floats);
    default: abort();
    }
}
static void *destructor(GDExtensionVariantType type) { return assert(type != GDEXTENSION_VARIANT_TYPE_INT), HANDLE(destroy); }

static void resize(void *self, const void *const *arguments, int64_t *out, int count) {
    box *array = of(self);
    const size_t unit = array->type == GDEXTENSION_VARIANT_TYPE_PACKED_INT64_ARRAY ? 8 : array->type == GDEXTENSION_VARIANT_TYPE_PACKED_FLOAT32_ARRAY ? 4 : 1;
    assert(count == 1 && array->references == 1);
    array->size = (size_t)*(const int64_t *)arguments[0] * unit;
    array->bytes = realloc(array->bytes, array->size + 1);
    *out = 0;
}
static void size_of(void *self, const void *const *arguments, int64_t *out, int count) {
    (void)arguments, (void)count;
    *out = (int64_t)of(self)->size;
}
static void *builtin(GDExtensionVariantType type, const void *name, GDExtensionInt hash) {
    (void)type;
    if (strcmp(of(name)->text, "resize") == 0) return assert(hash == 848867239), HANDLE(resize);
    return assert(strcmp(of(name)->text, "size") == 0 && hash == 3173160232), HANDLE(size_of);
}
static void *byte_at(void *array, GDExtensionInt i) { return assert((size_t)i < of(array)->size), of(array)->bytes + i; }
static void *float_at(void *array, GDExtensionInt i) { return byte_at(array, i * 4); }
static void *integer_at(void *array, GDExtensionInt i) { return byte_at(array, i * 8); }

static void string_new(void *out, const char *utf8) { put(out, text_box(utf8)); }
static GDExtensionInt string_utf8(const void *self, char *out, GDExtensionInt most) {
    const GDExtensionInt length = (GDExtensionInt)strlen(of(self)->text);
    if (out != NULL) memcpy(out, of(self)->text, (size_t)(length < most ? length : most));
    return length;
}

static box **entry(box *dictionary, const char *key) {
    for (int i = 0; i < dictionary->count; i++)
        if (strcmp(dictionary->keys[i]->text, key) == 0) return &dictionary->values[i];
    return NULL;
}
static void set_keyed(void *self, const void *key, const void *what, GDExtensionBool *valid) {
    box *dictionary = of(self);
    assert(entry(dictionary, of(key)->text) == NULL && dictionary->count < 16);
    dictionary->keys[dictionary->count] = share(of(key));
    dictionary->values[dictionary->count++] = share(of(what));
    *valid = 1;
}
static void get_keyed(const void *self, const void *key, void *out, GDExtensionBool *valid) {
    put(out, share(*entry(of(self), of(key)->text)));
    *valid = 1;
}
static GDExtensionBool iter_init(const void *self, void *at, GDExtensionBool *valid) {
    int64_t start = 0;
    from_integer(at, &start);
    *valid = 1;
    return of(self)->count > 0;
}
static GDExtensionBool iter_next(const void *self, void *at, GDExtensionBool *valid) {
    *valid = 1;
    return ++of(at)->integer < of(self)->count;
}
static void iter_get(const void *self, void *at, void *out, GDExtensionBool *valid) {
    put(out, share(of(self)->keys[of(at)->integer]));
    *valid = 1;
}

static GDExtensionClassCreationInfo class_info;
static struct { char name[32]; GDExtensionClassMethodInfo info; } methods[16];
static int method_count, unregistered;
static void *instance;

static void *construct(const void *name) { return assert(strcmp(of(name)->text, "RefCounted") == 0), &instance; }
static void set_instance(void *object, const void *name, void *what) {
    assert(object == &instance && strcmp(of(name)->text, "NcsnSampler") == 0);
    instance = what;
}
static void register_class(void *library, const void *name, const void *parent, const GDExtensionClassCreationInfo *info) {
    assert(library == &alive && strcmp(of(name)->text, "NcsnSampler") == 0 && strcmp(of(parent)->text, "RefCounted") == 0);
    class_info = *info;
}
static void register_method(void *library, const void *name, const GDExtensionClassMethodInfo *info) {
    (void)library, (void)name;
    strcpy(methods[method_count].name, of(info->name)->text);
    methods[method_count++].info = *info;
}
static void unregister_class(void *library, const void *name) { (void)library, unregistered = strcmp(of(name)->text, "NcsnSampler") == 0; }

static GDExtensionInterfaceFunctionPtr get_proc_address(const char *name) {
    static const struct { const char *name; void *function; } KNOWN[] = {
        {"variant_destroy", HANDLE(destroy)}, {"variant_get_type", HANDLE(get_type)}, {"variant_get_keyed", HANDLE(get_keyed)},
        {"variant_set_keyed", HANDLE(set_keyed)}, {"variant_iter_init", HANDLE(iter_init)}, {"variant_iter_next", HANDLE(iter_next)},
        {"variant_iter_get", HANDLE(iter_get)}, {"get_variant_from_type_constructor", HANDLE(from_type)},
        {"get_variant_to_type_constructor", HANDLE(to_type)}, {"variant_get_ptr_constructor", HANDLE(constructor)},
        {"variant_get_ptr_destructor", HANDLE(destructor)}, {"variant_get_ptr_builtin_method", HANDLE(builtin)},
        {"string_new_with_utf8_chars", HANDLE(string_new)}, {"string_to_utf8_chars", HANDLE(string_utf8)},
        {"packed_byte_array_operator_index", HANDLE(byte_at)}, {"packed_byte_array_operator_index_const", HANDLE(byte_at)},
        {"packed_float32_array_operator_index", HANDLE(float_at)}, {"packed_int64_array_operator_index", HANDLE(integer_at)},
        {"classdb_construct_object", HANDLE(construct)}, {"object_set_instance", HANDLE(set_instance)},
        {"classdb_register_extension_class", HANDLE(register_class)},
        {"classdb_register_extension_class_method", HANDLE(register_method)},
        {"classdb_unregister_extension_class", HANDLE(unregister_class)},
    };
    for (size_t i = 0; i < sizeof KNOWN / sizeof *KNOWN; i++)
        if (strcmp(KNOWN[i].name, name) == 0) return HANDLE(KNOWN[i].function);
    return NULL;
}

/* Calls a method as GDScript does; takes the argument over. */
static box *call(const char *name, box *argument) {
    for (int i = 0; i < method_count; i++) {
        if (strcmp(methods[i].name, name) != 0) continue;
        box *out[5] = {NULL}, *in[5] = {argument};
        const void *arguments[] = {in};
        GDExtensionCallError error;
        methods[i].info.call_func(methods[i].info.method_userdata, instance, HANDLE(arguments), argument != NULL, HANDLE(out), &error);
        assert(error.error == GDEXTENSION_CALL_OK);
        drop(argument);
        return out[0];
    }
    fprintf(stderr, "there is no method %s\n", name);
    exit(1);
}

static box *integer(int64_t number) {
    box *made;
    from_integer(&made, &number);
    return made;
}

static box *with(box *dictionary, const char *name, box *what) {
    dictionary->keys[dictionary->count] = text_box(name);
    dictionary->values[dictionary->count++] = what;
    return dictionary;
}

static box *options(void) { return new_box(GDEXTENSION_VARIANT_TYPE_DICTIONARY); }

static int64_t status(box *out) {
    const int64_t got = out->integer;
    drop(out);
    return got;
}

static void refused(int64_t got, const char *word) {
    box *text = call("error_text", NULL);
    if (got >= 0 || strstr(text->text, word) == NULL) fprintf(stderr, "expected '%s', got %d: %s\n", word, (int)got, text->text), exit(1);
    drop(text);
}

static void finish(const char *wanted) {
    char state[16];
    do {
        box *now = call("poll", NULL);
        strcpy(state, (*entry(now, "state"))->text);
        drop(now);
    } while (strcmp(state, "running") == 0);
    assert(strcmp(state, wanted) == 0);
}

static void save(const char *folder, const char *name, box *what) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    assert(file != NULL && fwrite(what->bytes, 1, what->size, file) == what->size && fclose(file) == 0);
    drop(what);
}

static box *model(const char *folder, const char *name) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return text_box(path);
}

int main(int argc, char **argv) {
    assert(argc == 4);
    void *extension = dlopen(argv[1], RTLD_NOW);
    if (extension == NULL) return fprintf(stderr, "%s\n", dlerror()), 1;
    GDExtensionInitializationFunction init = HANDLE(dlsym(extension, "ncsn_gdextension_init"));
    GDExtensionInitialization levels = {0};
    assert(init != NULL && init(get_proc_address, HANDLE(&alive), &levels));
    assert(levels.minimum_initialization_level == GDEXTENSION_INITIALIZATION_SCENE);
    levels.initialize(levels.userdata, GDEXTENSION_INITIALIZATION_SCENE);
    assert(method_count == 9 && alive == 0);

    assert((void *)class_info.create_instance_func(NULL) == (void *)&instance && instance != NULL);
    refused(status(call("start", options())), "no model");
    refused(status(call("load", model(argv[2], "no.onnx"))), "no.onnx");
    refused(status(call("load", NULL)), "1 to 2 arguments");
    refused(status(call("load_bytes", text_box("x"))), "PackedByteArray");
    refused(status(call("load_bytes", new_box(GDEXTENSION_VARIANT_TYPE_PACKED_BYTE_ARRAY))), "");
    assert(status(call("load", model(argv[2], "mixture.onnx"))) == 0);
    box *info = call("info", NULL);
    assert((*entry(info, "shape"))->size == 8 && *(int64_t *)(*entry(info, "shape"))->bytes == 2);
    drop(info);
    refused(status(call("start", integer(3))), "Dictionary");
    refused(status(call("start", with(options(), "steps", integer(3)))), "there is no option \"steps\"");
    refused(status(call("start", with(options(), "sampler", text_box("best")))), "one of auto");
    assert(status(call("start", with(with(options(), "sample_count", integer(100)), "seed", integer(7)))) == 0);
    finish("done");
    save(argv[3], "floats", call("result", NULL));
    box *none = call("image", NULL);
    assert(none->size == 0);
    drop(none);

    assert(status(call("load", model(argv[2], "digits.onnx"))) == 0);
    assert(status(call("start", with(with(with(with(options(), "sample_count", integer(3)), "seed", integer(7)), "level_count", integer(12)),
                                     "sampler", text_box("ancestral")))) == 0);
    finish("done");
    save(argv[3], "pixels", call("image", NULL));

    assert(status(call("start", with(options(), "sample_count", integer(64)))) == 0);
    drop(call("cancel", NULL));
    finish("cancelled");
    /* Let go while it runs; the engine then unloads the extension. */
    assert(status(call("start", with(options(), "sample_count", integer(64)))) == 0);
    class_info.free_instance_func(NULL, instance);
    levels.deinitialize(levels.userdata, GDEXTENSION_INITIALIZATION_SCENE);
    assert(unregistered && dlclose(extension) == 0);
    if (alive != 0) return fprintf(stderr, "%d values were not destroyed\n", alive), 1;
    puts("all done");
    return 0;
}
