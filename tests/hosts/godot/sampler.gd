# NcsnSampler without a window; `test_godot.py` runs it. Every line it prints is looked at there.
extends SceneTree

const NcsnSampler = preload("res://addons/ncsn/ncsn_sampler.gdns")


func _init():
	refusals()
	floats()
	pictures()
	second_start()
	cancelled()
	failed()
	abandoned()
	print("all done")
	quit()


func expect(what, got, wanted):
	if typeof(got) != typeof(wanted) or got != wanted:
		printerr("%s: %s, not %s" % [what, got, wanted])
		OS.kill(OS.get_process_id())


func refused(sampler, status, word):
	if status == OK or not word in sampler.error_text():
		printerr("expected an error with '%s', got %s: %s" % [word, status, sampler.error_text()])
		OS.kill(OS.get_process_id())


func opened(path):
	var sampler = NcsnSampler.new()
	expect("load", sampler.load(ProjectSettings.globalize_path(path)), OK)
	return sampler


func finished(sampler):
	while sampler.poll().state == "running":
		OS.delay_msec(1)
	return sampler.poll().state


func save(path, bytes):
	var file = File.new()
	file.open(path, File.WRITE)
	file.store_buffer(bytes)
	file.close()


func refusals():
	var sampler = NcsnSampler.new()
	expect("state", sampler.poll().state, "idle")
	expect("image", sampler.image().size(), 0)
	refused(sampler, sampler.start({}), "no model")
	refused(sampler, sampler.load("res://no such é.onnx"), "no such é.onnx")
	refused(sampler, sampler.load(), "load(path, threads = 0)")
	refused(sampler, sampler.load_bytes(PoolByteArray([1, 2, 3])), "ONNX")
	refused(sampler, sampler.load("x", -1), "threads is -1")
	expect("no shape", sampler.info().shape, [])
	sampler = opened("res://mixture.onnx")
	expect("shape", sampler.info().shape, [2])
	refused(sampler, sampler.start(7), "Dictionary")
	refused(sampler, sampler.start({steps = 3}), "there is no option \"steps\"; there are sample_count")
	refused(sampler, sampler.start({sample_count = 0}), "sample_count")
	refused(sampler, sampler.start({sample_count = -1}), "sample_count is -1")
	refused(sampler, sampler.start({sample_count = 2.5}), "whole number")
	refused(sampler, sampler.start({sample_count = "2"}), "must be a number")
	refused(sampler, sampler.start({sampler = "best"}), "one of auto, langevin")
	refused(sampler, sampler.start({sampler = 3}), "must be text")
	refused(sampler, sampler.start({format = "rgba"}), "shape")
	refused(sampler, sampler.start({label = 3}), "label")
	expect("nothing was started", sampler.poll().state, "idle")


func floats():
	var sampler = opened("res://mixture.onnx")
	# 100.0 as JSON would say it.
	expect("start", sampler.start({sample_count = 100.0, seed = 7, batch_size = 16}), OK)
	expect("end", finished(sampler), "done")
	expect("progress", sampler.poll().progress, 1.0)
	expect("floats", sampler.result().size(), 200)
	expect("no pixels", sampler.image().size(), 0)
	refused(sampler, FAILED, "rgba")
	var file = File.new()
	file.open("res://floats", File.WRITE)
	for value in sampler.result():
		file.store_float(value)
	file.close()


func pictures():
	var sampler = opened("res://digits.onnx")
	expect("start", sampler.start({sample_count = 3, seed = 7, sampler = "ancestral", level_count = 12, batch_size = 1}), OK)
	var previews = {}
	while sampler.poll().state == "running":
		var preview = sampler.image()
		if preview.size() > 0:
			previews[hash(preview)] = true
		OS.delay_msec(1)
	expect("end", sampler.poll().state, "done")
	expect("no floats", sampler.result().size(), 0)
	refused(sampler, FAILED, "format")
	save("res://pixels", sampler.image())
	print("%d previews" % previews.size())


func second_start():
	var sampler = opened("res://digits.onnx")
	expect("first", sampler.start({sample_count = 64}), OK)
	expect("not yet", sampler.result().size(), 0)
	expect("second", sampler.start({sample_count = 1, sampler = "ancestral", level_count = 2}), OK)
	expect("end", finished(sampler), "done")
	expect("size", sampler.image().size(), 28 * 28 * 4)
	# The model is replaced; what it drew is gone with it.
	expect("load", sampler.load(ProjectSettings.globalize_path("res://mixture.onnx")), OK)
	expect("state", sampler.poll().state, "idle")


func cancelled():
	var sampler = opened("res://digits.onnx")
	expect("start", sampler.start({sample_count = 64, batch_size = 1}), OK)
	sampler.cancel()
	expect("end", finished(sampler), "cancelled")
	expect("again", sampler.start({sample_count = 1, sampler = "ancestral", level_count = 2}), OK)
	expect("end", finished(sampler), "done")


func failed():
	var sampler = opened("res://mixture.onnx")
	expect("start", sampler.start({sampler = "euler", schedule = 2, sigma_max = 1e38, sigma_min = 1.0, level_count = 5}), OK)
	expect("end", finished(sampler), "failed")
	refused(sampler, FAILED, "level")


func abandoned():
	var sampler
	for k in range(30):
		sampler = opened("res://mixture.onnx")
		expect("start", sampler.start({sample_count = 5000}), OK)
	# Two more whose model is slow, alive at exit.
	var slow = [opened("res://digits.onnx"), opened("res://digits.onnx")]
	for one in slow:
		expect("start", one.start({sample_count = 64}), OK)
