"""What a process in the sandbox gives up before it runs a student's code. Linux; standard library only.

bubblewrap makes the box. What it does not do stands here: limits, dropping root, a filter of system calls, and the
namespaces of their own that the children of a warm process take (Python 3.11 has no `os.unshare`).
"""

from __future__ import annotations

import contextlib
import ctypes
import math
import os
import platform
import resource
import struct
from pathlib import Path
from typing import Any

LIBC = ctypes.CDLL(None, use_errno=True)
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 4, 22, 24, 38
NEW_MOUNTS, NEW_IPC, NEW_USER, NEW_PROCESSES = 0x00020000, 0x08000000, 0x10000000, 0x20000000
PRIVATE_RECURSIVE, NO_SETUID_DEVICES_EXECUTION = 0x44000, 2 | 4 | 8
ANY_NEW_NAMESPACE = 0x7E020080

# Calls that are refused inside the box: memory that no limit counts, other processes' memory, new namespaces, sockets
# (a virtual machine's AF_VSOCK knows no network namespaces), and doors into the kernel that no answer needs.
REFUSED = {  # name: (x86_64, aarch64)
    "socket": (41, 198),
    "ptrace": (101, 117),
    "shmget": (29, 194),
    "msgget": (68, 186),
    "semget": (64, 190),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_getfd": (438, 438),
    "io_uring_setup": (425, 425),
    "mq_open": (240, 180),
    "open_tree": (428, 428),
    "fsopen": (430, 430),
}
CLONE, CLONE3 = (56, 220), (435, 435)
ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}


def _call(name: str, *arguments: Any) -> int:
    result = getattr(LIBC, name)(*arguments)
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return int(result)


def prctl(option: int, value: int = 0, more: Any = 0) -> None:
    """Set an attribute of this process; the system call takes unsigned longs."""
    _call("prctl", option, ctypes.c_ulong(value), more, ctypes.c_ulong(0), ctypes.c_ulong(0))


def become(uid: int) -> None:
    """Leave root for good: from now on the process has this user and group and no capability."""
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def close_to_others() -> None:
    """No process of the same user may read this one's memory or files; nothing gains rights by `exec`."""
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    prctl(PR_SET_DUMPABLE, 0)
    with contextlib.suppress(OSError):  # when memory runs out, the box goes first
        Path("/proc/self/oom_score_adj").write_text("1000")


def limit(memory: int, processes: int, files: int, file_size: int, address_space: bool) -> None:
    """Set the limits that the children inherit and cannot raise; `memory` counts from what is in use now."""
    pages = Path("/proc/self/statm").read_text().split()
    _lower(resource.RLIMIT_DATA, memory + int(pages[5]) * resource.getpagesize())
    if address_space:
        _lower(resource.RLIMIT_AS, memory + int(pages[0]) * resource.getpagesize())
    _lower(resource.RLIMIT_NPROC, processes)
    _lower(resource.RLIMIT_NOFILE, files)
    _lower(resource.RLIMIT_FSIZE, file_size)
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_MSGQUEUE, 0)
    _lower(resource.RLIMIT_MEMLOCK, 0)


def limit_seconds(seconds: int, passes: int = 1) -> None:
    """Limit the time on the processor of this process: a signal after one pass, and the end a second after all."""
    _lower(resource.RLIMIT_CPU, seconds, passes * (seconds + 1))


def give_seconds(process: int, worked: float, seconds: float) -> None:
    """Let another process work for so many seconds more than it has, at most to the end that it was given."""
    with contextlib.suppress(ProcessLookupError):
        hard = resource.prlimit(process, resource.RLIMIT_CPU)[1]
        soft = math.ceil(worked + max(1.0, seconds))
        resource.prlimit(
            process, resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard)
        )


def _lower(which: int, soft: int, hard: int | None = None) -> None:
    highest = resource.getrlimit(which)[1]
    hard = soft if hard is None else hard
    if highest != resource.RLIM_INFINITY:
        soft, hard = min(soft, highest), min(hard, highest)
    resource.setrlimit(which, (soft, hard))


