//! The page around the report: style for screen and paper, light and dark; nothing is loaded from anywhere.

/// Colours of controllers can be told apart by colour-blind readers (Okabe and Ito 2008) and, by dashes, without colours.
const STYLE: &str = "
:root { color-scheme: light dark; --ink: #1c2024; --faint: #60646c; --line: #d9d9e0; --paper: #fff; --soft: #f4f4f6; --good: #1a7048; --bad: #b92b2f;
  --adaptive: #0072b2; --fixed: #70747c; --webster: #c97f00; --actuated: #3e9fd6; --greedy: #b0568f; --max-pressure: #00845f; }
@media (prefers-color-scheme: dark) { :root { --ink: #edeef0; --faint: #b0b4ba; --line: #3a3f42; --paper: #151718; --soft: #1f2224; --good: #6fd39a; --bad: #ff9592;
  --adaptive: #6cb8ff; --fixed: #a6abb3; --webster: #f0b23c; --actuated: #8fd0f5; --greedy: #e39bc8; --max-pressure: #4fd0a5; } }
* { box-sizing: border-box; }
body { background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, 'Liberation Sans', sans-serif; margin: 0 auto; max-width: 66rem; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.8rem; line-height: 1.2; margin: 0 0 .3rem; } h2 { font-size: 1.35rem; margin: 2.6rem 0 .6rem; padding-top: .8rem; border-top: 2px solid var(--ink); }
h3 { font-size: 1.05rem; margin: 1.8rem 0 .3rem; } h4 { font-size: .95rem; margin: 1.2rem 0 .2rem; }
p { margin: .4rem 0 .8rem; max-width: 52rem; } p.caption, figcaption, .sub { color: var(--faint); font-size: 13px; } ul { max-width: 52rem; padding-left: 1.2rem; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; margin: .3rem 0 1rem; }
th, td { padding: .22rem .6rem; border-bottom: 1px solid var(--line); text-align: right; vertical-align: top; white-space: nowrap; }
th { white-space: normal; vertical-align: bottom; }
th { color: var(--faint); font-weight: 600; } th:first-child, td:first-child, td.name, td.note, td.prose, td.text, th.text { text-align: left; }
td.unit { color: var(--faint); text-align: left; } td.prose { white-space: normal; min-width: 24rem; } td.name { white-space: normal; min-width: 14rem; overflow-wrap: anywhere; } td.note { color: var(--faint); }
td.mono, .mono { font-family: ui-monospace, 'Liberation Mono', monospace; font-size: 11px; text-align: left; white-space: normal; overflow-wrap: anywhere; }
small { display: block; font-size: 11.5px; } small.same { color: var(--faint); } .good { color: var(--good); } .bad { color: var(--bad); } td.best { font-weight: 700; }
b.los { display: inline-block; width: 1.35em; text-align: center; border: 1px solid var(--line); border-radius: 3px; margin-right: .25em; } b.los-E, b.los-F { color: var(--bad); border-color: var(--bad); }
figure { margin: .6rem 0; break-inside: avoid; } figcaption:empty { display: none; } svg { max-width: 100%; height: auto; display: block; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(22rem, 1fr)); gap: .4rem 1.4rem; } .plot { width: 100%; }
.plot text { fill: var(--ink); font: 13px system-ui, 'Liberation Sans', sans-serif; } .plot .title { font-weight: 600; } .plot .tick { fill: var(--faint); font-size: 12px; }
.plot .grid { stroke: var(--line); stroke-width: 1; } .line { fill: none; stroke-width: 1.8; } .plot.whole { max-width: 760px; }
.legend { color: var(--ink); display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; font-size: 13px; margin: 1rem 0 .2rem; } .legend span { display: inline-flex; align-items: center; gap: .4rem; }
.c-adaptive { stroke: var(--adaptive); } .line.c-adaptive { stroke-width: 2.6; } .c-fixed { stroke: var(--fixed); } .c-webster { stroke: var(--webster); } .line.c-webster { stroke-dasharray: 7 3; }
.c-actuated { stroke: var(--actuated); } .line.c-actuated { stroke-dasharray: 2 3; } .c-greedy { stroke: var(--greedy); } .line.c-greedy { stroke-dasharray: 9 3 2 3; } .c-max-pressure { stroke: var(--max-pressure); } .line.c-max-pressure { stroke-dasharray: 4 4; }
.c-wanted { stroke: var(--ink); } .line.c-wanted { stroke-width: 1; } .dot { fill: var(--paper); stroke-width: 2.2; } .dot.c-adaptive { fill: var(--adaptive); } .dot.c-fixed { fill: var(--fixed); }
.plot line.line[x1] { stroke-dasharray: none; } .way { stroke-width: 2; } .way.good, .now.good { stroke: var(--good); } .way.bad, .now.bad { stroke: var(--bad); } .way.unclear, .now.unclear { stroke: var(--fixed); }
.now.good { fill: var(--good); } .now.bad { fill: var(--bad); } .now.unclear { fill: var(--fixed); } .before { fill: var(--paper); stroke: var(--ink); stroke-width: 1.4; }
.sign { display: grid; grid-template-columns: 1fr 1fr 10rem; gap: 2.6rem 1.6rem; margin-top: 3rem; } .sign div { border-top: 1px solid var(--ink); color: var(--faint); font-size: 13px; padding-top: .2rem; }
.warn { border-left: 4px solid var(--bad); background: var(--soft); padding: .5rem .8rem; }
@page { size: A4; margin: 14mm 13mm 16mm; @bottom-right { content: counter(page) ' / ' counter(pages); font: 8pt sans-serif; } @bottom-left { content: 'lightwatch: comparison of signal control'; font: 8pt sans-serif; } }
@media print { :root { color-scheme: light; --ink: #000; --faint: #444; --line: #bbb; --paper: #fff; --soft: #f2f2f2; --good: #0f5c38; --bad: #a01d21;
  --adaptive: #005a8e; --fixed: #666; --webster: #a86a00; --actuated: #2a7fb0; --greedy: #8d3f70; --max-pressure: #006b4d; }
  body { font-size: 9.5pt; line-height: 1.4; max-width: none; padding: 0; } h1 { font-size: 18pt; } h2 { font-size: 13pt; margin-top: 0; } section.place { break-before: page; } h3 { font-size: 10.5pt; } h2, h3, h4 { break-after: avoid; } p.caption { break-after: avoid; }
  table { font-size: 7.6pt; width: 100%; } small { font-size: 6.8pt; } th, td { padding: .1rem .28rem; } tr, .sign { break-inside: avoid; } thead { display: table-header-group; } .wide { overflow: visible; }
  td.name, td.prose { min-width: 0; } th { white-space: normal; } p.caption, figcaption { font-size: 7.8pt; } .charts { grid-template-columns: 1fr 1fr; gap: 0 5mm; } * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
";

/// The whole file.
pub fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{0}</title><style>{STYLE}</style></head><body>\n{body}</body></html>\n",
        super::words::safe(title)
    )
}
