"""A recorded training in Chromium, from a file and without a network: sliders, the curve, touch, themes, access."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_browser import NARROW, WIDE
from test_inspector_browser import BLANK, HOST, SIZES, THEMES, Shown, place, shown

from ntm_lib import CopyTask, TrainingRecorder, load_pretrained, record
from ntm_lib.inspector import Moment, recorder

pytestmark = pytest.mark.slow

TITLE = 'A "machine" <learns>'
LENGTH = 6
MACHINES = {0: "copy-lstm-early", 3000: "copy-lstm-middle", 40000: "copy-lstm"}


@functools.cache
def recorded() -> TrainingRecorder:
    """The shipped moments of one training, as if they had been recorded."""
    sample = CopyTask().sample(2, np.random.default_rng(1), length=LENGTH)
    watched = TrainingRecorder(*sample, title=TITLE, step=4)
    for sequences, name in MACHINES.items():
        watched.moments.append(Moment.of(sequences, record(load_pretrained(name), *sample), 0))
    return watched


@functools.cache
def text() -> str:
    return recorded().html()


def said(moment: Moment) -> str:
    assert moment.bits is not None
    when = f"After {moment.sequences:,} sequences" if moment.sequences else "Before training"
    places = 0 if moment.bits >= 10 else 1 if moment.bits >= 1 else 2 if moment.bits >= 0.1 else 3
    return f"{when}, {moment.bits:.{places}f} bits"


FIRST, MIDDLE, LAST = range(3)


def moment_of(page: Shown) -> str:
    return str(page.find(".moment").inner_text())


def slider(page: Shown, name: str) -> Any:
    return page.page.get_by_label(name, exact=True)


def wait_until_shown(page: Shown, name: str, before: str) -> None:
    """What a moment holds is unpacked in the background."""
    for _ in range(100):
        if page.pixels(name) != before:
            return
        page.page.wait_for_timeout(20)
    pytest.fail("the figure does not change")


def wait_for_bits(page: Shown, moment: int) -> None:
    trace = recorded().moments[moment].trace
    assert trace.targets is not None and trace.mask is not None
    wrong = int(((trace.logits > 0) != (trace.targets > 0.5))[trace.mask > 0].sum())
    page.find(".caption").filter(has_text=re.compile(f"^{wrong} of {8 * LENGTH} answered bits wrong")).wait_for()


@pytest.fixture
def show(browser: Any, tmp_path: Path) -> Callable[..., Any]:
    return functools.partial(shown, browser, tmp_path)


@pytest.fixture
def page(show: Callable[..., Any]) -> Iterator[Shown]:
    with show(text()) as opened:
        opened.find(".memory").wait_for()
        yield opened


# --- what is there


@SIZES
@THEMES
def test_it_begins_at_the_last_moment_and_nothing_is_wider_than_the_window(show, size, theme):
    with show(text(), viewport=size, color_scheme=theme) as page:
        page.find(".memory").wait_for()
        page.page.wait_for_timeout(200)
        for name in ("curve", "sequences", "memory", "weightings", "write", "read"):
            assert page.pixels(name) != page.find(f".{name} canvas").first.evaluate(BLANK), name
        assert page.find(".title").inner_text() == TITLE
        assert moment_of(page) == said(recorded().moments[LAST])
        assert page.step == 4
        assert page.page.evaluate("document.documentElement.scrollWidth") == size["width"]
        colours = page.find("p").evaluate_all("all => all.map(p => getComputedStyle(p).color)")
        assert ("rgb(232, 235, 239)" in colours) == (theme == "dark")
        captions = page.find(".caption").all_inner_texts()
        assert captions[-1].startswith("This is a recording. The live version")
        assert "The error is the mean of 2 sequences; one is shown." in captions[-2]


@SIZES
def test_what_can_be_tapped_is_at_least_24_pixels(show, size):
    with show(text(), viewport=size) as page:
        boxes = page.find("").first.evaluate(
            """host => [...host.shadowRoot.querySelectorAll('button, select, summary, label, input[type=range]')]
            .filter(each => each.offsetParent).map(each => each.getBoundingClientRect())
            .map(box => [box.width, box.height])"""
        )
        assert len(boxes) >= 10
        assert min(min(box) for box in boxes) >= 24


def test_where_the_page_can_be_launched_the_line_has_the_links(show):
    launch = '<div class="dropdown-launch-buttons"><a href="https://a.example/x">Binder</a><a href="#b">Colab</a></div>'
    with show(launch + text()) as page:
        line = page.find(".caption").last
        assert line.inner_text().endswith("needs a kernel. Open this notebook on Binder or Colab.")
        assert line.locator("a").first.get_attribute("href") == "https://a.example/x"


# --- moments and steps


def test_both_sliders_go_by_keys_and_each_leaves_the_other(page):
    moments = recorded().moments
    slider(page, "Moment of the training").focus()
    before = page.pixels("memory")
    for key, moment in (("ArrowLeft", MIDDLE), ("Home", FIRST), ("End", LAST), ("ArrowLeft", MIDDLE)):
        page.page.keyboard.press(key)
        assert moment_of(page) == said(moments[moment])
        assert slider(page, "Moment of the training").get_attribute("aria-valuetext") == said(moments[moment])
        assert page.step == 4
    wait_until_shown(page, "memory", before)
    memory = page.pixels("memory")
    slider(page, "Step").focus()
    page.page.keyboard.press("ArrowRight")
    assert (page.step, moment_of(page)) == (5, said(moments[MIDDLE]))
    assert page.pixels("memory") != memory


def test_each_moment_shows_its_own_machine(page):
    for moment in (MIDDLE, FIRST, LAST):
        slider(page, "Moment of the training").fill(str(moment))
        wait_for_bits(page, moment)


def test_the_curve_chooses_the_nearest_moment_by_mouse_and_by_keys(page):
    moments = recorded().moments
    page.page.mouse.click(*place(page, "curve", 0.99, 0.4))
    assert moment_of(page) == said(moments[LAST])
    page.page.mouse.move(*place(page, "curve", 0.5, 0.4))
    assert moment_of(page) == said(moments[LAST]), "without the button nothing moves"
    assert page.readout.lower() == f"{said(moments[MIDDLE])}.".lower(), "but it is read: 3,000 is nearer than 40,000"
    page.page.mouse.click(*place(page, "curve", 0.15, 0.4))
    assert moment_of(page) == said(moments[MIDDLE])
    page.panel("curve").focus()
    page.page.keyboard.press("ArrowLeft")
    assert moment_of(page) == said(moments[FIRST])
    page.page.keyboard.press("ArrowLeft")
    assert moment_of(page) == said(moments[FIRST])
    page.page.keyboard.press("End")
    assert moment_of(page) == said(moments[LAST])
    assert page.step == 4


def test_it_can_be_watched_from_the_first_moment_to_the_last(page):
    page.page.get_by_role("button", name="Watch it learn").click()
    assert moment_of(page) == said(recorded().moments[FIRST])
    page.page.get_by_role("button", name="Watch it learn").wait_for(timeout=10_000)
    assert moment_of(page) == said(recorded().moments[LAST])


def test_the_reader_stops_what_is_watched(page):
    page.page.get_by_role("button", name="Watch it learn").click()
    slider(page, "Moment of the training").focus()
    page.page.keyboard.press("ArrowRight")
    page.page.get_by_role("button", name="Watch it learn").wait_for(timeout=1000)
    page.page.keyboard.press("Home")
    page.page.wait_for_timeout(700)
    assert moment_of(page) == said(recorded().moments[FIRST])


def test_touch_on_a_telephone(show):
    with show(text(), viewport=NARROW, has_touch=True, is_mobile=True, color_scheme="dark") as page:
        page.find(".memory").wait_for()
        page.page.touchscreen.tap(*place(page, "curve", 0.15, 0.4))
        assert moment_of(page) == said(recorded().moments[MIDDLE])
        page.page.get_by_role("button", name="Watch it learn").tap()
        page.page.get_by_role("button", name="Stop").tap()
        page.page.touchscreen.tap(*place(page, "weightings", 0.9, 0.3))
        assert page.step > LENGTH
        assert page.page.evaluate("document.documentElement.scrollWidth") == NARROW["width"]
        assert page.panel("curve").evaluate("e => e.style.touchAction") == "pan-y"


# --- readers of every kind


@SIZES
@THEMES
def test_axe_finds_nothing_serious(show, size, theme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    with show(text(), html=f'data-theme="{theme}"', viewport=size) as page:
        page.find("summary").click()
        results = axe.Axe().run(page.page).response
        serious = [v for v in results["violations"] if v["impact"] in {"serious", "critical"}]
        assert [(v["id"], [node["html"] for node in v["nodes"]]) for v in serious] == []
        assert "color-contrast" in {rule["id"] for rule in results["passes"]}


def test_a_change_of_the_pages_theme_is_followed(page):
    light = page.pixels("curve"), page.pixels("memory")
    page.page.evaluate("document.documentElement.setAttribute('data-theme', 'dark')")
    page.find(".inspector[data-theme=dark]").first.wait_for()
    assert page.pixels("curve") != light[0]
    assert page.pixels("memory") != light[1]


def test_in_print_and_without_scripts_there_are_the_picture_and_the_line(page):
    page.page.emulate_media(media="print")
    assert page.page.locator(f"{HOST} img").is_visible()
    still = page.page.context.browser.new_page(java_script_enabled=False)
    still.goto(page.page.url)
    assert "moments of a training" in (still.locator(f"{HOST} img").get_attribute("alt") or "")
    assert still.get_by_text("needs a kernel").is_visible()
    still.close()


# --- the widget's side

WIDGET = """<div data-lm-suppress-shortcuts="true" id="host"></div><script type="module">
{module}
const state = {state};
const listeners = {{}};
window.model = {{
  get: (name) => state[name],
  set: (name, value) => {{ state[name] = value; }},
  save_changes: () => {{ window.saved = {{ ...state }}; }},
  on: (name, listener) => {{ (listeners[name] ??= new Set()).add(listener); }},
  off: (name, listener) => {{ listeners[name].delete(listener); }},
}};
window.fromPython = (changes) => {{
  Object.assign(state, changes);
  for (const name of Object.keys(changes)) for (const listener of listeners[`change:${{name}}`] ?? []) listener();
}};
window.left = () => Object.values(listeners).reduce((sum, each) => sum + each.size, 0);
window.end = await widget.render({{ model, el: document.getElementById("host") }});
</script>"""


def state_of(count: int, run: int = 1, sent: int | None = None) -> dict[str, Any]:
    """What Python sends with so many moments recorded; `sent` is the moment whose content goes along."""
    curve = [[moment.sequences, moment.bits] for moment in recorded().moments[:count]]
    moment = count - 1 if sent is None else sent
    payloads = {str(moment): recorded().moments[moment].data} if count else {}
    return {"recording": {"run": run, "curve": curve, "earlier": [], "kept": None, "payloads": payloads}}


def send(page: Shown, **changes: Any) -> None:
    page.page.evaluate(f"fromPython({json.dumps(changes)})")


@pytest.fixture
def widget(show: Callable[..., Any]) -> Iterator[Shown]:
    start = {"title": "", "note": "n", "moment": -1, "step": 2, "head": 0, "playing": False, **state_of(0)}
    module = recorder._widget_class()._esm.replace("export default ", "const widget = ")
    with show(WIDGET.format(module=module, state=json.dumps(start))) as opened:
        yield opened


def test_a_widget_fills_while_the_machine_learns_and_keeps_the_step(widget):
    assert moment_of(widget) == "Nothing is recorded yet: it begins with the training."
    assert not widget.find(".transport").is_visible()
    for count in (1, 2, 3):
        send(widget, **state_of(count))
        assert moment_of(widget) == said(recorded().moments[count - 1])
        widget.find(".count").filter(has_text="step 2").wait_for()
    widget.find("button[aria-label='One step forward']").click()
    assert widget.page.evaluate("[saved.step, saved.moment]") == [3, -1]
    send(widget, step=6)
    assert widget.step == 6


def test_a_reader_who_stays_at_a_moment_is_left_there(widget):
    for count in (1, 2):
        send(widget, **state_of(count))
    slider(widget, "Moment of the training").focus()
    widget.page.keyboard.press("Home")
    assert widget.page.evaluate("saved.moment") == 0
    send(widget, **state_of(3))
    assert moment_of(widget) == said(recorded().moments[FIRST])
    widget.page.keyboard.press("End")
    assert widget.page.evaluate("saved.moment") == -1, "the last one, and those that come"
    send(widget, moment=1)
    assert moment_of(widget) == said(recorded().moments[MIDDLE])


def test_a_view_that_came_late_gets_what_it_asks_for(widget):
    send(widget, **state_of(3))
    slider(widget, "Moment of the training").focus()
    widget.page.keyboard.press("Home")
    assert moment_of(widget) == said(recorded().moments[FIRST])
    send(widget, **state_of(3, sent=0))
    wait_for_bits(widget, FIRST)


def test_another_training_begins_anew_and_nothing_of_the_one_before_is_mixed_in(widget):
    for count in (1, 2, 3):
        send(widget, **state_of(count))
    send(widget, **state_of(1, run=2))
    assert moment_of(widget) == said(recorded().moments[FIRST])
    wait_for_bits(widget, FIRST)
    send(widget, **state_of(2, run=2, sent=0))
    assert moment_of(widget) == said(recorded().moments[MIDDLE])
    widget.page.wait_for_timeout(300)
    wait_for_bits(widget, FIRST)  # what happened at the second moment of this run has not come yet


def test_a_view_that_is_taken_away_leaves_nothing_behind(widget):
    send(widget, **state_of(2))
    widget.page.evaluate("end()")
    assert widget.find(".inspector > *").count() == 0
    assert widget.page.evaluate("left()") == 0


# --- errors stay inside the frame


def with_data(change: Callable[[dict[str, Any]], object]) -> str:
    before, data, after = re.split(r'(?<=json">)(.*?)(?=</script>)', text(), maxsplit=1)
    plain = json.loads(data)
    change(plain)
    return f"{before}{json.dumps(plain)}{after}"


def with_moment(**changes: str) -> str:
    return with_data(lambda data: data["recording"]["payloads"]["2"].update(changes))


BROKEN: dict[str, tuple[Callable[[], str], str]] = {
    "no recording": (lambda: with_data(lambda d: d.pop("recording")), "must hold curve. Received: undefined"),
    "a curve of text": (lambda: with_data(lambda d: d["recording"].update(curve=[["<b>", 1]])), '["<b>",1] at place 0'),
    "an unknown moment": (lambda: with_data(lambda d: d["recording"].update(kept=[0, 7])), "rising places"),
    "a damaged moment": (lambda: with_moment(data="AAAA"), "They are damaged"),
    "another schema": (lambda: with_moment(schema="x/9"), 'Received: "x/9"'),
    "no data": (lambda: re.sub(r"<script type=.application/json.>.*?</script>", "", text()), "must hold curve"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_wrong_with_the_data_is_said_in_the_frame(show, name):
    make, message = BROKEN[name]
    with show(make(), viewport=WIDE) as page:
        alert = page.find("[role=alert]")
        alert.wait_for()
        assert message in alert.inner_text()
        assert alert.locator("*").count() == 0
        assert page.page.locator(f"{HOST} img").is_visible(), "the static picture is shown in its place"
