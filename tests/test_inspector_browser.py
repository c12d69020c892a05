"""The inspector in Chromium, from a file and without a network: keys, mouse, touch, themes, widths, errors, access."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from machines import MANY_HEADS, answers, batch, small
from test_browser import NARROW, WIDE

from ntm_lib import CopyTask, Trace, inspect, load_pretrained, record
from ntm_lib.inspector import widget

pytestmark = pytest.mark.slow

PAGE = """<!doctype html><html lang="en" {html}><head><meta charset="utf-8"><title>inspector</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>html[data-theme=dark] {{ background: #14181e; color: #e8ebef }} body {{ margin: 16px }}</style></head>
<body><main><h1>A page</h1>{body}</main></body></html>"""

HOST = "[data-lm-suppress-shortcuts]"
TITLE = 'A "trained" <machine> & its memory'
LENGTH = 7
STEPS = 2 * LENGTH + 1


@functools.cache
def trace() -> Trace:
    return record(load_pretrained("copy-lstm"), *CopyTask().sample(1, np.random.default_rng(1), length=LENGTH))


@functools.cache
def copy_text() -> str:
    return inspect(trace(), title=TITLE, step=3).html()


@functools.cache
def many_text() -> str:
    return inspect(small(**MANY_HEADS), batch(1, 6), targets=answers(1, 6), head=1).html()


class Shown:
    """A page with an inspector, and everything that went wrong in it."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.problems: list[str] = []
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("console", lambda m: self.problems.append(m.text) if m.type in {"error", "warning"} else None)

    def find(self, selector: str) -> Any:
        return self.page.locator(f"{HOST} {selector}")

    @property
    def step(self) -> int:
        found = re.match(r"step (\d+) / \d+", self.find(".count").inner_text())
        assert found
        return int(found[1])

    @property
    def readout(self) -> str:
        return str(self.find(".readout").inner_text())

    def panel(self, name: str) -> Any:
        return self.find(f".{name} canvas[role]").first

    def pixels(self, name: str) -> str:
        """What a panel shows, as an image."""
        return str(self.find(f".{name} canvas[aria-hidden]").first.evaluate("canvas => canvas.toDataURL()"))


@contextmanager
def shown(chromium: Any, folder: Path, body: str, *, html: str = "", **context: Any) -> Iterator[Shown]:
    """Open a page from a file; no request leaves it, and nothing goes wrong in it."""
    path = folder / "page.html"
    path.write_text(PAGE.format(html=html, body=body), encoding="utf-8")
    opened = chromium.new_context(**{"viewport": WIDE, **context})
    requests: list[str] = []

    def decide(route: Any) -> None:
        if route.request.url == path.as_uri():
            route.continue_()
        else:
            requests.append(route.request.url)
            route.abort()

    opened.route(lambda address: not address.startswith("data:"), decide)
    page = Shown(opened.new_page())
    page.page.goto(path.as_uri())
    page.page.locator(f"{HOST} .inspector > *").first.wait_for()
    page.page.wait_for_timeout(100)
    yield page
    opened.close()
    assert requests == []
    assert page.problems == []


@pytest.fixture
def show(browser: Any, tmp_path: Path) -> Callable[..., Any]:
    return functools.partial(shown, browser, tmp_path)


@pytest.fixture
def copying(show: Callable[..., Any]) -> Iterator[Shown]:
    with show(copy_text()) as page:
        yield page


SIZES = pytest.mark.parametrize("size", [WIDE, NARROW], ids=["1280", "390"])
THEMES = pytest.mark.parametrize("theme", ["light", "dark"])


# --- what is there

BLANK = "({ width, height }) => Object.assign(document.createElement('canvas'), { width, height }).toDataURL()"


@SIZES
@THEMES
def test_every_part_is_drawn_and_nothing_is_wider_than_the_window(show, size, theme):
    with show(copy_text(), viewport=size, color_scheme=theme) as page:
        for name in ("sequences", "memory", "weightings", "write", "read"):
            assert page.pixels(name) != page.find(f".{name} canvas").first.evaluate(BLANK), name
        assert page.find(".title").inner_text() == TITLE
        assert (
            page.find(".caption").inner_text().startswith(f"0 of {LENGTH * 8} answered bits wrong. Numbers are rounded")
        )
        assert page.page.evaluate("document.documentElement.scrollWidth") == size["width"]
        assert page.step == 3
        found = page.find("p").evaluate_all("all => all.map(p => getComputedStyle(p).color)")
        assert ("rgb(232, 235, 239)" in found) == (theme == "dark")
        assert not page.page.locator(f"{HOST} img").is_visible()


@SIZES
def test_what_can_be_tapped_is_at_least_24_pixels(show, size):
    with show(many_text(), viewport=size) as page:
        boxes = page.find("").first.evaluate(
            """host => [...host.shadowRoot.querySelectorAll('button, select, summary, label, input[type=range]')]
            .filter(each => each.offsetParent).map(each => each.getBoundingClientRect())
            .map(box => [box.width, box.height])"""
        )
        assert len(boxes) >= 10
        assert min(min(box) for box in boxes) >= 24


# --- keyboard


def test_arrows_home_end_and_space_move_through_the_steps(copying):
    copying.panel("weightings").focus()
    for key, step in (("ArrowRight", 4), ("ArrowLeft", 3), ("End", STEPS - 1), ("ArrowRight", STEPS - 1), ("Home", 0)):
        before = copying.pixels("memory")
        moved = copying.step != step
        copying.page.keyboard.press(key)
        assert copying.step == step
        assert (copying.pixels("memory") != before) == moved
    copying.page.keyboard.press("Space")
    copying.find("button[aria-label=Pause]").wait_for()
    copying.page.wait_for_function(f"document.querySelector('{HOST}').shadowRoot.querySelector('input').value > 1")
    copying.page.keyboard.press("Space")
    stopped = copying.step
    copying.page.wait_for_timeout(900)
    assert copying.step == stopped > 0


def test_keys_of_the_slider_and_of_buttons_stay_theirs(copying):
    copying.find("input[type=range]").focus()
    copying.page.keyboard.press("ArrowRight")
    assert copying.step == 4, "one step, not two"
    copying.find("button[aria-label='Last step']").focus()
    copying.page.keyboard.press("Space")
    assert copying.step == STEPS - 1
    assert copying.find("button[aria-label=Play]").count() == 1


def test_play_ends_at_the_last_step_and_begins_again(copying):
    copying.find("button[aria-label='Last step']").click()
    copying.find("button[aria-label=Play]").click()
    assert copying.step < STEPS - 1
    copying.find("button[aria-label=Play]").wait_for(timeout=10_000)
    assert copying.step == STEPS - 1


def test_arrows_go_from_cell_to_cell_and_read_the_numbers(copying):
    expected = trace().memory[0, 3]
    copying.page.keyboard.press("Tab")
    copying.panel("memory").focus()
    assert re.fullmatch(r"write weight, slot \d+: [\d.]+\.", copying.readout)
    copying.page.keyboard.press("ArrowRight")
    copying.page.keyboard.press("ArrowDown")
    copying.page.keyboard.press("ArrowRight")
    found = re.fullmatch(r"memory, slot (\d+), column (\d+): (−?[\d.]+)\.", copying.readout)
    assert found
    assert int(found[2]) == 1
    assert float(found[3].replace("−", "-")) == pytest.approx(expected[int(found[1]), 1], abs=0.02)
    assert copying.step == 3
    for _ in range(25):
        copying.page.keyboard.press("ArrowRight")
    assert copying.readout.startswith("read weight, slot ")


def test_over_time_up_and_down_choose_a_row_and_the_step_goes_along(copying):
    copying.page.keyboard.press("Tab")
    copying.panel("sequences").focus()
    copying.page.keyboard.press("ArrowDown")
    assert copying.readout.startswith("input, bit 1, step 3: ")
    copying.page.keyboard.press("ArrowRight")
    expected = trace().inputs[0, 4, 1]
    assert copying.readout == f"input, bit 1, step 4: {expected:.3f}."


def test_focus_is_visible(copying):
    copying.page.keyboard.press("Tab")
    for _ in range(12):
        style = copying.page.evaluate(
            f"getComputedStyle(document.querySelector('{HOST}').shadowRoot.activeElement).outlineStyle"
        )
        assert style == "solid"
        copying.page.keyboard.press("Tab")


# --- mouse and touch


def place(page: Shown, name: str, right: float, down: float) -> tuple[float, float]:
    page.panel(name).scroll_into_view_if_needed()
    box = page.panel(name).bounding_box()
    return box["x"] + right * box["width"], box["y"] + down * box["height"]


@SIZES
def test_dragging_over_time_moves_the_step(show, size):
    with show(copy_text(), viewport=size) as page:
        for name in ("weightings", "sequences"):
            page.page.mouse.move(*place(page, name, 0.3, 0.3))
            page.page.mouse.down()
            first = page.step
            page.page.mouse.move(*place(page, name, 0.9, 0.3))
            assert page.step > first + 5
            page.page.mouse.move(*place(page, name, 0.0, 1.5))
            assert page.step == 0, "a drag that leaves the raster goes on"
            page.page.mouse.up()
            page.page.mouse.move(*place(page, name, 0.9, 0.3))
            assert page.step == 0, "without the button nothing moves"


def test_the_mouse_reads_a_cell_and_leaves_it(copying):
    summary = copying.readout
    assert re.match(r"Step 3\. Write head: [\d.]+ on slot \d+\. Read head: [\d.]+ on slot \d+\.", summary)
    copying.page.mouse.move(*place(copying, "memory", 0.5, 0.4))
    assert copying.readout.startswith("memory, slot ")
    copying.page.mouse.move(5, 5)
    assert copying.readout == summary


def test_touch_taps_a_cell_and_a_step(show):
    with show(copy_text(), viewport=NARROW, has_touch=True, is_mobile=True) as page:
        page.page.touchscreen.tap(*place(page, "memory", 0.5, 0.4))
        assert page.readout.startswith("memory, slot ")
        page.page.touchscreen.tap(*place(page, "weightings", 0.9, 0.3))
        assert page.step > STEPS / 2
        page.page.touchscreen.tap(*place(page, "memory", 0.5, 0.4))
        assert page.readout.startswith("memory, slot "), "also when another drawing had the focus"
        assert page.page.evaluate("document.documentElement.scrollWidth") == NARROW["width"]
        actions = [page.panel(name).evaluate("e => e.style.touchAction") for name in ("weightings", "memory")]
        assert actions == ["pan-y", "manipulation"]


def test_the_largest_change_and_then_the_next(copying):
    memory = np.concatenate([trace().initial_memory[:, None], trace().memory], axis=1)[0]
    order = np.argsort(-np.square(np.diff(memory, axis=0)).sum(axis=(1, 2)), kind="stable")
    for expected in order[:3]:
        copying.find(
            "button",
        ).filter(has_text="Largest change").click()
        assert copying.step == expected


def test_the_choices_change_what_memory_shows(copying):
    before = copying.pixels("memory")
    copying.find("label").filter(has_text="only what this write changed").click()
    change = copying.pixels("memory")
    assert change != before
    height = copying.panel("memory").bounding_box()["height"]
    copying.find("label").filter(has_text="all 128 slots").click()
    assert copying.panel("memory").bounding_box()["height"] > height
    assert copying.pixels("memory") != change


def test_the_stages_of_addressing_open_by_key(copying):
    assert not copying.panel("stages").is_visible()
    copying.find("summary").focus()
    copying.page.keyboard.press("Enter")
    copying.panel("stages").wait_for()
    copying.panel("stages").hover(position={"x": 110, "y": 20})
    assert re.match(r"previous, slot \d+: ", copying.readout)


def test_another_head_can_be_chosen(show):
    with show(many_text()) as page:
        assert page.find(".name").all_inner_texts()[:2] == ["Write head 1", "Read head 1"]
        before = page.pixels("write")
        page.find("select").select_option("2")
        assert page.find(".name").all_inner_texts()[:2] == ["Write head 2", "Read head 1"], "there are two read heads"
        assert page.pixels("write") != before
        assert "bits are wrong" in page.readout or "bit is right" in page.readout


# --- readers of every kind


def test_the_live_region_is_quiet_while_it_plays(copying):
    copying.page.wait_for_timeout(700)
    spoken = copying.find("[aria-live=polite]")
    assert spoken.inner_text() == "", "a page that opens says nothing by itself"
    copying.find("button[aria-label='One step forward']").click()
    copying.page.wait_for_timeout(700)
    before = spoken.inner_text()
    assert before == copying.readout
    copying.find("button[aria-label=Play]").click()
    copying.page.wait_for_timeout(1500)
    assert copying.step > 4
    assert spoken.inner_text() == before
    copying.find("button[aria-label=Pause]").click()
    copying.page.wait_for_timeout(700)
    assert spoken.inner_text() == copying.readout != before


def playing_text() -> str:
    made = inspect(trace())
    made.playing = True
    return made.html()


@pytest.mark.parametrize(("motion", "moves"), [("reduce", False), ("no-preference", True)])
def test_nothing_plays_by_itself_for_those_who_want_less_motion(show, motion, moves):
    with show(playing_text(), reduced_motion=motion) as page:
        page.page.wait_for_timeout(900)
        assert (page.step > 0) == moves


@SIZES
@THEMES
def test_axe_finds_nothing_serious(show, size, theme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    with show(many_text(), html=f'data-theme="{theme}"', viewport=size) as page:
        page.find("summary").click()
        results = axe.Axe().run(page.page).response
        serious = [v for v in results["violations"] if v["impact"] in {"serious", "critical"}]
        assert [(v["id"], [node["html"] for node in v["nodes"]]) for v in serious] == []
        assert "color-contrast" in {rule["id"] for rule in results["passes"]}


@pytest.mark.parametrize("attribute", ["html data-theme", "body data-jp-theme-light"])
def test_a_change_of_the_pages_theme_is_followed(copying, attribute):
    element, name = attribute.split()
    light = copying.pixels("memory")
    dark = "dark" if name == "data-theme" else "false"
    copying.page.evaluate(f"document.querySelector('{element}').setAttribute('{name}', '{dark}')")
    copying.find("[data-theme=dark]").wait_for()
    assert copying.pixels("memory") != light
    copying.page.emulate_media(color_scheme="dark")
    copying.page.evaluate(f"document.querySelector('{element}').removeAttribute('{name}')")
    copying.page.wait_for_timeout(100)
    assert copying.find("[data-theme=dark]").count() == 1, "then what the system prefers"


def test_the_static_picture_is_there_in_print_and_without_scripts(show):
    with show(copy_text()) as page:
        page.page.emulate_media(media="print")
        picture = page.page.locator(f"{HOST} img")
        assert picture.is_visible()
        assert picture.evaluate("image => image.naturalWidth") > 300
        assert not page.find(".transport").is_visible()
        still = page.page.context.browser.new_page(java_script_enabled=False)
        still.goto(page.page.url)
        assert still.locator(f"{HOST} img").is_visible()
        assert "the write head" in (still.locator(f"{HOST} img").get_attribute("alt") or "")
        still.close()


def test_the_same_figure_twice_defines_its_element_once(show):
    with show(copy_text() + many_text()) as page:
        assert page.page.locator(f"{HOST} .transport").count() == 2
        page.page.locator(f"{HOST} button[aria-label='Last step']").last.click()
        assert page.page.locator(f"{HOST} .count").all_inner_texts() == [f"step 3 / {STEPS - 1}", "step 5 / 5"]


def test_an_element_that_is_taken_out_and_put_back_lives_again(copying):
    script = f"() => {{ const host = document.querySelector('{HOST}'); const parent = host.parentElement;"
    copying.page.evaluate(script + "host.remove(); window.kept = [host, parent]; }")
    copying.page.wait_for_timeout(50)
    copying.page.evaluate("() => { const [host, parent] = window.kept; parent.append(host); }")
    copying.find(".transport").wait_for()
    copying.find("button[aria-label='Last step']").click()
    assert copying.step == STEPS - 1


# --- the widget's side

WIDGET = """<div data-lm-suppress-shortcuts="true" id="host"></div><script type="module">
{module}
const state = {state};
const listeners = {{}};
window.model = {{
  get: (name) => state[name],
  set: (name, value) => {{ state[name] = value; }},
  save_changes: () => {{ window.saved = {{ ...state }}; }},
  on: (name, listener) => {{ listeners[name] = listener; }},
  off: (name) => {{ delete listeners[name]; }},
}};
window.fromPython = (name, value) => {{ state[name] = value; listeners[`change:${{name}}`](); }};
window.listeners = listeners;
window.end = await shown.render({{ model, el: document.getElementById("host") }});
</script>"""


def test_a_widget_and_its_model_follow_each_other(show):
    shown_object = inspect(small(**MANY_HEADS), batch(1, 6))
    state = json.dumps({"payload": shown_object.data, "title": "", "step": 2, "head": 0, "playing": False})
    module = widget._widget_class()._esm.replace("export default ", "const shown = ")
    with show(WIDGET.format(module=module, state=state)) as page:
        assert page.step == 2
        page.find("button[aria-label='One step forward']").click()
        page.find("select").select_option("2")
        assert page.page.evaluate("[saved.step, saved.head, saved.playing]") == [3, 2, False]
        page.page.evaluate("fromPython('step', 5); fromPython('head', 1)")
        assert page.step == 5
        assert page.find(".name").first.inner_text() == "Write head 1"
        page.page.evaluate("fromPython('playing', true)")
        page.find("button[aria-label=Play]").wait_for()
        assert page.page.evaluate("[saved.step, saved.playing]") == [5, False]
        page.page.evaluate("end()")
        assert page.find(".inspector > *").count() == 0
        assert page.page.evaluate("Object.keys(listeners).length") == 0


# --- errors stay inside the frame


def with_data(change: Callable[[dict[str, Any]], object]) -> str:
    before, data, after = re.split(r'(?<=json">)(.*?)(?=</script>)', copy_text(), maxsplit=1)
    plain = json.loads(data)
    change(plain)
    return f"{before}{json.dumps(plain)}{after}"


BROKEN: dict[str, tuple[Callable[[], str], str]] = {
    "another schema": (lambda: with_data(lambda d: d["payload"].update(schema="x/9")), 'Received: "x/9"'),
    "no payload": (lambda: with_data(lambda d: d.pop("payload")), "must have the schema"),
    "damaged": (lambda: with_data(lambda d: d["payload"].update(data=d["payload"]["data"][:99])), "They are damaged"),
    "another size": (lambda: with_data(lambda d: d["payload"]["sizes"].update(slots=64)), "must have"),
    "no heads": (lambda: with_data(lambda d: d["payload"]["sizes"].update(writeHeads=0)), "writeHeads must be"),
    "empty": (lambda: with_data(lambda d: d["payload"].update(steps=0)), "steps must be a whole number"),
    "too long": (lambda: with_data(lambda d: d["payload"].update(steps=999)), "at most 241 steps. Received: 999"),
    "half a bit": (lambda: with_data(lambda d: d["payload"]["parts"].update(targets="signed")), "must be bits"),
    "a part missing": (lambda: with_data(lambda d: d["payload"]["parts"].pop("write.add")), "Received"),
    "markup": (lambda: with_data(lambda d: d["payload"].update(schema="<b onclick=x>")), 'Received: "<b onclick=x>"'),
    "no JSON": (lambda: copy_text().replace('json">{', 'json">{{', 1), "must have the schema"),
    "no data": (
        lambda: re.sub(r"<script type=.application/json.>.*?</script>", "", copy_text()),
        "must have the schema",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_wrong_with_the_data_is_said_in_the_frame(show, name):
    make, message = BROKEN[name]
    with show(make()) as page:
        alert = page.find("[role=alert]")
        assert alert.inner_text().startswith("This figure cannot be shown. ")
        assert message in alert.inner_text()
        assert alert.locator("*").count() == 0
        assert page.page.locator(f"{HOST} img").is_visible(), "the static picture is shown in its place"
        assert page.page.locator("h1").inner_text() == "A page"
