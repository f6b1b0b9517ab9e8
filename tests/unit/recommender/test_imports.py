from __future__ import annotations

import subprocess
import sys


def test_serving_loads_numpy_and_none_of_the_fitting_libraries() -> None:
    """A web process holds many shops; scipy, scikit-learn and implicit would cost it some 100 MB for nothing."""
    code = (
        "import sys, recommender.serving.slates, recommender.artifacts, integration.app, integration.web.services;"
        "print([name for name in ('scipy', 'sklearn', 'implicit', 'numba', 'torch', 'faiss') if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
