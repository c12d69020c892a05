"""Neural Turing Machines in TensorFlow and Keras 3: the library under the course.

Every public name can be imported from here; `__init__.pyi` lists them. TensorFlow loads when the first one is used.
"""

import lazy_loader

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
