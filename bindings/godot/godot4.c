/*
 * Godot 4: the class NcsnSampler as a GDExtension, on what the interface has had since 4.1. It only translates;
 * job.h is what it does.
 *
 * The methods are registered as taking any arguments: Godot then always calls with Variants, and the optional
 * ones need no second table.
 */
#include <gdextension_interface.h>
#include <stdlib.h>

#include "job.h"

/* Room for the engine's values, whose insides are its own; a Variant has 24 bytes, 40 with double reals. */
typedef struct { uint64_t room[5]; } variant;
typedef struct { uint64_t room[2]; } value;

/* Godot's header has void * for every handle, others a type for each; this is both. */
#define AT(what) ((void *)&(what))

/* Hashes of builtin methods, from extension_api.json: the same in 4.1, 4.2 and 4.3. */
enum { RESIZE = 848867239 };
static const int64_t SIZE = 3173160232;

enum { NIL_IS_VARIANT = 1 << 17 };

static struct {
    GDExtensionInterfaceVariantDestroy variant_destroy;
    GDExtensionInterfaceVariantGetType variant_get_type;
    GDExtensionInterfaceVariantGetKeyed variant_get_keyed;
    GDExtensionInterfaceVariantSetKeyed variant_set_keyed;
    GDExtensionInterfaceVariantIterInit variant_iter_init;
    GDExtensionInterfaceVariantIterNext variant_iter_next;
    GDExtensionInterfaceVariantIterGet variant_iter_get;
    GDExtensionInterfaceGetVariantFromTypeConstructor get_variant_from_type_constructor;
    GDExtensionInterfaceGetVariantToTypeConstructor get_variant_to_type_constructor;
    GDExtensionInterfaceVariantGetPtrConstructor variant_get_ptr_constructor;
    GDExtensionInterfaceVariantGetPtrDestructor variant_get_ptr_destructor;
    GDExtensionInterfaceVariantGetPtrBuiltinMethod variant_get_ptr_builtin_method;
    GDExtensionInterfaceStringNewWithUtf8Chars string_new_with_utf8_chars;
    GDExtensionInterfaceStringToUtf8Chars string_to_utf8_chars;
    GDExtensionInterfacePackedByteArrayOperatorIndex packed_byte_array_operator_index;
    GDExtensionInterfacePackedByteArrayOperatorIndexConst packed_byte_array_operator_index_const;
    GDExtensionInterfacePackedFloat32ArrayOperatorIndex packed_float32_array_operator_index;
    GDExtensionInterfacePackedInt64ArrayOperatorIndex packed_int64_array_operator_index;
    GDExtensionInterfaceClassdbConstructObject classdb_construct_object;
    GDExtensionInterfaceObjectSetInstance object_set_instance;
    GDExtensionInterfaceClassdbRegisterExtensionClass classdb_register_extension_class;
    GDExtensionInterfaceClassdbRegisterExtensionClassMethod classdb_register_extension_class_method;
    GDExtensionInterfaceClassdbUnregisterExtensionClass classdb_unregister_extension_class;
} api;

static GDExtensionClassLibraryPtr library;

static void destroy(GDExtensionVariantType type, void *what) { api.variant_get_ptr_destructor(type)(what); }

/* Takes `from` over. */
static void wrap(GDExtensionVariantType type, void *from, void *out) {
    api.get_variant_from_type_constructor(type)(out, from);
    destroy(type, from);
}

static void wrap_integer(int64_t number, void *out) {
    api.get_variant_from_type_constructor(GDEXTENSION_VARIANT_TYPE_INT)(out, AT(number));
}

static void wrap_text(const char *utf8, void *out) {
    value string;
    api.string_new_with_utf8_chars(AT(string), utf8);
    wrap(GDEXTENSION_VARIANT_TYPE_STRING, AT(string), out);
}

static value name_of(const char *utf8) {
    value string, name;
    api.string_new_with_utf8_chars(AT(string), utf8);
    const GDExtensionConstTypePtr arguments[] = {AT(string)};
    api.variant_get_ptr_constructor(GDEXTENSION_VARIANT_TYPE_STRING_NAME, 2)(AT(name), arguments);
    destroy(GDEXTENSION_VARIANT_TYPE_STRING, AT(string));
    return name;
}

static int64_t integer_of(GDExtensionConstVariantPtr from) {
    int64_t number = 0;
    api.get_variant_to_type_constructor(GDEXTENSION_VARIANT_TYPE_INT)(AT(number), (void *)from);
    return number;
}

