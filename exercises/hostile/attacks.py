"""Hostile answers to q1. Each is what stands in place of, or before, a right answer, with what it must get.

`Attack(name, code, verdict, points)`: q2 and q3 of the same notebook are right and must stay so.
"""

from __future__ import annotations

from typing import NamedTuple

from exercises.hostile.course import RIGHT

FULL = 4.0


class Attack(NamedTuple):
    """One hostile answer to q1."""

    name: str
    code: str
    verdict: str
    points: float


def before(name: str, code: str, verdict: str = "right", points: float = FULL) -> Attack:
    """Code that runs when the cell runs, before a right answer is defined."""
    return Attack(name, f"{code}\n{RIGHT['q1']}", verdict, points)


def inside(
    name: str, code: str, verdict: str = "right", points: float = FULL, gives: str = "np.roll(weights, steps)"
) -> Attack:
    """Code that runs in each call, before something is returned."""
    lines = "".join(f"    {line}\n" for line in code.splitlines())
    return Attack(name, f"def rotate(weights, steps):\n{lines}    return {gives}\n", verdict, points)


def gives(name: str, value: str, verdict: str, points: float = 0.0, first: str = "") -> Attack:
    """An answer that returns something else."""
    return Attack(name, f"{first}\ndef rotate(weights, steps):\n    return {value}\n", verdict, points)


SCRATCH = [  # nothing that an answer can remove is needed for the next question, or for its own hidden cases
    before("removes_the_scratch_folder", "import shutil\nshutil.rmtree('/tmp', ignore_errors=True)"),
    before(
        "removes_everything_it_may",  # the packages and the system are read-only and take seconds to walk through
        "import os, shutil\nfor name in set(os.listdir('/')) - {'proc', 'sys', 'usr', 'packages'}:\n"
        "    shutil.rmtree('/' + name, ignore_errors=True)",
    ),
    inside("removes_the_scratch_folder_in_a_call", "import shutil\nshutil.rmtree('/tmp', ignore_errors=True)"),
    inside(
        "locks_the_scratch_folder",
        "import os\nfor place in ('/tmp', '/tmp/answers'):\n    try: os.chmod(place, 0)\n    except OSError: pass",
    ),
]
LOOPS = [
    before("loop_at_definition", "while True: pass", "time", 0),
    inside("loop_in_call", "while True: pass", "time", 0),
    before(
        "loop_at_import",
        "import sys\nopen('/tmp/endless.py', 'w').write('while True: pass')\n"
        "sys.path.insert(0, '/tmp')\nimport endless",
        "time",
        0,
    ),
    inside("loop_in_one_case", "while steps == 2: pass", "partly right", 3.5),
    inside("loop_in_one_hidden_case", "while steps == 5: pass", "partly right", 3.25),
    before(
        "loop_deaf_to_signals",
        "import signal\nfor number in range(1, 32):\n    try: signal.signal(number, signal.SIG_IGN)\n"
        "    except (OSError, ValueError): pass\nwhile True: pass",
        "time",
        0,
    ),
    before("sleeps", "import time\ntime.sleep(10**6)", "time", 0),
    before("stops_itself", "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)", "time", 0),
    inside("waits_for_input", "input()", "error", 0),
    inside(
        "error_that_never_speaks",
        "class Endless(Exception):\n    def __str__(self):\n        while True: pass\nraise Endless",
        "time",
        0,
    ),
]

ENDS = [
    Attack("sys_exit_after_definition", RIGHT["q1"] + "import sys; sys.exit(0)\n", "right", FULL),
    before("sys_exit_at_definition", "import sys; sys.exit(0)", "error", 0),
    inside("sys_exit_in_call", "import sys; sys.exit(0)", "error", 0),
    before("os_exit_at_definition", "import os; os._exit(0)", "exit", 0),
    inside("os_exit_in_call", "import os; os._exit(0)", "exit", 0),
    before("kills_itself", "import os; os.kill(os.getpid(), 9)", "killed", 0),
    inside("crashes", "import ctypes; ctypes.string_at(0)", "killed", 0),
    before(
        "kills_the_worker",
        "import os\nfor process in range(1, 50):\n    if process != os.getpid():\n"
        "        try: os.kill(process, 9)\n        except OSError: pass",
    ),
    before("kills_everybody", "import os, signal\ntry: os.kill(-1, signal.SIGKILL)\nexcept OSError: pass"),
    before("closes_all_files", "import os; os.closerange(0, 4096)", "exit", 0),
    inside("keyboard_interrupt", "raise KeyboardInterrupt", "error", 0),
    inside("recursion", "return rotate(weights, steps)", "error", 0),
    before("syntax_error", "def (:", "syntax error", 0),
    before("await_at_the_top", "import asyncio\nawait asyncio.sleep(0)", "syntax error", 0),
    before("closes_its_output", "import sys; sys.stdout.close()"),
    before("loses_its_output", "import sys; sys.stdout = None"),
    before("atexit", "import atexit, time\natexit.register(time.sleep, 10**6)"),
    before(
        "threads_left_running",
        "import threading\ndef spin():\n    while True: pass\n"
        "for daemon in (True, False):\n    threading.Thread(target=spin, daemon=daemon).start()",
    ),
    inside("error_of_100_MB", "raise ValueError('x' * 10**8)", "error", 0),
]

