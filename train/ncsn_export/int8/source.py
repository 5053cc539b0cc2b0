"""The float32 file that is quantised, checked for what cannot be."""

import onnx

from .. import files
from ..contract import Contract
from ..errors import ExportError
from ..metadata import get_metadata
from ..wiring import wire
from . import build, calibration, convolutions, levels


class Source:
    """A model with its contract; `model` is a copy that is named, typed and in an operator set the quantiser takes."""

    def __init__(self, path):
        self.path = path
        light = files.load_graph(path)
        convolutions.refuse_quantised(light, path)
        self.contract = Contract.parse(get_metadata(light))
        self.wiring = wire(self.contract, light)
        self.ladder = levels.ladder_of(self.contract, path)
        self.properties = [(p.key, p.value) for p in light.metadata_props]
        size = sum(len(t.raw_data) for t in light.graph.initializer)
        if files.external_files(light):
            light = onnx.load(str(path))
            size = sum(len(t.raw_data) for t in light.graph.initializer)
        if size >= files.SINGLE_FILE_LIMIT:
            raise ExportError(f"{path}: {size} bytes of weights are more than the quantiser takes (2 GB)")
        model = build.raised_opset(light, path)
        convolutions.name_nodes(model)
        self.convolutions = convolutions.find(model, self.wiring.x.name, path)
        self.model = calibration.typed(model)

    def costs(self):
        return convolutions.costs(self.model, self.convolutions, self.contract, self.wiring, self.ladder[0])
