function love.conf(t)
  t.window.title = "Digits"
  t.window.width, t.window.height = 640, 680
  t.modules.audio, t.modules.sound, t.modules.joystick, t.modules.physics = false, false, false, false
end
