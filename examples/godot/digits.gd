# Draws handwritten digits while the scene goes on: each frame asks the sampler where it is and puts the
# picture that it predicts into a texture.
extends Node2D

const NcsnSampler = preload("res://addons/ncsn/ncsn_sampler.gdns")
const COUNT = 64
const COLUMNS = 8

# Small batches: a cancel and a preview come sooner.
export(Dictionary) var options = {seed = 7, batch_size = 8}

var sampler = NcsnSampler.new()
var texture = ImageTexture.new()
var size = Vector2()
var spinner = 0.0
var frames = 0
var frames_while_running = 0
var slowest_call_usec = 0


func _ready():
	# A thread is left to the game.
	var threads = int(max(1, OS.get_processor_count() - 1))
	if sampler.load_bytes(read("res://digits.onnx"), threads) != OK:
		return fail("loading the model")
	var shape = sampler.info().shape
	size = Vector2(shape[2], shape[1])
	options.sample_count = COUNT
	if sampler.start(options) != OK:
		return fail("starting")
	add_sprites()


# One texture, a strip of samples; each sprite shows its own part of it.
func add_sprites():
	var zoom = get_viewport_rect().size.x / (COLUMNS * (size.x + 2))
	for k in range(COUNT):
		var sprite = Sprite.new()
		sprite.texture = texture
		sprite.centered = false
		sprite.vframes = COUNT
		sprite.frame = k
		sprite.scale = Vector2(zoom, zoom)
		sprite.position = Vector2(k % COLUMNS, k / COLUMNS) * (size + Vector2(2, 2)) * zoom
		add_child(sprite)


func _process(delta):
	spinner += delta
	frames += 1
	update()
	var began = OS.get_ticks_usec()
	var now = sampler.poll()
	var pixels = sampler.image()
	slowest_call_usec = max(slowest_call_usec, OS.get_ticks_usec() - began)
	if pixels.size() > 0:
		show_picture(pixels)
	match now.state:
		"running":
			frames_while_running += 1
		"failed":
			fail("sampling")
		"done":
			finish()


func show_picture(pixels):
	var image = Image.new()
	image.create_from_data(int(size.x), int(size.y) * COUNT, false, Image.FORMAT_RGBA8, pixels)
	if texture.get_width() == 0:
		texture.create_from_image(image, 0)
	else:
		texture.set_data(image)


# A clock's hand that never stops: what a game would be doing.
func _draw():
	var centre = get_viewport_rect().size - Vector2(24, 24)
	draw_circle(centre, 16, Color(0.2, 0.3, 0.5))
	draw_line(centre, centre + Vector2(14, 0).rotated(spinner * TAU), Color.white, 3)


func finish():
	print("done after %d frames, of which %d while it ran; slowest poll and image: %d us"
			% [frames, frames_while_running, slowest_call_usec])
	set_process(false)


func fail(what):
	printerr("%s: %s" % [what, sampler.error_text()])
	set_process(false)
	get_tree().quit(1)


# Through Godot's own files: res:// may be inside an exported game's .pck.
func read(path):
	var file = File.new()
	if file.open(path, File.READ) != OK:
		return PoolByteArray()
	return file.get_buffer(file.get_len())
