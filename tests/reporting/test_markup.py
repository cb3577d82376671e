from ltcbench.reporting.markup import page, table, tag


def test_attributes_are_escaped_and_left_out() -> None:
    assert tag("a", "x", href='"<&>"', title=None) == '<a href="&quot;&lt;&amp;&gt;&quot;">x</a>'
    assert tag("td", data_value=0.5, class_="number") == '<td data-value="0.5" class="number"></td>'
    assert tag("input", type="radio", checked=True, disabled=False) == '<input type="radio" checked>'


def test_a_table_has_a_caption_and_a_name() -> None:
    text = table("what & why", [tag("th", "a")], [tag("tr", tag("td", "1"))])
    assert "<caption>what &amp; why</caption><thead><tr><th>a</th></tr></thead><tbody>" in text
    assert 'aria-label="what &amp; why"' in text


def test_a_page_holds_its_style_and_script() -> None:
    text = page("a < b", "<main></main>")
    assert "<title>a &lt; b</title>" in text
    assert "prefers-color-scheme" in text
    assert "aria-sort" in text
