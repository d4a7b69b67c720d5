//! The report as Markdown; plots are left to the page.

use super::Block;

/// The whole file.
pub fn markdown(blocks: &[Block]) -> String {
    blocks.iter().map(block).collect::<Vec<_>>().join("\n")
}

fn block(block: &Block) -> String {
    match block {
        Block::Title(text) => format!("# {text}\n"),
        Block::Heading(text) => format!("## {text}\n"),
        Block::Text(text) => format!("{text}\n"),
        Block::Plot(..) => String::new(),
        Block::Table(titles, rows) => {
            let line = |cells: &[String]| {
                let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
                format!("| {} |\n", cells.join(" | "))
            };
            let rule = format!("|---|{}\n", "---:|".repeat(titles.len().saturating_sub(1)));
            line(titles) + &rule + &rows.iter().map(|row| line(row)).collect::<String>()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_a_rule_of_its_width_and_no_stray_bars() {
        let text = |it: &str| it.to_owned();
        let table = Block::Table(vec![text("a"), text("b")], vec![vec![text("x|y"), text("1")]]);
        assert_eq!(markdown(&[Block::Title(text("t")), table]), "# t\n\n| a | b |\n|---|---:|\n| x\\|y | 1 |\n");
    }
}
