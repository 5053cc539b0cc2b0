-- Digits that appear in a texture while the game goes on: love examples/love MODEL.onnx [NFE [SCREENSHOT]]
--
-- With SCREENSHOT, a name in LÖVE's save folder, it takes a picture when half of the evaluations are done, and at
-- the end saves the finished pixels (as SCREENSHOT.rgba) and quits.

local ncsn = require "ncsn"

local COUNT, COLUMNS = 64, 8
local run, picture, image, quads, width, height
local seen, frames, angle, message = -1, 0, 0, nil
local screenshot, pictured

local function failed(what, text)
  message = ("%s: %s"):format(what, text)
  io.stderr:write(message, "\n")
  if screenshot then love.event.quit(1) end
end

function love.load(args)
  local path, evaluations = args[1], tonumber(args[2])
  screenshot = args[3]
  -- A core is left to the game.
  local model, text = ncsn.load(path or "digits.onnx", { intra_threads = math.max(1, love.system.getProcessorCount() - 1) })
  if not model then return failed("loading the model", text) end
  local shape = model:info().shape
  height, width = shape[2], shape[3]
  local params = { sample_count = COUNT, seed = 7, batch_size = 8, output_format = "U8_RGBA" }
  if evaluations then params.sampler, params.level_count = "ANCESTRAL", evaluations end
  run, text = model:begin(params)
  if run then
    local started
    started, text = run:start()
    if not started then return failed("starting", text) end
  else
    return failed("parameters", text)
  end
  -- A strip of pictures: the samples as the library writes them, one under the other.
  picture = love.image.newImageData(width, height * COUNT)
  image = love.graphics.newImage(picture)
  image:setFilter("nearest", "nearest")
  quads = {}
  for k = 0, COUNT - 1 do quads[k] = love.graphics.newQuad(0, k * height, width, height, width, height * COUNT) end
end

function love.update(dt)
  frames, angle = frames + 1, angle + 2 * dt
  if not run then return end
  local state, now = run:poll()
  if not state then
    run = nil
    return failed("sampling", now)
  end
  if now.nfe_done ~= seen and run:read(state == "done" and "SAMPLE" or "DENOISED", picture:getFFIPointer(), picture:getSize()) then
    seen = now.nfe_done
    image:replacePixels(picture)
  end
  if screenshot and not pictured and 2 * now.calls_done >= now.calls_total then
    love.graphics.captureScreenshot(screenshot)
    pictured = true
  end
  if state == "done" then
    run = nil
    print(("done after %d frames"):format(frames))
    if screenshot then
      love.filesystem.write(screenshot .. ".rgba", picture:getString())
      love.event.quit()
    end
  end
end

function love.draw()
  if message then return love.graphics.printf(message, 10, 10, 620) end
  local zoom = 640 / (COLUMNS * (width + 2))
  for k = 0, COUNT - 1 do
    love.graphics.draw(image, quads[k], k % COLUMNS * (width + 2) * zoom, math.floor(k / COLUMNS) * (height + 2) * zoom, 0, zoom)
  end
  -- What the game would be doing: a hand that never stops.
  love.graphics.circle("line", 610, 660, 14)
  love.graphics.line(610, 660, 610 + 14 * math.cos(angle), 660 + 14 * math.sin(angle))
end
