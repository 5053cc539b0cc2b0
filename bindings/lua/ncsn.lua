--- libncsn for LuaJIT: draw samples from a score network.
--
--     local ncsn = require "ncsn"
--     local model = assert(ncsn.load "digits.onnx")
--     local pixels, bytes = assert(model:sample { sample_count = 64, seed = 7, output_format = "U8_GRAY" })
--
-- What the world can do wrong (a file, a model, a parameter) returns nil, the library's text and the name of
-- the status ("NCSN_ERR_IO"), for `assert` or an `if`. Parameters are the fields of ncsn_sample_params and
-- ncsn_model_options by name; a constant may be a number or the end of its name ("ANCESTRAL" for `sampler`).
--
-- Callbacks are left out: a run in the background would call them on its own thread, where LuaJIT ends the
-- process. Poll.
--
-- The library is found as `ffi.load "ncsn"` finds it, or at NCSN_LIBRARY (an environment variable).

local ffi = require "ffi"
ffi.cdef(require "ncsn_cdef")

local function open()
  local path = os.getenv "NCSN_LIBRARY"
  if path then return ffi.load(path) end
  -- An installed library has the name with the version, a development package the one without.
  local found, lib = pcall(ffi.load, "ncsn")
  if found or ffi.os ~= "Linux" then return found and lib or error(lib, 0) end
  return ffi.load "libncsn.so.1"
end

local C = open()
if C.ncsn_abi_version() ~= C.NCSN_ABI_VERSION then
  error(("ncsn_cdef.lua is of ABI %d, the library of ABI %d"):format(C.NCSN_ABI_VERSION, C.ncsn_abi_version()))
end

local ncsn = { C = C }

