"""The style of the HTML pages: light and dark, wide and narrow, on screen and on paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["STYLE", "language_style"]

STYLE = """
:root {
  color-scheme: light dark;
  --paper: #ffffff; --shade: #f6f7f9; --line: #dfe3e8; --ink: #1c2430; --faint: #5b6675;
  --link: #2450c8; --mark: #fff4cc;
  --service: #0b5c8a; --service-bg: #e2f1fb; --object: #5b3aa8; --object-bg: #efe9fc;
  --workflow: #1c6b3c; --workflow-bg: #e3f5e9; --handler: #4a5464; --handler-bg: #eceff3;
  --warning: #8a3b00; --warning-bg: #fdeedd;
  --keyword: #8a2d8f; --string: #1d6a31; --comment: #5d6776; --number: #9a4a00; --name: #1f4f9e;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --paper: #12161c; --shade: #1a2028; --line: #303945; --ink: #e4e9f0; --faint: #9aa7b7;
    --link: #8ab4ff; --mark: #3a3413;
    --service: #9ad4f7; --service-bg: #12344a; --object: #cdbaff; --object-bg: #2e2350;
    --workflow: #9be3b4; --workflow-bg: #143a24; --handler: #c3ccd8; --handler-bg: #2a323d;
    --warning: #ffc58f; --warning-bg: #47290d;
    --keyword: #e3a4ea; --string: #95d8a4; --comment: #94a1b2; --number: #f3b784; --name: #9cc2ff;
  }
}
*, ::before, ::after { box-sizing: border-box; }
html { scroll-padding-top: 4.5rem; -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 1rem/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
}
a { color: var(--link); text-underline-offset: 0.2em; text-decoration-thickness: 1px; }
a:focus-visible, pre:focus-visible, input:focus-visible + span {
  outline: 3px solid var(--link); outline-offset: 2px; border-radius: 3px;
}
.skip { position: absolute; left: -100vw; background: var(--paper); padding: 0.5rem 1rem; z-index: 3; }
.skip:focus { left: 0.5rem; top: 0.5rem; }
header {
  position: sticky; top: 0; z-index: 2; display: flex; flex-wrap: wrap; gap: 0.4rem 1.5rem;
  align-items: center; justify-content: space-between; min-height: 3.5rem;
  padding: 0.4rem clamp(1rem, 3vw, 2rem); background: var(--paper);
  border-bottom: 1px solid var(--line);
}
header nav { display: flex; flex-wrap: wrap; gap: 0.2rem 0.6rem; align-items: baseline; }
header nav a { font-weight: 600; text-decoration: none; }
header nav a:hover { text-decoration: underline; }
header nav a + span::before { content: "/"; color: var(--faint); margin-right: 0.6rem; }
.languages {
  display: flex; flex-wrap: wrap; align-items: center; margin: 0; padding: 0; border: 0;
  min-width: 0; font-size: 0.875rem;
}
.languages legend { float: left; margin-right: 0.6rem; padding: 0; color: var(--faint); }
.languages label { position: relative; cursor: pointer; }
.languages input { position: absolute; opacity: 0; inset: 0; margin: 0; cursor: pointer; }
.languages span { display: block; padding: 0.15rem 0.65rem; border-radius: 1rem; }
.languages input:checked + span { background: var(--ink); color: var(--paper); }
.languages label:hover input:not(:checked) + span { background: var(--handler-bg); }
.columns { display: flex; max-width: 90rem; margin: 0 auto; }
main { flex: 1; min-width: 0; max-width: 64rem; padding: 1rem clamp(1rem, 3vw, 3rem) 4rem; }
.contents {
  flex: 0 0 17rem; align-self: flex-start; position: sticky; top: 3.5rem; overflow-y: auto;
  max-height: calc(100vh - 3.5rem); padding: 1.5rem 0.5rem 2rem clamp(1rem, 3vw, 2rem);
  font-size: 0.875rem;
}
.contents ul { list-style: none; margin: 0; padding: 0; border-left: 1px solid var(--line); }
.contents a {
  display: block; padding: 0.15rem 0.5rem 0.15rem 1.6rem; color: var(--faint);
  text-decoration: none; overflow-wrap: anywhere;
}
.contents .level-2 a { padding-left: 0.8rem; color: var(--ink); font-weight: 600; }
.contents li.level-2:not(:first-child) { margin-top: 0.6rem; }
.contents a:hover { color: var(--link); text-decoration: underline; }
h1, h2, h3, h4 { line-height: 1.25; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; margin: 1rem 0; }
h2 { font-size: 1.6rem; margin: 3.5rem 0 1rem; padding-top: 1.5rem; border-top: 1px solid var(--line); }
h3 { font-size: 1.2rem; margin: 3rem 0 0.8rem; }
h3:not([id]), h4 { font-size: 0.9375rem; margin: 1.6rem 0 0.4rem; }
h1 code, h2 code, h3 code { font-size: 0.95em; background: none; padding: 0; }
h1 + p { margin-top: -0.6rem; color: var(--faint); }
.anchor { color: var(--faint); font-weight: 400; text-decoration: none; opacity: 0; }
h2:hover .anchor, h3:hover .anchor, .anchor:focus { opacity: 1; }
:target, tr:target td { background: var(--mark); }
.comment { margin: 1rem 0; max-width: 46rem; }
.comment > :first-child, td p:first-of-type { margin-top: 0; }
.comment > :last-child, td p:last-child { margin-bottom: 0; }
blockquote { margin: 1rem 0; padding-left: 1rem; border-left: 3px solid var(--line); color: var(--faint); }
p { margin: 0.8rem 0; max-width: 46rem; }
code, pre { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
code {
  font-size: 0.875em; background: var(--shade); border-radius: 4px; padding: 0.1em 0.3em;
  overflow-wrap: break-word;
}
a code { color: inherit; background: none; padding: 0; }
pre {
  margin: 0.6rem 0 1.2rem; padding: 0.9rem 1rem; overflow-x: auto; background: var(--shade);
  border: 1px solid var(--line); border-radius: 8px; font-size: 0.8125rem; line-height: 1.55; tab-size: 4;
}
pre code { background: none; padding: 0; font-size: inherit; overflow-wrap: normal; }
.badge {
  display: inline-block; padding: 0 0.55em; border-radius: 1em; font-size: 0.75rem; font-weight: 600;
  line-height: 1.6; vertical-align: middle; white-space: nowrap; letter-spacing: 0.01em;
  background: var(--handler-bg); color: var(--handler);
}
.badge.service { background: var(--service-bg); color: var(--service); }
.badge.object { background: var(--object-bg); color: var(--object); }
.badge.workflow { background: var(--workflow-bg); color: var(--workflow); }
.badge.warning { background: var(--warning-bg); color: var(--warning); }
h3:not([id]) + table, h4 + table, h4 + pre { margin-top: 0; }
table { width: 100%; margin: 1rem 0 1.5rem; border-collapse: collapse; font-size: 0.9375rem; }
th {
  text-align: left; font-size: 0.8125rem; font-weight: 600; color: var(--faint);
  border-bottom: 1px solid var(--line); padding: 0.4rem 0.8rem 0.4rem 0;
}
td { padding: 0.5rem 0.8rem 0.5rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td p { margin: 0.4rem 0; }
.call { margin: 0 0 1rem; }
.call p { margin: 0.8rem 0 0.3rem; color: var(--faint); font-size: 0.9375rem; }
.call .language { color: var(--ink); font-weight: 600; }
@supports selector(:has(a)) { @media screen { .call .language { display: none; } } }
footer { padding: 2rem clamp(1rem, 3vw, 2rem); color: var(--faint); font-size: 0.875rem; border-top: 1px solid var(--line); }
pre .k { color: var(--keyword); }
pre .s { color: var(--string); }
pre .m { color: var(--number); }
pre .n { color: var(--name); }
pre .c { color: var(--comment); font-style: italic; }
@media (max-width: 62rem) {
  .columns { display: block; }
  .contents {
    position: static; max-height: 13rem; margin: 1rem clamp(1rem, 3vw, 2rem) 0; padding: 0.6rem 0;
    border: 1px solid var(--line); border-radius: 8px;
  }
  .contents ul { border: 0; }
}
@media (max-width: 44rem) {
  header { display: contents; }
  header nav { padding: 0.8rem 1rem 0.4rem; }
  .languages {
    position: sticky; top: 0; z-index: 2; flex-wrap: nowrap; overflow-x: auto;
    padding: 0.4rem 1rem; background: var(--paper); border-bottom: 1px solid var(--line);
  }
  .languages legend { white-space: nowrap; }
  html { scroll-padding-top: 3.5rem; }
  code { overflow-wrap: anywhere; }
  h2 { font-size: 1.4rem; margin-top: 2.5rem; }
  table, tbody, tr, td { display: block; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  tr { padding: 0.6rem 0; border-bottom: 1px solid var(--line); }
  td { display: grid; grid-template-columns: 6rem minmax(0, 1fr); gap: 0.6rem; padding: 0.15rem 0; border: 0; }
  td::before { content: attr(data-label); color: var(--faint); font-size: 0.8125rem; }
  td.empty { display: none; }
}
@media print {
  header, .contents, .skip, .anchor, footer { display: none; }
  body { font-size: 10pt; background: none; color: #000; }
  main { max-width: none; padding: 0; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; }
  pre, tr, .call { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
}
"""


def language_style(languages: Iterable[str]) -> str:
    """The style that shows the calls in the language that is chosen, and hides the others.

    Args:
        languages: their names, as in ids and classes.
    """
    return "".join(
        f"body:has(#in-{name}:checked) .call:not(.in-{name}) {{ display: none; }}\n"
        for name in languages
    )
