//! Figures as text for people, and the pieces of HTML that they stand in.

use crate::statistics::Interval;
use quick_xml::escape::escape;

/// A number with so many decimals and a true minus sign.
pub fn number(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let is_zero = text.chars().all(|it| matches!(it, '-' | '0' | '.'));
    match text.strip_prefix('-') {
        Some(rest) if is_zero => rest.to_owned(),
        Some(rest) => format!("−{rest}"),
        None => text,
    }
}

/// A number with its sign.
pub fn signed(value: f64, decimals: usize) -> String {
    let text = number(value, decimals);
    if value > 0.0 && text.chars().any(|it| ('1'..='9').contains(&it)) { format!("+{text}") } else { text }
}

/// Half the width of an interval; nothing where one seed has none.
fn half(interval: Interval, decimals: usize) -> String {
    if interval.half.is_finite() && interval.half > 1e-9 {
        format!(" ± {}", number(interval.half, decimals))
    } else {
        String::new()
    }
}

/// A mean with its interval.
pub fn mean(interval: Interval, decimals: usize) -> String {
    number(interval.mean, decimals) + &half(interval, decimals)
}

/// A difference with its interval.
pub fn difference(interval: Interval, decimals: usize) -> String {
    signed(interval.mean, decimals) + &half(interval, decimals)
}

/// Hours and minutes of a second of a day.
pub fn clock(second: i64) -> String {
    format!("{:02}:{:02}", second.div_euclid(3600).rem_euclid(24), second.div_euclid(60).rem_euclid(60))
}

/// Text in HTML.
pub fn safe(text: &str) -> String {
    escape(text).into_owned()
}

/// One cell: its HTML, and the class that says how it looks.
pub type Html = (String, &'static str);

/// Classes of columns that hold text.
const TEXTS: [&str; 6] = ["unit", "name", "text", "mono", "prose", "note"];

/// A plain cell.
pub fn plain(text: impl AsRef<str>) -> Html {
    (safe(text.as_ref()), "")
}

/// A table.
pub fn table(titles: &[&str], rows: &[Vec<Html>]) -> String {
    let of = |at: usize| rows.first().and_then(|row| row.get(at)).map_or("", |cell| cell.1);
    let class = |at: usize| if TEXTS.contains(&of(at)) { " class=\"text\"" } else { "" };
    let head = titles.iter().enumerate().map(|(at, it)| format!("<th{}>{}</th>", class(at), safe(it)));
    let head: String = head.collect();
    let cell = |(text, class): &Html| {
        if class.is_empty() { format!("<td>{text}</td>") } else { format!("<td class=\"{class}\">{text}</td>") }
    };
    let row = |row: &Vec<Html>| format!("<tr>{}</tr>\n", row.iter().map(cell).collect::<String>());
    let rows: Vec<String> = rows.iter().map(row).collect();
    let rows = rows.concat();
    format!("<div class=\"wide\"><table><thead><tr>{head}</tr></thead><tbody>\n{rows}</tbody></table></div>\n")
}

/// A drawing with what it shows.
pub fn figure(svg: &str, caption: &str) -> String {
    format!("<figure>{svg}<figcaption>{}</figcaption></figure>\n", safe(caption))
}

/// A paragraph.
pub fn text(text: &str) -> String {
    format!("<p>{}</p>\n", safe(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_their_sign_and_nothing_is_no_minus_nothing() {
        assert_eq!(
            (number(-1.25, 1).as_str(), number(-0.01, 1).as_str(), signed(0.04, 1).as_str()),
            ("−1.2", "0.0", "0.0")
        );
        assert_eq!(difference(Interval { mean: 2.0, half: 0.5 }, 1), "+2.0 ± 0.5");
        assert_eq!(mean(Interval { mean: 2.0, half: f64::INFINITY }, 1), "2.0");
        assert_eq!((clock(25_230).as_str(), clock(0).as_str()), ("07:00", "00:00"));
        assert!(
            table(&["a<b"], &[vec![plain("&"), ("x".into(), "good")]])
                .contains("a&lt;b</th></tr></thead><tbody>\n<tr><td>&amp;</td><td class=\"good\">x")
        );
    }
}
