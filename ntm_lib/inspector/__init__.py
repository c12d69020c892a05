"""The live inspector: what a machine did with a sequence, seen and driven, in a notebook or in a page on its own."""

from ntm_lib.inspector.driven import live
from ntm_lib.inspector.modules import bundle
from ntm_lib.inspector.moments import Moment
from ntm_lib.inspector.recorder import TrainingRecorder
from ntm_lib.inspector.widget import Inspector, inspect

__all__ = ["Inspector", "Moment", "TrainingRecorder", "bundle", "inspect", "live"]