BOMBS = [
    before("fork_bomb", "import os\nwhile True: os.fork()", "error", 0),
    inside("fork_returns_twice", "import os; os.fork()"),
    inside("children_left_behind", "import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(10**6)"),
    before(
        "thread_bomb",
        "import threading, time\nwhile True: threading.Thread(target=time.sleep, args=(99,)).start()",
        "error",
        0,
    ),
    inside("memory_at_once", "bytearray(10**11)", "memory", 0),
    inside("memory_bit_by_bit", "parts = []\nwhile True: parts.append(bytes(10**7))", "memory", 0),
    before(
        "memory_of_children",
        "import os, time\nfor _ in range(10):\n    if os.fork() == 0:\n"
        "        part = b'x' * (90 * 2**20)\n        time.sleep(60)\ntime.sleep(60)",
        "memory",
        0,
    ),
    inside("memory_that_no_limit_counts", "import os; os.memfd_create('bomb')", "error", 0),
    inside("disk_one_file", "with open('/tmp/bomb', 'wb') as f:\n    while True: f.write(bytes(2**20))", "error", 0),
    inside(
        "disk_many_files",
        "for n in range(10**6):\n    with open(f'/tmp/bomb{n}', 'wb') as f: f.write(bytes(2**20))",
        "error",
        0,
    ),
    inside(
        "disk_shared_memory",
        "for n in range(10**6):\n    with open(f'/dev/shm/b{n}', 'wb') as f: f.write(bytes(2**20))",
        "error",
        0,
    ),
    before("prints_100_MB", "print('x' * 10**8)"),
    before("errors_100_MB", "import sys; sys.stderr.write('x' * 10**8)"),
    inside("prints_10_MB_in_each_call", "print('x' * 10**7)"),
    inside("prints_without_end", "while True: print('x' * 10**5)", "time", 0),
    gives("value_of_100_MB", "np.zeros(10**7 + 10**6)", "cannot be sent"),
    inside("open_files", "kept = [open('/dev/null') for _ in range(10**5)]", "error", 0),
]

SPIES = [
    inside("network", "import urllib.request; urllib.request.urlopen('http://1.1.1.1', timeout=2)", "error", 0),
    inside("network_by_hand", "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM)", "error", 0),
    inside("network_at_home", "import socket; socket.create_server(('127.0.0.1', 8080))", "error", 0),
    inside("reads_passwords", "open('/etc/passwd').read()", "error", 0),
    inside("lists_home", "import os; os.listdir('/home')", "error", 0),
    before(
        "looks_for_notebooks",
        "import os\nplaces = ['/' + name for name in os.listdir('/') if name not in ('proc', 'sys', 'usr', 'packages')]\n"
        "found = [f for at in places for _, _, files in os.walk(at) for f in files if f.endswith('.ipynb')]\n"
        "assert not found",
    ),
    before(
        "reads_environment",
        "import os\nassert os.environ['HOME'] == '/tmp' and os.environ['PATH'] == '/nowhere'\n"
        "assert not [name for name in os.environ if 'KEY' in name or 'TOKEN' in name or 'USER' in name]",
    ),
    before(
        "reads_proc",
        "import os\nothers = [p for p in os.listdir('/proc') if p.isdigit() and int(p) > 1000]\nassert not others",
    ),
    before(
        "reads_the_worker",
        "import os\nfor name in ('mem', 'environ', 'maps', 'fd'):\n    try:\n"
        "        path = f'/proc/{os.getppid()}/{name}'\n        os.listdir(path) if name == 'fd' else open(path, 'rb').read(1)\n"
        "    except OSError: continue\n    raise SystemExit",
    ),
    before("traces_the_worker", "import ctypes, os\nassert ctypes.CDLL(None).ptrace(16, os.getppid(), 0, 0) == -1"),
    before("takes_new_rights", "import ctypes\nassert ctypes.CDLL(None).unshare(0x10000000) == -1"),
    before(
        "looks_for_the_reference",
        "import gc, types\nassert not [f for f in gc.get_objects() if isinstance(f, types.FunctionType)\n"
        "            and f.__name__ in ('reference', 'stops_at_the_end', 'judge')]",
    ),
    inside("imports_the_course", "import ntm_lib", "error", 0),
    inside("imports_the_grader", "import exercises.grader", "error", 0),
    inside("rewrites_the_worker", "open('/grader/worker.py', 'w')", "error", 0),
    inside("rewrites_numpy", "open(np.__file__, 'a')", "error", 0),
]