local function text_of(fill, ...)
  local capacity = 1024
  while true do
    local buffer = ffi.new("char[?]", capacity)
    local arguments = { ... }
    arguments[#arguments + 1] = buffer
    arguments[#arguments + 1] = capacity
    local needed = tonumber(fill(unpack(arguments)))
    if needed <= capacity then return ffi.string(buffer) end
    capacity = needed
  end
end

local function failure(status, text)
  return nil, text or text_of(C.ncsn_last_error), ffi.string(C.ncsn_status_name(status))
end

-- The prefixes of the constants that a field takes by name.
local NAMES = {
  sampler = "SAMPLER_", predictor = "SAMPLER_", schedule = "SCHEDULE_", step_convention = "STEP_", init_kind = "INIT_",
  output_format = "", preview_kind = "READ_", corrector_norm = "NORM_", fallback = "FALLBACK_",
  conditioning = "CONDITIONING_", output = "OUTPUT_", value_range = "RANGE_", off_ladder = "OFF_LADDER_",
  input_scaling = "INPUT_SCALING_",
}
-- Arrays that may be given as Lua tables: their C type and the field of their length.
local ARRAYS = {
  sigmas = { "double[?]", "sigma_count" }, init = { "float[?]", "init_count" }, labels = { "int64_t[?]", "label_count" },
  known = { "float[?]", "known_count" }, mask = { "float[?]" }, providers = { "int32_t[?]", "provider_count" },
  shape = { "int64_t[?]", "shape_rank" }, table = { "double[?]", "table_count" },
}
local CALLBACKS = { progress = true, noise = true, guide = true }

-- Copies `values` to the fields of `struct`. Returns what must stay alive until the call that reads it.
local function fill(struct, values)
  local kept = {}
  for name, value in pairs(values or {}) do
    if CALLBACKS[name] then
      error(("%s: callbacks are not for LuaJIT; poll the run"):format(name), 3)
    elseif NAMES[name] and type(value) == "string" then
      local known, number = pcall(function() return C["NCSN_" .. NAMES[name] .. value] end)
      if not known then error(("%s: there is no NCSN_%s%s"):format(name, NAMES[name], value), 3) end
      value = number
    elseif ARRAYS[name] and type(value) == "table" then
      local array = ffi.new(ARRAYS[name][1], #value, value)
      kept[#kept + 1] = array
      if ARRAYS[name][2] then struct[ARRAYS[name][2]] = #value end
      value = array
    end
    local set, why = pcall(function() struct[name] = value end)
    if not set then error(("%s: %s"):format(name, why), 3) end
    kept[#kept + 1] = value
  end
  return kept
end

-- Runs that were collected while an evaluation was in flight. ncsn_run_free() would wait for it, and a frame
-- must not; they are freed when they have come to rest.
local retired = {}

local function sweep()
  local now = ffi.new("ncsn_progress", ffi.sizeof "ncsn_progress")
  for pointer in pairs(retired) do
    if C.ncsn_run_poll(pointer, now) ~= C.NCSN_PENDING then
      retired[pointer] = nil
      C.ncsn_run_free(pointer)
    end
  end
end

local function retire(handle)
  local pointer = ffi.cast("ncsn_run *", handle)
  C.ncsn_run_cancel(pointer)
  retired[pointer] = true
end

local Model, Run = {}, {}
Model.__index, Run.__index = Model, Run

local function model_of(status, out)
  if status ~= C.NCSN_OK then return failure(status) end
  return setmetatable({ handle = ffi.gc(out[0], C.ncsn_destroy) }, Model)
end

local function options_of(values)
  local options = ffi.new "ncsn_model_options"
  C.ncsn_model_options_init(options, ffi.sizeof(options))
  return options, fill(options, values)
end

--- Loads a model from a file; `options` are fields of ncsn_model_options.
function ncsn.load(path, options)
  local out = ffi.new "ncsn_model *[1]"
  local struct, kept = options_of(options)
  return model_of(C.ncsn_create(path, struct, out), out, kept)
end

--- Loads a model from the bytes of a file, as love.filesystem.read() returns them.
function ncsn.load_bytes(bytes, options)
  local out = ffi.new "ncsn_model *[1]"
  local struct, kept = options_of(options)
  return model_of(C.ncsn_create_from_memory(bytes, #bytes, struct, out), out, kept)
end

function ncsn.version() return ffi.string(C.ncsn_version()) end

--- A table: shape, element_count, level_count, class_count, intra_threads, description, runtime_version.
function Model:info()
  local info = ffi.new("ncsn_model_info", ffi.sizeof "ncsn_model_info")
  local status = C.ncsn_get_info(self.handle, info)
  if status ~= C.NCSN_OK then return failure(status) end
  local shape = {}
  for axis = 0, info.rank - 1 do shape[axis + 1] = tonumber(info.shape[axis]) end
  return {
    shape = shape,
    element_count = tonumber(info.element_count),
    level_count = tonumber(info.level_count),
    class_count = info.class_count,
    intra_threads = info.intra_threads,
    description = ffi.string(info.description),
    runtime_version = ffi.string(info.runtime_version),
  }
end

-- The parameters as a struct, and the bytes of their samples.
local function params_of(model, values)
  local params, bytes = ffi.new "ncsn_sample_params", ffi.new "size_t[1]"
  local status = C.ncsn_sample_params_init(model.handle, params, ffi.sizeof(params))
  if status ~= C.NCSN_OK then return failure(status) end
  local kept = fill(params, values)
  status = C.ncsn_output_size(model.handle, params, bytes)
  if status ~= C.NCSN_OK then return failure(status) end
  return params, tonumber(bytes[0]), kept
end

-- Room for samples: floats or bytes.
local function buffer_of(params, bytes)
  local floats = params.output_format == 0 or params.output_format == C.NCSN_F32_NCHW
  return floats and ffi.new("float[?]", bytes / 4) or ffi.new("uint8_t[?]", bytes)
end

--- Samples to the end. Returns an FFI array (floats or bytes, from index 0) and its size in bytes.
function Model:sample(values)
  local params, bytes, kept = params_of(self, values)
  if not params then return params, bytes, kept end
  local out = buffer_of(params, bytes)
  local status = C.ncsn_sample(self.handle, params, out, bytes)
  if status ~= C.NCSN_OK then return failure(status) end
  return out, bytes
end

--- Sets up a run; it evaluates nothing until start() or step().
function Model:begin(values)
  sweep()
  local params, bytes, kept = params_of(self, values)
  if not params then return params, bytes, kept end
  local out = ffi.new "ncsn_run *[1]"
  local status = C.ncsn_run_begin(self.handle, params, out)
  if status ~= C.NCSN_OK then return failure(status) end
  local now = ffi.new("ncsn_progress", ffi.sizeof "ncsn_progress")
  return setmetatable({ handle = ffi.gc(out[0], retire), params = params, bytes = bytes, now = now }, Run)
end

local STATES = { [C.NCSN_OK] = "done", [C.NCSN_PENDING] = "running", [C.NCSN_CANCELLED] = "cancelled" }

-- "done", "running", "cancelled"; or nil, text, name.
local function state_of(run, status)
  if status >= 0 then return STATES[status] end
  return failure(status, text_of(C.ncsn_run_error, run.handle))
end

--- Goes on in the background. Returns true.
function Run:start()
  local status = C.ncsn_run_start(self.handle)
  if status < 0 then return failure(status) end
  return true
end

--- Goes on here until the budget (in seconds, nil: none) is spent. Returns the state and an ncsn_progress.
function Run:step(budget, max_steps)
  local status = C.ncsn_run_step(self.handle, max_steps or 0, math.ceil((budget or 0) * 1e6), self.now)
  if status < 0 then return failure(status) end
  return STATES[status], self.now
end

--- Looks without waiting. Returns the state and an ncsn_progress, which the next poll() writes again.
function Run:poll()
  sweep()
  local state, text, name = state_of(self, C.ncsn_run_poll(self.handle, self.now))
  return state, state and self.now or text, name
end

--- Waits for the background, at most `timeout` seconds (nil: as long as it takes). Returns the state.
function Run:wait(timeout)
  local status = C.ncsn_run_wait(self.handle, timeout and math.max(1, math.ceil(timeout * 1e6)) or 0)
  if status == C.NCSN_ERR_STATE then return failure(status) end
  return state_of(self, status)
end

function Run:cancel() C.ncsn_run_cancel(self.handle) end

--- Reads "SAMPLE" (when done), "STATE" or "DENOISED" (after the first step) into `out`, a pointer to `bytes`
-- bytes; without them into an array of its own. Returns it.
function Run:read(what, out, bytes)
  out = out or buffer_of(self.params, self.bytes)
  local status = C.ncsn_run_read(self.handle, C["NCSN_READ_" .. what], out, bytes or self.bytes)
  if status ~= C.NCSN_OK then return failure(status) end
  return out
end

--- Cancels and lets go of the run without waiting; the collector does the same. It cannot be used afterwards.
function Run:close()
  if self.handle then
    retire(ffi.gc(self.handle, nil))
    self.handle = nil
    sweep()
  end
end

return ncsn
