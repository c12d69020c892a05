"""What the book leaves out of the theme's pages and style sheets, and what it must keep."""

from __future__ import annotations

import sys

import pytest
from pages import ROOT

sys.path.insert(0, str(ROOT / "_ext"))

import lean_pages
import style_sheet

HEAD = """<html><head>
<link href="../_static/styles/theme.css?digest=1" rel="stylesheet" />
    <link rel="stylesheet" type="text/css" href="../_static/book.css?v=2" />
  <script defer src="../_static/scripts/fontawesome.js?digest=1"></script>
    <script src="../_static/documentation_options.js?v=1"></script>
    <script src="../_static/doctools.js?v=1"></script>
    <script>let toggleHintShow = 'Click to show';</script>
    <script>var togglebuttonSelector = '.toggle, .admonition.dropdown';</script>
    <script src="../_static/togglebutton.js?v=1"></script>
    <script data-sd-tabs-storage-prefix="x" src="../_static/design-tabs.js?v=1"></script>
    <script>DOCUMENTATION_OPTIONS.pagename = 'book/x';</script>
    <script src="../searchindex.js"></script>
</head><body>{}</body></html>"""


def test_an_icon_stands_in_the_page_as_a_picture_without_a_name_of_its_own():
    icon = '<i class="theme-switch fa-solid fa-sun fa-lg" data-mode="light" title="Light"></i>'
    picture = lean_pages.ICON.sub(lean_pages.picture, f"<button>{icon}</button>")
    assert picture.startswith('<button><svg class="svg-inline--fa theme-switch fa-sun fa-lg" data-mode="light"')
    assert 'aria-hidden="true"' in picture
    assert ' d="M' in picture
    assert "title=" not in picture


def test_an_icon_that_the_theme_has_not_is_refused_by_name():
    with pytest.raises(LookupError, match="'no-such-icon'"):
        lean_pages.drawing("no-such-icon")


def test_scripts_that_a_page_does_not_use_are_left_out_and_the_others_wait():
    text = lean_pages.lean_scripts(HEAD.format("<p>text</p>"), is_search=False)
    for absent in ("fontawesome", "toggle", "design-tabs", "searchindex"):
        assert absent not in text
    assert '<script src="../_static/documentation_options.js' in text
    assert '<script defer src="../_static/doctools.js' in text
    assert "<script>DOCUMENTATION_OPTIONS.pagename" in text


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        ('<div class="admonition note dropdown">', ("togglebutton.js", "toggleHintShow")),
        ('<div class="toggle">', ("togglebutton.js", "togglebuttonSelector")),
        ('<div class="sd-tab-set docutils">', ("design-tabs.js",)),
    ],
)
def test_a_page_that_folds_or_has_tabs_keeps_their_scripts(body, kept):
    text = lean_pages.lean_scripts(HEAD.format(body), is_search=False)
    assert [name for name in kept if name not in text] == []


def test_the_page_of_search_keeps_its_scripts_as_they_are():
    text = lean_pages.lean_scripts(HEAD.format(""), is_search=True)
    assert '<script src="../searchindex.js">' in text
    assert '<script src="../_static/doctools.js' in text


def test_one_style_sheet_stands_in_place_of_all():
    text, names = lean_pages.one_sheet(HEAD.format(""))
    assert names == ["styles/theme.css", "book.css"]
    assert text.count("stylesheet") == 1
    assert 'href="../_static/styles/pages.css"' in text


USED = style_sheet.Used({"here", "place"}, {"p", "li"}, {"shown"})


@pytest.mark.parametrize(
    ("rule", "left"),
    [
        (".here{color:red}", ".here{color:red}"),
        (".absent{color:red}", ""),
        ("p.here:hover::before,.absent p{top:0}", "p.here:hover::before{top:0}"),
        ("#place>li[data-x=absent]{top:0}", "#place>li[data-x=absent]{top:0}"),
        ("dl{top:0}", ""),
        (".shown{top:0}", ".shown{top:0}"),
        (":is(.absent,.here) p{top:0}", ":is(.absent,.here) p{top:0}"),
        (":is(.absent,dl) p{top:0}", ""),
        ("p:not(.absent){top:0}", "p:not(.absent){top:0}"),
        ("*,::before{top:0}", "*,::before{top:0}"),
        ("@media print{.absent{top:0}p{top:1px}}", "@media print{p{top:1px}}"),
        ("@media print{.absent{top:0}}", ""),
        ("@keyframes k{from{top:0}}", "@keyframes k{from{top:0}}"),
    ],
)
def test_a_rule_stays_where_some_element_may_match_it(rule, left, tmp_path):
    (tmp_path / "x.css").write_text(rule)
    assert style_sheet.sheet([tmp_path / "x.css"], USED).removeprefix(style_sheet.ICON_STYLES).strip() == left


def test_an_imported_sheet_takes_the_place_of_its_import(tmp_path):
    (tmp_path / "styles").mkdir()
    (tmp_path / "basic.css").write_text("p{top:0}")
    (tmp_path / "styles/theme.css").write_text('@import "../basic.css";\n.here{top:0}')
    text = style_sheet.sheet([tmp_path / "styles/theme.css"], USED)
    assert text.removeprefix(style_sheet.ICON_STYLES).split() == ["p{top:0}", ".here{top:0}"]


def test_an_address_that_would_lead_elsewhere_is_refused(tmp_path):
    (tmp_path / "x.css").write_text("p{background:url(file.png)}")
    with pytest.raises(ValueError, match=r"x\.css: .*file\.png"):
        style_sheet.sheet([tmp_path / "x.css"], USED)
