"""numpy, loaded when it is first used: a process that has nothing to compute with arrays does without it.

`from monitoring.analysis.arrays import np` stands for `import numpy as np`. The types of arrays have names of their
own, because naming numpy's would load it. It computes in the thread that asks: a web process has eight of these, and
for matrices as small as ours the threads of its linear algebra cost more than they bring.
"""

import os
from typing import TYPE_CHECKING, Any

__all__ = ["AnyNumbers", "Booleans", "Integers", "Reals", "np"]

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Integers = NDArray[np.int64]
    Reals = NDArray[np.float64]
    Booleans = NDArray[np.bool_]
    AnyNumbers = NDArray[Any]
else:

    class _Numpy:
        """Looks each name up in numpy once."""

        def __getattr__(self, name: str) -> Any:
            # Read once, when it is loaded.
            os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
            import numpy

            value = getattr(numpy, name)
            setattr(self, name, value)
            return value

    np = _Numpy()
    Integers = Reals = Booleans = AnyNumbers = Any
