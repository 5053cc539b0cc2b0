-- Draws a grid of handwritten digits and writes it as an image.
--
--     luajit digits.lua MODEL.onnx OUT.pgm [SAMPLES [SEED]]

local ncsn = require "ncsn"
local ffi = require "ffi"

local path, out, count, seed = arg[1], arg[2], tonumber(arg[3] or 64), tonumber(arg[4] or 7)
if not out then
  io.stderr:write "usage: digits.lua MODEL.onnx OUT.pgm [SAMPLES [SEED]]\n"
  os.exit(1)
end

local function check(what, value, text)
  if value then return value end
  io.stderr:write(("%s: %s\n"):format(what, text))
  os.exit(1)
end

-- Pictures in rows of `columns`, with a gap of two pixels, as a binary PGM.
local function write_pgm(name, pixels, columns, height, width)
  local gap, rows = 2, math.ceil(count / columns)
  local grid_width, grid_height = columns * (width + gap) + gap, rows * (height + gap) + gap
  local grid = ffi.new("uint8_t[?]", grid_width * grid_height)
  for k = 0, count - 1 do
    local corner = (math.floor(k / columns) * (height + gap) + gap) * grid_width + k % columns * (width + gap) + gap
    for y = 0, height - 1 do ffi.copy(grid + corner + y * grid_width, pixels + (k * height + y) * width, width) end
  end
  local file = check("writing", io.open(name, "wb"))
  file:write(("P5\n%d %d\n255\n"):format(grid_width, grid_height), ffi.string(grid, grid_width * grid_height))
  check("writing", file:close())
end

local model = check("loading the model", ncsn.load(path))
local info = check("describing the model", model:info())
print(("%s\nONNX Runtime %s, %d threads"):format(info.description, info.runtime_version, info.intra_threads))

local run = check("parameters", model:begin { sample_count = count, seed = seed, output_format = "U8_GRAY" })
check("starting", run:start())
repeat
  local state = check("sampling", run:wait(0.1))
  local _, now = run:poll()
  io.stderr:write(("\rlevel %d/%d  sigma %-7.3g  %3d %%  %.0f s left   "):format(now.level + 1, now.level_count, now.sigma,
    100 * tonumber(now.calls_done) / tonumber(now.calls_total), now.remaining_seconds))
until state ~= "running"
io.stderr:write "\n"
write_pgm(out, check("reading", run:read "SAMPLE"), math.ceil(math.sqrt(count)), info.shape[2], info.shape[3])
