# Saves pictures of the scene: godot3-runner --path . -s screenshot.gd FRACTION=FILE.png ... [OPTION=VALUE ...]
# FRACTION of the evaluations are done when the picture is taken; 1 is the finished one. OPTION is one of the sampler's.
extends SceneTree

var scene = load("res://digits.tscn").instance()
var wanted = {}


func _init():
	for argument in OS.get_cmdline_args():
		var parts = argument.split("=")
		if parts.size() == 2 and parts[1].ends_with(".png"):
			wanted[float(parts[0])] = parts[1]
		elif parts.size() == 2:
			scene.options[parts[0]] = float(parts[1]) if parts[1].is_valid_float() else parts[1]
	root.add_child(scene)


func _idle(_delta):
	var now = scene.sampler.poll()
	for fraction in wanted.keys():
		if now.progress >= fraction and (fraction < 1 or not scene.is_processing()):
			var picture = root.get_texture().get_data()
			picture.flip_y()
			if picture.save_png(wanted[fraction]) != OK:
				printerr("cannot write ", wanted[fraction])
			wanted.erase(fraction)
	if wanted.empty() or now.state in ["failed", "idle"]:
		quit()
