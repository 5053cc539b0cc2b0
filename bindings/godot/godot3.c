/*
 * Godot 3: the NativeScript class NcsnSampler, on the GDNative C API (core 1.0 and nativescript 1.0, so Godot
 * 3.0 and newer). It only translates; job.h is what it does.
 */
#include <stdlib.h>

#include <gdnative_api_struct.gen.h>

#include "job.h"

static const godot_gdnative_core_api_struct *api;
static const godot_gdnative_ext_nativescript_api_struct *nativescript;

static godot_variant integer(int64_t value) {
    godot_variant variant;
    api->godot_variant_new_int(&variant, value);
    return variant;
}

static godot_variant real(double value) {
    godot_variant variant;
    api->godot_variant_new_real(&variant, value);
    return variant;
}

static godot_variant text(const char *utf8) {
    godot_variant variant;
    godot_string string = api->godot_string_chars_to_utf8(utf8);
    api->godot_variant_new_string(&variant, &string);
    api->godot_string_destroy(&string);
    return variant;
}

static godot_variant nothing(void) {
    godot_variant variant;
    api->godot_variant_new_nil(&variant);
    return variant;
}

/* Takes `value` over. */
static void put(godot_dictionary *dictionary, const char *name, godot_variant value) {
    godot_variant key = text(name);
    api->godot_dictionary_set(dictionary, &key, &value);
    api->godot_variant_destroy(&key);
    api->godot_variant_destroy(&value);
}

static void put_fields(godot_dictionary *dictionary, const job_field *fields, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const job_value value = fields[i].value;
        put(dictionary, fields[i].name,
            value.kind == JOB_INTEGER ? integer(value.integer)
            : value.kind == JOB_REAL  ? real(value.real)
                                      : text(value.text));
    }
}

/* Takes `dictionary` over. */
static godot_variant whole(godot_dictionary dictionary) {
    godot_variant variant;
    api->godot_variant_new_dictionary(&variant, &dictionary);
    api->godot_dictionary_destroy(&dictionary);
    return variant;
}

/* The UTF-8 bytes of a text; api->godot_char_string_destroy() frees them. */
static godot_char_string utf8_of(const godot_variant *variant) {
    godot_string string = api->godot_variant_as_string(variant);
    godot_char_string bytes = api->godot_string_utf8(&string);
    api->godot_string_destroy(&string);
    return bytes;
}

#define METHOD(name) \
    static GDCALLINGCONV godot_variant name(godot_object *object, void *data, void *user, int count, godot_variant **args)
#define UNUSED (void)object, (void)data, (void)count, (void)args

METHOD(load) {
    UNUSED;
    if (job_takes(user, "load(path, threads = 0)", 1, 2, count) != NCSN_OK) return integer(NCSN_ERR_ARGUMENT);
    godot_char_string path = utf8_of(args[0]);
    const int64_t threads = count > 1 ? api->godot_variant_as_int(args[1]) : 0;
    const ncsn_status status = job_load(user, api->godot_char_string_get_data(&path), threads);
    api->godot_char_string_destroy(&path);
    return integer(status);
}

METHOD(load_bytes) {
    UNUSED;
    if (job_takes(user, "load_bytes(bytes, threads = 0)", 1, 2, count) != NCSN_OK) return integer(NCSN_ERR_ARGUMENT);
    const int64_t threads = count > 1 ? api->godot_variant_as_int(args[1]) : 0;
    godot_pool_byte_array bytes = api->godot_variant_as_pool_byte_array(args[0]);
    godot_pool_byte_array_read_access *access = api->godot_pool_byte_array_read(&bytes);
    const ncsn_status status = job_load_bytes(user, api->godot_pool_byte_array_read_access_ptr(access),
                                              (size_t)api->godot_pool_byte_array_size(&bytes), threads);
    api->godot_pool_byte_array_read_access_destroy(access);
    api->godot_pool_byte_array_destroy(&bytes);
    return integer(status);
}

METHOD(info) {
    UNUSED;
    godot_dictionary dictionary;
    api->godot_dictionary_new(&dictionary);
    godot_array shape;
    api->godot_array_new(&shape);
    size_t rank;
    const int64_t *extents = job_shape(user, &rank);
    for (size_t axis = 0; axis < rank; axis++) {
        godot_variant extent = integer(extents[axis]);
        api->godot_array_append(&shape, &extent);
    }
    godot_variant variant;
    api->godot_variant_new_array(&variant, &shape);
    api->godot_array_destroy(&shape);
    put(&dictionary, "shape", variant);
    job_field fields[JOB_FIELDS];
    put_fields(&dictionary, fields, job_info(user, fields));
    return whole(dictionary);
}

static ncsn_status set_option(job *self, job_options *options, const godot_variant *key, const godot_variant *value) {
    godot_char_string name = utf8_of(key);
    godot_char_string word = {0};
    job_value translated = {.kind = JOB_OTHER};
    const godot_variant_type type = api->godot_variant_get_type(value);
    if (type == GODOT_VARIANT_TYPE_INT || type == GODOT_VARIANT_TYPE_BOOL) {
        translated.kind = JOB_INTEGER;
        translated.integer = api->godot_variant_as_int(value);
    } else if (type == GODOT_VARIANT_TYPE_REAL) {
        translated.kind = JOB_REAL;
        translated.real = api->godot_variant_as_real(value);
    } else if (type == GODOT_VARIANT_TYPE_STRING) {
        word = utf8_of(value);
        translated.kind = JOB_TEXT;
        translated.text = api->godot_char_string_get_data(&word);
    }
    const ncsn_status status = job_set(self, options, api->godot_char_string_get_data(&name), translated);
    if (translated.kind == JOB_TEXT) api->godot_char_string_destroy(&word);
    api->godot_char_string_destroy(&name);
    return status;
}

