//! The report as one HTML page that needs nothing else: style and plots inside, light or dark as the reader has it, fit for
//! paper.

use super::Block;
use quick_xml::escape::escape;

const STYLE: &str = "
:root { color-scheme: light dark; --ink: #1c2024; --faint: #60646c; --line: #d9d9e0; --paper: #fff; --ours: #0d74ce; --theirs: #8b8d98; --bad: #ce2c31; --good: #218358; }
@media (prefers-color-scheme: dark) { :root { --ink: #edeef0; --faint: #b0b4ba; --line: #3a3f42; --paper: #151718; --ours: #70b8ff; --theirs: #7e868c; --bad: #ff9592; --good: #71d083; } }
body { background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 76rem; padding: 0 1rem; }
h1 { font-size: 1.7rem; } h2 { font-size: 1.2rem; margin-top: 2.2rem; }
p { max-width: 60rem; color: var(--faint); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 13px; }
th, td { padding: .25rem .6rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; } th { color: var(--faint); font-weight: 600; }
tr.ours td { color: var(--ours); font-weight: 600; } td.missed { color: var(--bad); } td.met { color: var(--good); }
figure { margin: 1rem 0; } figcaption { color: var(--faint); font-size: 13px; }
svg { max-width: 100%; height: auto; } svg text { fill: var(--ink); font: 12px system-ui, sans-serif; } svg .faint { fill: var(--faint); }
svg .ours { fill: var(--ours); } svg .theirs { fill: var(--theirs); } svg .seed { fill: var(--ink); } svg .bad { fill: var(--bad); } svg line { stroke: var(--line); } svg .floor { stroke: var(--good); stroke-dasharray: 3 3; }
@media print { :root { --ink: #000; --faint: #444; --line: #ccc; --paper: #fff; --ours: #0d4f94; --theirs: #999; --bad: #b00; --good: #161; } body { margin: 0; max-width: none; font-size: 10pt; } h2, tr, figure { break-inside: avoid; } h2 { break-after: avoid; } table { font-size: 8pt; } th, td { white-space: normal; padding: .15rem .3rem; } }
";

/// The whole file.
pub fn page(blocks: &[Block]) -> String {
    let title = blocks.iter().find_map(|block| match block {
        Block::Title(text) => Some(text.as_str()),
        _ => None,
    });
    let body: String = blocks.iter().map(block).collect();
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{}</title><style>{STYLE}</style></head><body>\n{body}</body></html>\n",
        escape(title.unwrap_or_default())
    )
}

fn block(block: &Block) -> String {
    match block {
        Block::Title(text) => format!("<h1>{}</h1>\n", escape(text.as_str())),
        Block::Heading(text) => format!("<h2>{}</h2>\n", escape(text.as_str())),
        Block::Text(text) => format!("<p>{}</p>\n", emphasised(text)),
        Block::Plot(caption, svg) => {
            format!("<figure>{svg}<figcaption>{}</figcaption></figure>\n", escape(caption.as_str()))
        }
        Block::Table(titles, rows) => {
            let titles: Vec<String> = titles.iter().map(|it| format!("<th>{}</th>", escape(it.as_str()))).collect();
            let titles = titles.concat();
            let rows: String = rows.iter().map(|row| table_row(row)).collect();
            format!("<div class=\"wide\"><table><thead><tr>{titles}</tr></thead><tbody>{rows}</tbody></table></div>\n")
        }
    }
}

fn table_row(cells: &[String]) -> String {
    let ours = if cells.first().is_some_and(|it| it == "adaptive") { " class=\"ours\"" } else { "" };
    let cell = |it: &String| {
        let class = if ["met", "missed"].contains(&it.as_str()) { format!(" class=\"{it}\"") } else { String::new() };
        format!("<td{class}>{}</td>", escape(it.as_str()))
    };
    format!("<tr{ours}>{}</tr>\n", cells.iter().map(cell).collect::<String>())
}

/// Text in which `*word*` is emphasised.
fn emphasised(text: &str) -> String {
    let pieces = text.split('*').enumerate();
    let piece = |(at, it): (usize, &str)| {
        if at % 2 == 1 { format!("<em>{}</em>", escape(it)) } else { escape(it).into_owned() }
    };
    pieces.map(piece).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_whole_escapes_what_it_is_given_and_loads_nothing() {
        let blocks = [
            Block::Title("a < b".into()),
            Block::Text("the *floor* & more".into()),
            Block::Table(vec![String::new(), "x".into()], vec![vec!["adaptive".into(), "missed".into()]]),
            Block::Plot("a plot".into(), "<svg></svg>".into()),
        ];
        let text = page(&blocks);
        for it in
            ["<h1>a &lt; b</h1>", "<em>floor</em> &amp; more", "<tr class=\"ours\">", "<td class=\"missed\">", "<svg>"]
        {
            assert!(text.contains(it), "{it}\n{text}");
        }
        assert!(!text.contains("http") && !text.contains("<script") && text.ends_with("</html>\n"));
    }
}
