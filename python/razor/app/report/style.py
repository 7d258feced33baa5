"""How the HTML report looks: light and dark, from a phone to a wide screen.

Owns: :data:`STYLE`, the text of the page's one style sheet, and the names of the colours that the
plots draw with. Must never: import a font, a picture or another sheet.
"""

__all__ = ["STYLE"]

# No character that XML would read as markup stands in here.
STYLE = """
:root {
  color-scheme: light dark;
  --ink: #1b1f24; --soft: #57606a; --paper: #ffffff; --panel: #f4f6f8; --rule: #d0d7de;
  --frozen: #0a5dc2; --venue: #b35900; --loss: #b42318; --limit: #6e40c9;
  --good: #116329; --good-panel: #e6f4ea; --bad: #a40e26; --bad-panel: #fdecec;
  --open: #7a4d00; --open-panel: #fff4d6;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e6e9ed; --soft: #9aa4af; --paper: #0f1318; --panel: #181e25; --rule: #323b45;
    --frozen: #6cb0ff; --venue: #ffb066; --loss: #ff8a80; --limit: #c9a6ff;
    --good: #7ee2a0; --good-panel: #11301d; --bad: #ffa198; --bad-panel: #3b1618;
    --open: #ffd479; --open-panel: #352a10;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0 auto; padding: 1.25rem 1rem 4rem; max-width: 72rem;
  background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
}
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 .25rem; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 .5rem; padding-top: .5rem;
  border-top: 1px solid var(--rule); }
h3 { font-size: 1rem; margin: 1.5rem 0 .4rem; }
p, ul { margin: .4rem 0; }
ul { padding-left: 1.25rem; }
.subtitle, .note, .sample, figcaption, .unit { color: var(--soft); font-size: .875rem; }
.subtitle, li, p, figcaption { overflow-wrap: anywhere; }
.sample { font-weight: 400; }
.notice { border: 2px solid var(--bad); background: var(--bad-panel); color: var(--bad);
  border-radius: .5rem; padding: .6rem .8rem; margin: 1rem 0; }
.banner { display: grid; gap: 1rem; margin: 1rem 0;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); }
.card { border: 2px solid; border-radius: .75rem; padding: .8rem 1rem; }
.card ul { color: var(--ink); }
.card .label { margin: 0; font-size: .875rem; text-transform: uppercase; letter-spacing: .06em; }
.card .word { margin: 0 0 .3rem; font-size: 1.9rem; font-weight: 800; line-height: 1.15; }
.good { color: var(--good); background: var(--good-panel); border-color: var(--good); }
.bad { color: var(--bad); background: var(--bad-panel); border-color: var(--bad); }
.open { color: var(--open); background: var(--open-panel); border-color: var(--open); }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1rem; font-size: .9rem; }
nav a { color: var(--frozen); padding: .2rem 0; }
.scroll { overflow-x: auto; border: 1px solid var(--rule); border-radius: .5rem; }
table { border-collapse: collapse; width: 100%; font-size: .875rem; }
th, td { padding: .35rem .6rem; text-align: left; vertical-align: top; }
th { background: var(--panel); border-bottom: 1px solid var(--rule); line-height: 1.25; }
tr + tr td { border-top: 1px solid var(--rule); }
th .unit { display: block; font-weight: 400; font-size: .75rem; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.id, td.code { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: .75rem;
  max-width: 31rem; min-width: 6rem; overflow-wrap: anywhere; }
td.text { min-width: 14rem; }
.loss { color: var(--loss); }
.nothing { border: 1px dashed var(--rule); border-radius: .5rem; padding: 1rem; text-align: center;
  color: var(--soft); }
.gallery { display: grid; gap: 1.25rem;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); }
figure { margin: 0; padding: .5rem .75rem .75rem; background: var(--panel);
  border-radius: .5rem; min-width: 0; }
figure h3 { margin: .25rem 0; }
figure svg { display: block; width: 100%; height: auto; }
figure text { fill: var(--soft); }
.every-page { display: none; }
@media print {
  @page { margin: 15mm 12mm 22mm; }
  .every-page { display: block; position: fixed; bottom: 0; left: 0; right: 0; margin: 0;
    font-size: 8pt; max-height: 3em; overflow: hidden; background: #fff; color: #000;
    border-top: 1px solid #000; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  nav { display: none; }
  .scroll { overflow: visible; }
  h2, h3, figure { break-after: avoid; break-inside: avoid; }
}
"""