/* The UTF-8 bytes of a text, to be freed; NULL without memory. */
static char *utf8_of(GDExtensionConstVariantPtr from) {
    value string;
    api.get_variant_to_type_constructor(GDEXTENSION_VARIANT_TYPE_STRING)(AT(string), (void *)from);
    const GDExtensionInt length = api.string_to_utf8_chars(AT(string), NULL, 0);
    char *utf8 = malloc((size_t)length + 1);
    if (utf8 != NULL) {
        api.string_to_utf8_chars(AT(string), utf8, length);
        utf8[length] = 0;
    }
    destroy(GDEXTENSION_VARIANT_TYPE_STRING, AT(string));
    return utf8;
}

/* An empty Dictionary or packed array. */
static value empty(GDExtensionVariantType type) {
    value made;
    api.variant_get_ptr_constructor(type, 0)(AT(made), NULL);
    return made;
}

static void resize(GDExtensionVariantType type, void *array, int64_t size) {
    value method = name_of("resize");
    int64_t error;
    const GDExtensionConstTypePtr arguments[] = {AT(size)};
    api.variant_get_ptr_builtin_method(type, AT(method), RESIZE)(array, arguments, AT(error), 1);
    destroy(GDEXTENSION_VARIANT_TYPE_STRING_NAME, AT(method));
}

/* Takes `what` over. */
static void put(void *dictionary, const char *name, void *what) {
    variant key;
    GDExtensionBool valid;
    wrap_text(name, AT(key));
    api.variant_set_keyed(dictionary, AT(key), what, &valid);
    api.variant_destroy(AT(key));
    api.variant_destroy(what);
}

static void put_fields(void *dictionary, const job_field *fields, size_t count) {
    for (size_t i = 0; i < count; i++) {
        job_value from = fields[i].value;
        variant what;
        if (from.kind == JOB_INTEGER) wrap_integer(from.integer, AT(what));
        else if (from.kind == JOB_REAL) api.get_variant_from_type_constructor(GDEXTENSION_VARIANT_TYPE_FLOAT)(AT(what), AT(from.real));
        else wrap_text(from.text, AT(what));
        put(dictionary, fields[i].name, AT(what));
    }
}

#define METHOD(name) static void name(job *self, const GDExtensionConstVariantPtr *args, GDExtensionInt count, void *out)
#define UNUSED (void)args, (void)count

METHOD(load) {
    ncsn_status status = job_takes(self, "load(path, threads = 0)", 1, 2, count);
    if (status == NCSN_OK) {
        char *path = utf8_of(args[0]);
        status = path == NULL ? job_refuse(self, NCSN_ERR_OUT_OF_MEMORY, "out of memory")
                              : job_load(self, path, count > 1 ? integer_of(args[1]) : 0);
        free(path);
    }
    wrap_integer(status, out);
}

METHOD(load_bytes) {
    ncsn_status status = job_takes(self, "load_bytes(bytes, threads = 0)", 1, 2, count);
    if (status == NCSN_OK && api.variant_get_type(args[0]) != GDEXTENSION_VARIANT_TYPE_PACKED_BYTE_ARRAY)
        status = job_refuse(self, NCSN_ERR_ARGUMENT, "load_bytes() takes a PackedByteArray");
    if (status == NCSN_OK) {
        value bytes;
        int64_t size;
        api.get_variant_to_type_constructor(GDEXTENSION_VARIANT_TYPE_PACKED_BYTE_ARRAY)(AT(bytes), (void *)args[0]);
        value method = name_of("size");
        api.variant_get_ptr_builtin_method(GDEXTENSION_VARIANT_TYPE_PACKED_BYTE_ARRAY, AT(method), SIZE)(AT(bytes), NULL, AT(size), 0);
        destroy(GDEXTENSION_VARIANT_TYPE_STRING_NAME, AT(method));
        const void *first = size == 0 ? "" : (const void *)api.packed_byte_array_operator_index_const(AT(bytes), 0);
        status = job_load_bytes(self, first, (size_t)size, count > 1 ? integer_of(args[1]) : 0);
        destroy(GDEXTENSION_VARIANT_TYPE_PACKED_BYTE_ARRAY, AT(bytes));
    }
    wrap_integer(status, out);
}

METHOD(info) {
    UNUSED;
    value dictionary = empty(GDEXTENSION_VARIANT_TYPE_DICTIONARY), shape = empty(GDEXTENSION_VARIANT_TYPE_PACKED_INT64_ARRAY);
    variant extents;
    job_field fields[JOB_FIELDS];
    size_t rank;
    const int64_t *from = job_shape(self, &rank);
    resize(GDEXTENSION_VARIANT_TYPE_PACKED_INT64_ARRAY, AT(shape), (int64_t)rank);
    for (size_t axis = 0; axis < rank; axis++)
        *api.packed_int64_array_operator_index(AT(shape), (GDExtensionInt)axis) = from[axis];
    wrap(GDEXTENSION_VARIANT_TYPE_PACKED_INT64_ARRAY, AT(shape), AT(extents));
    wrap(GDEXTENSION_VARIANT_TYPE_DICTIONARY, AT(dictionary), out);
    put(out, "shape", AT(extents));
    put_fields(out, fields, job_info(self, fields));
}

