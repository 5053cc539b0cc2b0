"""What this package raises; the text says what is wrong, where, and what to do."""


class ExportError(Exception):
    """A network, file or check that does not pass."""


class ContractError(ExportError):
    """A contract that is incomplete or contradicts itself or the graph; the text starts with the field."""

    def __init__(self, field, text):
        self.field = field
        super().__init__(f"{field}: {text}")


class VerificationError(ExportError):
    """ONNX Runtime and PyTorch disagree about the exported network."""