def refuse_calls() -> bool:
    """Filter the system calls of this process and of what it starts. False on a machine whose numbers are unknown."""
    machine = platform.machine()
    if machine not in ARCHITECTURES:
        return False
    column, audit = ARCHITECTURES[machine]
    program = _filter(audit, [numbers[column] for numbers in REFUSED.values()], CLONE[column], CLONE3[column])
    code = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("@HP", len(program) // 8, ctypes.addressof(code))
    prctl(PR_SET_SECCOMP, 2, ctypes.c_char_p(header))
    return True


def _filter(audit: int, refused: list[int], clone: int, clone3: int) -> bytes:
    """A program for seccomp(2): each step is code, jump if true, jump if false, constant."""
    load, equal, above, any_bit, give = 0x20, 0x15, 0x35, 0x45, 0x06
    allow, deny, kill, unknown = 0x7FFF0000, 0x00050000 | 1, 0x80000000, 0x00050000 | 38
    steps = [
        *[(load, 0, 0, 4), (equal, 1, 0, audit), (give, 0, 0, kill)],
        # 0x40000000 and above: the x32 numbers of the same calls
        *[(load, 0, 0, 0), (above, 0, 1, 0x40000000), (give, 0, 0, deny)],
        *[(equal, 0, 1, clone3), (give, 0, 0, unknown)],  # the C library then takes clone, whose flags can be read
        *[(equal, 0, 4, clone), (load, 0, 0, 16), (any_bit, 0, 1, ANY_NEW_NAMESPACE), (give, 0, 0, deny)],
        (give, 0, 0, allow),
    ]
    for number in refused:
        steps += [(equal, 0, 1, number), (give, 0, 0, deny)]
    steps.append((give, 0, 0, allow))
    return b"".join(struct.pack("<HBBI", *step) for step in steps)


def isolate() -> None:
    """Give the process that returns namespaces of its own: users, processes, mounts, IPC; it is process 1 there.

    Called in a fork of a warm process. The caller's process stays outside, waits for the new one and ends with it.
    It has a /tmp, /dev/shm and /proc of its own afterwards, and no capability.
    """
    uid, gid = os.getuid(), os.getgid()
    prctl(PR_SET_DUMPABLE, 1)  # else /proc/self belongs to root, and the maps cannot be written
    _call("unshare", NEW_USER | NEW_MOUNTS | NEW_IPC | NEW_PROCESSES)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
    child = os.fork()
    if child:
        prctl(PR_SET_DUMPABLE, 0)
        _, status = os.waitpid(child, 0)
        os._exit(0 if status == 0 else 1)
    prctl(PR_SET_PDEATHSIG, 9)
    program = Path("/proc/self/exe").readlink()
    machine = {name: Path("/proc", name).read_text() for name in ("cpuinfo", "meminfo", "self/cmdline")}
    _mount("none", "/", None, PRIVATE_RECURSIVE)
    _mount("tmpfs", "/tmp", "tmpfs", NO_SETUID_DEVICES_EXECUTION, "size=64m,mode=700")
    _mount("tmpfs", "/dev/shm", "tmpfs", NO_SETUID_DEVICES_EXECUTION, "size=16m,mode=700")
    try:
        _mount("proc", "/proc", "proc", NO_SETUID_DEVICES_EXECUTION)
    except OSError:  # bubblewrap has covered parts of /proc, so the kernel gives nobody a whole one: the least then
        _mount("tmpfs", "/proc", "tmpfs", NO_SETUID_DEVICES_EXECUTION, "size=1m,mode=755")
        Path("/proc/self").mkdir()
        Path("/proc/self/exe").symlink_to(program)  # TensorFlow asks what program it is in
        for name, text in machine.items():
            Path("/proc", name).write_text(text)
    os.chdir("/tmp")
    _drop_capabilities()


def _mount(source: str, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    def text(part: str | None) -> bytes | None:
        return None if part is None else part.encode()

    _call("mount", text(source), text(target), text(kind), ctypes.c_ulong(flags), text(data))


def _drop_capabilities() -> None:
    for number in range(64):
        with contextlib.suppress(OSError):  # fewer are known to this kernel
            prctl(PR_CAPBSET_DROP, number)
    header = struct.pack("<Ii", 0x20080522, 0)
    _call("capset", ctypes.c_char_p(header), ctypes.c_char_p(bytes(24)))
