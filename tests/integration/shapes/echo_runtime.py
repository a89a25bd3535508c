"""A runtime of MLServer that answers its inputs under other names; runs in MLServer's own environment."""

import json
from pathlib import Path

from mlserver import MLModel
from mlserver.types import InferenceRequest, InferenceResponse, ResponseOutput


class Echo(MLModel):  # type: ignore[misc]  # MLServer has an environment of its own
    """Answers each input as the output that `names.json` beside the model calls it."""

    async def load(self) -> bool:
        self._names = json.loads((Path(self.settings._source).parent / "names.json").read_text())
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        asked = {output.name for output in payload.outputs or ()}
        outputs = [
            ResponseOutput(
                name=self._names[given.name], shape=given.shape, datatype=given.datatype, data=given.data
            )
            for given in payload.inputs
            if not asked or self._names[given.name] in asked
        ]
        return InferenceResponse(model_name=self.name, model_version=self.version, outputs=outputs)
