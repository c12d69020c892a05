"""Answers to q1 that lie: about values, about results, about the way to the grader, about what equality means."""

from __future__ import annotations

from exercises.hostile.attacks import FULL, Attack, before, gives, inside
from exercises.hostile.course import RIGHT

FORGE = """
import os, struct, sys
import wire
from events import HEAD, Kind, NO_CASE
def forge(kind, case, payload=None):
    body = HEAD.pack(kind, 0, case) + (wire.encode(None) if payload is None else payload)
    os.write(3, struct.pack("<Q", len(body)) + body)
"""
PICKLED = (
    "b'\\x93NUMPY\\x01\\x00v\\x00' + b\"{'descr': '|O', 'fortran_order': False, 'shape': (), }\".ljust(117) + b'\\n' + "
)
EQUAL = (
    "class Equal:\n    def __eq__(self, other): return True\n    __ne__ = __lt__ = __gt__ = lambda self, other: False\n"
)

FRAMES = [
    before("junk_to_the_grader", "import os; os.write(3, b'\\xff' * 4096)", "protocol", 0),
    before(
        "junk_everywhere",
        "import os\nfor number in range(64):\n    try: os.write(number, b'\\xff' * 64)\n    except OSError: pass",
        "protocol",
        0,
    ),
    before("forged_done", FORGE + "forge(Kind.DONE, NO_CASE)", "protocol", 0),
    before("forged_ready", FORGE + "forge(Kind.READY, NO_CASE)", "protocol", 0),
    before("forged_broken_machine", FORGE + "forge(Kind.BROKEN, NO_CASE, wire.encode('disk full'))", "protocol", 0),
    before(
        "forged_values",
        FORGE + "forge(Kind.DEFINED, NO_CASE)\nfor case in range(2):\n    forge(Kind.BEGIN, case)\n"
        "    forge(Kind.VALUE, case, wire.encode({'value': [1.0], 'changed': ''}))\nforge(Kind.DONE, NO_CASE)\nos._exit(0)",
        "protocol",
        0,
    ),
    before("forged_other_question", FORGE + "forge(Kind.DEFINED, NO_CASE)\nforge(Kind.VALUE, 7)", "protocol", 0),
    before("forged_length", "import os; os.write(3, b'\\xff' * 7 + b'\\x00')", "protocol", 0),
    before("half_a_frame", "import os, struct; os.write(3, struct.pack('<Q', 4000) + b'x'); os._exit(0)", "exit", 0),
    before(
        "forged_not_json",
        FORGE + "forge(Kind.DEFINED, NO_CASE)\nforge(Kind.BEGIN, 0)\n"
        "forge(Kind.VALUE, 0, b'\\x05' + bytes(7) + b'{{{{{')",
        "protocol",
        0,
    ),
    before(
        "forged_pickle",
        FORGE + "import json, pickle\nclass Evil:\n    def __reduce__(self):\n"
        "        return os.system, ('touch /tmp/hostile-pickle-ran',)\n"
        f"array = {PICKLED}pickle.dumps(Evil())\ntext = json.dumps({{'array': len(array)}}).encode()\n"
        "forge(Kind.DEFINED, NO_CASE)\nforge(Kind.BEGIN, 0)\nforge(Kind.VALUE, 0, struct.pack('<Q', len(text)) + text + array)",
        "protocol",
        0,
    ),
    before("patched_json", "import json\njson.dumps = lambda *a, **k: '{\"array\": 99}'", "protocol", 0),
]