static ncsn_status set_option(job *self, job_options *options, void *key, void *what) {
    job_value translated = {.kind = JOB_OTHER};
    const GDExtensionVariantType type = api.variant_get_type(what);
    char *name = utf8_of(key), *text = NULL;
    if (type == GDEXTENSION_VARIANT_TYPE_INT || type == GDEXTENSION_VARIANT_TYPE_BOOL) {
        translated.kind = JOB_INTEGER;
        translated.integer = integer_of(what);
    } else if (type == GDEXTENSION_VARIANT_TYPE_FLOAT) {
        translated.kind = JOB_REAL;
        api.get_variant_to_type_constructor(type)(AT(translated.real), what);
    } else if (type == GDEXTENSION_VARIANT_TYPE_STRING && (text = utf8_of(what)) != NULL) {
        translated.kind = JOB_TEXT;
        translated.text = text;
    }
    const ncsn_status status = name == NULL ? job_refuse(self, NCSN_ERR_OUT_OF_MEMORY, "out of memory")
                                            : job_set(self, options, name, translated);
    free(text);
    free(name);
    return status;
}

METHOD(start) {
    job_options options;
    ncsn_status status = job_takes(self, "start(options = {})", 0, 1, count);
    if (status == NCSN_OK) status = job_options_init(self, &options);
    if (status == NCSN_OK && count == 1) {
        variant at, key, what;
        GDExtensionBool valid, more;
        if (api.variant_get_type(args[0]) != GDEXTENSION_VARIANT_TYPE_DICTIONARY)
            return wrap_integer(job_refuse(self, NCSN_ERR_ARGUMENT, "start() takes a Dictionary of options"), out);
        more = api.variant_iter_init(args[0], AT(at), &valid);
        while (status == NCSN_OK && more) {
            api.variant_iter_get(args[0], AT(at), AT(key), &valid);
            api.variant_get_keyed(args[0], AT(key), AT(what), &valid);
            status = set_option(self, &options, AT(key), AT(what));
            api.variant_destroy(AT(key));
            api.variant_destroy(AT(what));
            more = api.variant_iter_next(args[0], AT(at), &valid);
        }
        api.variant_destroy(AT(at));
    }
    wrap_integer(status == NCSN_OK ? job_start(self, &options) : status, out);
}

METHOD(poll) {
    UNUSED;
    value dictionary = empty(GDEXTENSION_VARIANT_TYPE_DICTIONARY);
    job_field fields[JOB_FIELDS];
    wrap(GDEXTENSION_VARIANT_TYPE_DICTIONARY, AT(dictionary), out);
    put_fields(out, fields, job_poll(self, fields));
}

METHOD(image) {
    UNUSED;
    const GDExtensionVariantType type = GDEXTENSION_VARIANT_TYPE_PACKED_BYTE_ARRAY;
    const size_t size = job_bytes(self);
    value bytes = empty(type);
    resize(type, AT(bytes), (int64_t)size);
    if (job_image(self, size == 0 ? NULL : api.packed_byte_array_operator_index(AT(bytes), 0), size) != NCSN_OK) resize(type, AT(bytes), 0);
    wrap(type, AT(bytes), out);
}

METHOD(result) {
    UNUSED;
    const GDExtensionVariantType type = GDEXTENSION_VARIANT_TYPE_PACKED_FLOAT32_ARRAY;
    const size_t size = job_bytes(self);
    value reals = empty(type);
    resize(type, AT(reals), (int64_t)(size / sizeof(float)));
    if (job_result(self, size < sizeof(float) ? NULL : api.packed_float32_array_operator_index(AT(reals), 0), size) != NCSN_OK)
        resize(type, AT(reals), 0);
    wrap(type, AT(reals), out);
}

METHOD(cancel) {
    UNUSED, (void)out;
    job_cancel(self);
}

METHOD(error_text) {
    UNUSED;
    wrap_text(job_error(self), out);
}

typedef void (*method)(job *, const GDExtensionConstVariantPtr *, GDExtensionInt, void *);

static struct {
    const char *name;
    method call;
} METHODS[] = {
    {"load", load},   {"load_bytes", load_bytes}, {"info", info},     {"start", start},           {"poll", poll},
    {"image", image}, {"result", result},         {"cancel", cancel}, {"error_text", error_text},
};

