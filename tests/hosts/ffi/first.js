// Node.js with koffi: four samples by one call, and again by a run in the background that is polled.
const koffi = require("koffi");
const [path, library] = process.argv.slice(2);
const lib = koffi.load(library);
koffi.opaque("ncsn_model");
koffi.opaque("ncsn_run");
// The first fields are enough: the library fills in what a shorter struct lacks.
const Params = koffi.struct("ncsn_sample_params", {
  struct_size: "uint32", sampler: "int32", seed: "uint64", first_sample: "uint64",
  sample_count: "uint32", batch_size: "uint32",
});
const Progress = koffi.struct("ncsn_progress", { struct_size: "uint32", phase: "int32" });
const lastError = lib.func("size_t ncsn_last_error(_Out_ char *buf, size_t cap)");
const create = lib.func("int ncsn_create(str path, void *options, _Out_ ncsn_model **out)");
const init = lib.func("int ncsn_sample_params_init(ncsn_model *m, _Out_ ncsn_sample_params *p, uint32 size)");
const sample = lib.func("int ncsn_sample(ncsn_model *m, ncsn_sample_params *p, _Out_ float *out, size_t bytes)");
const begin = lib.func("int ncsn_run_begin(ncsn_model *m, ncsn_sample_params *p, _Out_ ncsn_run **out)");
const start = lib.func("int ncsn_run_start(ncsn_run *r)");
const poll = lib.func("int ncsn_run_poll(ncsn_run *r, _Inout_ ncsn_progress *now)");
const read = lib.func("int ncsn_run_read(ncsn_run *r, int what, _Out_ float *out, size_t bytes)");
const free = lib.func("void ncsn_run_free(ncsn_run *r)");
const destroy = lib.func("void ncsn_destroy(ncsn_model *m)");
const OK = 0, PENDING = 1, READ_SAMPLE = 1;

function ok(status) {
  if (status >= OK) return status;
  const text = Buffer.alloc(1024);
  lastError(text, text.length);
  throw new Error(text.toString("utf8", 0, text.indexOf(0)));
}

const model = [null], run = [null], params = {};
ok(create(path, null, model));
ok(init(model[0], params, koffi.sizeof(Params)));
params.sample_count = 4;
params.seed = 7;
const samples = new Float32Array(8), again = new Float32Array(8);
ok(sample(model[0], params, samples, samples.byteLength));

ok(begin(model[0], params, run));
ok(start(run[0]));
function look() {
  if (ok(poll(run[0], { struct_size: koffi.sizeof(Progress), phase: 0 })) === PENDING) return setTimeout(look, 1);
  ok(read(run[0], READ_SAMPLE, again, again.byteLength));
  free(run[0]);
  destroy(model[0]);
  if (Buffer.compare(Buffer.from(samples.buffer), Buffer.from(again.buffer))) throw new Error("other samples");
  console.log(String(new Uint32Array(samples.buffer)[0]));
}
look();