VALUES = [
    gives("equal_to_everything", "Equal()", "cannot be sent", first=EQUAL),
    gives("list_of_equals", "[Equal()] * len(weights)", "cannot be sent", first=EQUAL),
    gives(
        "array_equal_to_everything",
        "np.zeros(len(weights)).view(Same)",
        "wrong",
        first="class Same(np.ndarray):\n    def __eq__(self, other): return np.ones(self.shape, bool)\n",
    ),
    gives(
        "patched_numpy",
        "np.zeros(len(weights))",
        "wrong",
        first="np.allclose = np.array_equal = np.isclose = lambda *a, **k: True\nnp.abs = lambda *a: np.zeros(1)\n",
    ),
    gives(
        "patched_round_trip",
        "np.zeros(len(weights))",
        "wrong",
        first="np.testing.assert_allclose = lambda *a, **k: None\nimport builtins\nbuiltins.AssertionError = SystemExit\n",
    ),
    gives(
        "pickle",
        "Evil()",
        "cannot be sent",
        first="import os\nclass Evil:\n    def __reduce__(self): return os.system, ('touch /tmp/hostile-pickle-ran',)\n",
    ),
    gives(
        "array_of_pickles",
        "np.array([Evil()], dtype=object)",
        "cannot be sent",
        first="import os\nclass Evil:\n    def __reduce__(self): return os.system, ('touch /tmp/hostile-pickle-ran',)\n",
    ),
    gives("nan", "weights * np.nan", "wrong"),
    gives("infinite", "weights + np.inf", "wrong"),
    gives("wrong_shape", "np.roll(weights, steps)[None]", "wrong"),
    gives("empty", "np.zeros(0)", "wrong"),
    gives("strings", "np.roll(weights, steps).astype(str)", "wrong"),
    gives("truth_values", "np.roll(weights, steps) > 0", "wrong"),
    gives("complex", "np.roll(weights, steps) + 1j", "wrong"),
    gives("fields", "np.zeros(3, dtype=[('a', float)])", "cannot be sent"),
    gives("nothing", "None", "wrong"),
    gives("generator", "(w for w in weights)", "cannot be sent"),
    gives("list_in_itself", "endless", "cannot be sent", first="endless = []\nendless.append(endless)\n"),
    gives("deep_list", "deep", "cannot be sent", first="deep = []\nfor _ in range(5000): deep = [deep]\n"),
    gives("many_items", "[0] * 10**6", "cannot be sent"),
    gives("huge_integer", "10 ** 10000", "cannot be sent"),
    inside("mutates_its_argument", "weights[:] = np.roll(weights, steps)", "partly right", 1.5, gives="weights"),
    gives(
        "view_of_its_argument",
        "np.concatenate([weights, weights, weights])[len(weights) - steps % len(weights):][:len(weights)]",
        "right",
        FULL,
    ),
    gives("list_of_numbers", "list(np.roll(weights, steps))", "right", FULL),
    Attack(
        "callable_object",
        "class Rotate:\n    def __call__(self, weights, steps):\n        return np.roll(weights, steps)\n"
        "rotate = Rotate()\n",
        "right",
        FULL,
    ),
    Attack("not_a_function", "rotate = 5\n", "error", 0),
    Attack("renamed_answer", "def rotate_it(weights, steps):\n    return np.roll(weights, steps)\n", "not defined", 0),
    Attack(
        "known_mistake",
        "def rotate(weights, steps):\n    out = np.zeros(len(weights))\n    for slot in range(len(weights)):\n"
        "        if 0 <= slot - steps < len(weights): out[slot] = weights[slot - steps]\n    return out\n",
        "known mistake",
        1.25,  # what its right cases earn; the name alone keeps 1
    ),
    Attack("magics", "%matplotlib inline\n!pip install cheats\n" + RIGHT["q1"] + "rotate?\n", "right", FULL),
    Attack("other_language", "%%bash\nrm -rf /\n", "syntax error", 0),
    Attack("lone_surrogate", "name = '\ud800'\n" + RIGHT["q1"], "right", FULL),
    Attack("lone_surrogate_raised", "def rotate(weights, steps): raise ValueError('\\ud800')\n", "error", 0),
    Attack("lone_surrogate_given", "def rotate(weights, steps): return {'\\ud800': '\\udfff'}\n", "wrong", 0),
    Attack("calls_check_and_submit", RIGHT["q1"] + "check('q1'); submit(); display(rotate)\n", "right", FULL),
    before("public_cases_by_heart", "import sys"),
]
VALUES[-1] = Attack(
    "public_cases_by_heart",
    "def rotate(weights, steps):\n    return {1: [0, 0, 1, 0], 2: [0.5, 0.0, 0.5]}.get(steps, [0])\n",
    "partly right",
    1.0,
)
