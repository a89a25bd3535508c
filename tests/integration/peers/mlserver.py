"""MLServer with a scikit-learn model."""

from pathlib import Path

from stage.mlserver import MLServer as AnyMLServer
from stage.mlserver import run_beside


class MLServer(AnyMLServer):
    """A running MLServer with one scikit-learn model, `cancer-lr`."""

    def __init__(self, folder: Path) -> None:
        run_beside(folder, "python", str(Path(__file__).with_name("cancer_models.py")), str(folder))
        super().__init__(folder, "cancer-lr")