static void call(void *which, GDExtensionClassInstancePtr self, const GDExtensionConstVariantPtr *args, GDExtensionInt count,
                 GDExtensionVariantPtr out, GDExtensionCallError *error) {
    error->error = GDEXTENSION_CALL_OK;
    METHODS[(uintptr_t)which].call((void *)self, args, count, out);
}

static GDExtensionObjectPtr create(void *data) {
    (void)data;
    value parent = name_of("RefCounted"), own = name_of("NcsnSampler");
    GDExtensionObjectPtr object = api.classdb_construct_object(AT(parent));
    api.object_set_instance(object, AT(own), (void *)job_new());
    destroy(GDEXTENSION_VARIANT_TYPE_STRING_NAME, AT(parent));
    destroy(GDEXTENSION_VARIANT_TYPE_STRING_NAME, AT(own));
    return object;
}

static void release(void *data, GDExtensionClassInstancePtr self) {
    (void)data;
    job_free((void *)self);
}

static void initialize(void *data, GDExtensionInitializationLevel level) {
    (void)data;
    if (level != GDEXTENSION_INITIALIZATION_SCENE) return;
    value own = name_of("NcsnSampler"), parent = name_of("RefCounted"), nothing = name_of(""), hint;
    api.string_new_with_utf8_chars(AT(hint), "");
    const GDExtensionClassCreationInfo creation = {.create_instance_func = create, .free_instance_func = release};
    api.classdb_register_extension_class(library, AT(own), AT(parent), &creation);
    GDExtensionPropertyInfo returned = {.type = GDEXTENSION_VARIANT_TYPE_NIL, .name = AT(nothing), .class_name = AT(nothing),
                                        .hint_string = AT(hint), .usage = NIL_IS_VARIANT};
    for (uintptr_t i = 0; i < sizeof METHODS / sizeof *METHODS; i++) {
        value name = name_of(METHODS[i].name);
        const GDExtensionClassMethodInfo info = {
            .name = AT(name),
            .method_userdata = (void *)i,
            .call_func = call,
            .method_flags = GDEXTENSION_METHOD_FLAG_NORMAL | GDEXTENSION_METHOD_FLAG_VARARG,
            .has_return_value = 1,
            .return_value_info = &returned,
        };
        api.classdb_register_extension_class_method(library, AT(own), &info);
        destroy(GDEXTENSION_VARIANT_TYPE_STRING_NAME, AT(name));
    }
    destroy(GDEXTENSION_VARIANT_TYPE_STRING, AT(hint));
    destroy(GDEXTENSION_VARIANT_TYPE_STRING_NAME, AT(nothing));
    destroy(GDEXTENSION_VARIANT_TYPE_STRING_NAME, AT(parent));
    destroy(GDEXTENSION_VARIANT_TYPE_STRING_NAME, AT(own));
}

static void deinitialize(void *data, GDExtensionInitializationLevel level) {
    (void)data;
    if (level != GDEXTENSION_INITIALIZATION_SCENE) return;
    job_finish_all();
    value own = name_of("NcsnSampler");
    api.classdb_unregister_extension_class(library, AT(own));
    destroy(GDEXTENSION_VARIANT_TYPE_STRING_NAME, AT(own));
}

JOB_EXPORT GDExtensionBool ncsn_gdextension_init(GDExtensionInterfaceGetProcAddress get, GDExtensionClassLibraryPtr own_library,
                                                 GDExtensionInitialization *out) {
#define GET(name) if ((api.name = (void *)get(#name)) == NULL) return 0
    GET(variant_destroy); GET(variant_get_type); GET(variant_get_keyed); GET(variant_set_keyed);
    GET(variant_iter_init); GET(variant_iter_next); GET(variant_iter_get);
    GET(get_variant_from_type_constructor); GET(get_variant_to_type_constructor);
    GET(variant_get_ptr_constructor); GET(variant_get_ptr_destructor); GET(variant_get_ptr_builtin_method);
    GET(string_new_with_utf8_chars); GET(string_to_utf8_chars);
    GET(packed_byte_array_operator_index); GET(packed_byte_array_operator_index_const);
    GET(packed_float32_array_operator_index); GET(packed_int64_array_operator_index);
    GET(classdb_construct_object); GET(object_set_instance);
    GET(classdb_register_extension_class); GET(classdb_register_extension_class_method); GET(classdb_unregister_extension_class);
    library = own_library;
    out->minimum_initialization_level = GDEXTENSION_INITIALIZATION_SCENE;
    out->initialize = initialize;
    out->deinitialize = deinitialize;
    return 1;
}