METHOD(start) {
    UNUSED;
    if (job_takes(user, "start(options = {})", 0, 1, count) != NCSN_OK) return integer(NCSN_ERR_ARGUMENT);
    job_options options;
    ncsn_status status = job_options_init(user, &options);
    if (status == NCSN_OK && count == 1) {
        if (api->godot_variant_get_type(args[0]) != GODOT_VARIANT_TYPE_DICTIONARY)
            return integer(job_refuse(user, NCSN_ERR_ARGUMENT, "start() takes a Dictionary of options"));
        godot_dictionary dictionary = api->godot_variant_as_dictionary(args[0]);
        godot_array keys = api->godot_dictionary_keys(&dictionary);
        for (godot_int i = 0; status == NCSN_OK && i < api->godot_array_size(&keys); i++) {
            godot_variant key = api->godot_array_get(&keys, i);
            godot_variant value = api->godot_dictionary_get(&dictionary, &key);
            status = set_option(user, &options, &key, &value);
            api->godot_variant_destroy(&key);
            api->godot_variant_destroy(&value);
        }
        api->godot_array_destroy(&keys);
        api->godot_dictionary_destroy(&dictionary);
    }
    return integer(status == NCSN_OK ? job_start(user, &options) : status);
}

METHOD(poll) {
    UNUSED;
    godot_dictionary dictionary;
    api->godot_dictionary_new(&dictionary);
    job_field fields[JOB_FIELDS];
    put_fields(&dictionary, fields, job_poll(user, fields));
    return whole(dictionary);
}

METHOD(image) {
    UNUSED;
    const size_t size = job_bytes(user);
    godot_pool_byte_array bytes;
    api->godot_pool_byte_array_new(&bytes);
    api->godot_pool_byte_array_resize(&bytes, (godot_int)size);
    godot_pool_byte_array_write_access *access = api->godot_pool_byte_array_write(&bytes);
    const ncsn_status status = job_image(user, api->godot_pool_byte_array_write_access_ptr(access), size);
    api->godot_pool_byte_array_write_access_destroy(access);
    if (status != NCSN_OK) api->godot_pool_byte_array_resize(&bytes, 0);
    godot_variant variant;
    api->godot_variant_new_pool_byte_array(&variant, &bytes);
    api->godot_pool_byte_array_destroy(&bytes);
    return variant;
}

METHOD(result) {
    UNUSED;
    const size_t size = job_bytes(user);
    godot_pool_real_array reals;
    api->godot_pool_real_array_new(&reals);
    api->godot_pool_real_array_resize(&reals, (godot_int)(size / sizeof(godot_real)));
    godot_pool_real_array_write_access *access = api->godot_pool_real_array_write(&reals);
    const ncsn_status status = job_result(user, api->godot_pool_real_array_write_access_ptr(access), size);
    api->godot_pool_real_array_write_access_destroy(access);
    if (status != NCSN_OK) api->godot_pool_real_array_resize(&reals, 0);
    godot_variant variant;
    api->godot_variant_new_pool_real_array(&variant, &reals);
    api->godot_pool_real_array_destroy(&reals);
    return variant;
}

METHOD(cancel) {
    UNUSED;
    job_cancel(user);
    return nothing();
}

METHOD(error_text) {
    UNUSED;
    return text(job_error(user));
}

static const struct {
    const char *name;
    GDCALLINGCONV godot_variant (*method)(godot_object *, void *, void *, int, godot_variant **);
} METHODS[] = {
    {"load", load},   {"load_bytes", load_bytes}, {"info", info},     {"start", start},           {"poll", poll},
    {"image", image}, {"result", result},         {"cancel", cancel}, {"error_text", error_text},
};

static GDCALLINGCONV void *create(godot_object *object, void *data) {
    (void)object, (void)data;
    return job_new();
}

static GDCALLINGCONV void destroy(godot_object *object, void *data, void *user) {
    (void)object, (void)data;
    job_free(user);
}

JOB_EXPORT void godot_gdnative_init(godot_gdnative_init_options *options) {
    api = options->api_struct;
    for (unsigned int i = 0; i < api->num_extensions; i++)
        if (api->extensions[i]->type == GDNATIVE_EXT_NATIVESCRIPT)
            nativescript = (const godot_gdnative_ext_nativescript_api_struct *)api->extensions[i];
}

JOB_EXPORT void godot_gdnative_terminate(godot_gdnative_terminate_options *options) {
    (void)options;
    job_finish_all();
}

JOB_EXPORT void godot_nativescript_init(void *handle) {
    const godot_instance_create_func creator = {.create_func = create};
    const godot_instance_destroy_func destroyer = {.destroy_func = destroy};
    nativescript->godot_nativescript_register_class(handle, "NcsnSampler", "Reference", creator, destroyer);
    const godot_method_attributes attributes = {GODOT_METHOD_RPC_MODE_DISABLED};
    for (size_t i = 0; i < sizeof METHODS / sizeof *METHODS; i++) {
        const godot_instance_method method = {.method = METHODS[i].method};
        nativescript->godot_nativescript_register_method(handle, "NcsnSampler", METHODS[i].name, attributes, method);
    }
}
