-- The module's own promises; `test_lua.py` runs it: lua_checks.lua MODELS
local ncsn = require "ncsn"
local ffi = require "ffi"
local models = arg[1]

local function refused(word, status, value, text, name)
  assert(value == nil, "expected an error with " .. word)
  assert(text:find(word, 1, true), text)
  assert(name == status, name)
end

local function raises(word, f, ...)
  local ok, text = pcall(f, ...)
  assert(not ok and text:find(word, 1, true), text)
end

-- What the world does wrong is returned, what the program does wrong is raised.
refused("no.onnx", "NCSN_ERR_IO", ncsn.load(models .. "/no.onnx"))
refused("ONNX", "NCSN_ERR_MODEL", ncsn.load_bytes "no model")
local model = assert(ncsn.load(models .. "/mixture.onnx", { intra_threads = 1 }))
refused("sample_count", "NCSN_ERR_ARGUMENT", model:begin { sample_count = 0 })
raises("NCSN_SAMPLER_BEST", model.begin, model, { sampler = "BEST" })
raises("steps", model.begin, model, { steps = 3 })
raises("callbacks", model.begin, model, { progress = function() end })
assert(model:info().shape[1] == 2 and model:info().intra_threads == 1)

-- The same bits: at once, in steps, in the background, from bytes.
local params = { sample_count = 50, seed = 7, sigmas = { 4, 2, 1, 0.5 }, sampler = "EULER" }
local whole, bytes = assert(model:sample(params))
local function same(samples) assert(ffi.string(samples, bytes) == ffi.string(whole, bytes)) end
params.batch_size = 16
local run = assert(model:begin(params))
refused("", "NCSN_ERR_STATE", run:read "SAMPLE")
local steps = 0
repeat steps = steps + 1 until assert(run:step(1e-6)) == "done"
assert(steps > 4)
same(run:read "SAMPLE")
run = assert(model:begin(params))
refused("", "NCSN_ERR_STATE", run:wait(1))
assert(run:start())
assert(assert(run:wait()) == "done")
local state, now = run:poll()
assert(state == "done" and now.calls_done == now.calls_total)
same(run:read "SAMPLE")
local file = assert(io.open(models .. "/mixture.onnx", "rb"))
same(assert(assert(ncsn.load_bytes(file:read "*a")):sample(params)))

-- A cancelled run says so; a failed one has the run's text.
local digits = assert(ncsn.load(models .. "/digits.onnx"))
run = assert(digits:begin { sample_count = 64, output_format = "U8_RGBA", batch_size = 1 })
assert(run:start())
run:cancel()
assert(run:wait() == "cancelled")
run = assert(model:begin { sampler = "EULER", schedule = "GEOMETRIC", sigma_max = 1e38, sigma_min = 1, level_count = 5 })
assert(run:start())
refused("level", "NCSN_ERR_NON_FINITE", run:wait())
refused("level", "NCSN_ERR_NON_FINITE", run:poll())

-- Rows with padding: what is between them stays.
local pitch = 28 * 4 + 16
run = assert(digits:begin { sampler = "ANCESTRAL", level_count = 2, output_format = "U8_RGBA", row_pitch = pitch })
assert(run:step())
local padded = ffi.new("uint8_t[?]", 28 * pitch)
ffi.fill(padded, 28 * pitch, 77)
assert(run:read("SAMPLE", padded, 28 * pitch))
for y = 0, 26 do assert(padded[y * pitch + 28 * 4] == 77 and padded[y * pitch + 3] == 255) end

-- Abandoned while they run, by hand and by the collector, and the model with them.
for k = 1, 40 do
  local abandoned = assert(model:begin { sample_count = 5000 })
  assert(abandoned:start())
  if k % 2 == 0 then abandoned:close() end
end
run, model, digits = nil, nil, nil
collectgarbage()
collectgarbage()
local last = assert(ncsn.load(models .. "/digits.onnx"))
assert(assert(last:begin { sample_count = 64 }):start())
print "all done"
