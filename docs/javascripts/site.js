// What the theme leaves out for those who use a keyboard or listen to the page.
window.addEventListener("load", () => {
  document.querySelector(".md-search").setAttribute("aria-label", "Search");
  const wide = document.querySelectorAll("pre > code, .md-typeset__scrollwrap");
  const reach = () => wide.forEach((one) => (one.tabIndex = one.scrollWidth > one.clientWidth ? 0 : -1));
  new ResizeObserver(reach).observe(document.body);
});
