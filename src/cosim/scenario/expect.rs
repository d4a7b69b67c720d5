//! What a scenario expects: bounds of measures, and comparisons of controllers.

use super::file::BoundFile;
use crate::cosim::controller_name::ControllerName;
use crate::network::Problems;
use std::collections::BTreeMap;
use std::fmt;

/// A range, ends included; an open end is infinite.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bound {
    least: f64,
    most: f64,
}

impl Bound {
    /// A bound as written, `None` when it cannot be read.
    pub fn parse(file: &BoundFile) -> Option<Self> {
        let number = |text: &str, open: f64| {
            let text = text.trim();
            if text.is_empty() { Some(open) } else { text.parse().ok() }
        };
        let (least, most) = match file {
            BoundFile::Number(only) => (*only, *only),
            BoundFile::Range(text) => match text.split_once("..") {
                Some((least, most)) => (number(least, f64::NEG_INFINITY)?, number(most, f64::INFINITY)?),
                None => (text.trim().parse().ok()?, text.trim().parse().ok()?),
            },
        };
        (least <= most && (least.is_finite() || most.is_finite())).then_some(Self { least, most })
    }

    /// Whether a value lies in it.
    pub fn holds(self, value: f64) -> bool {
        self.least <= value && value <= self.most
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.least.is_finite(), self.most.is_finite()) {
            (true, true) if self.least.total_cmp(&self.most).is_eq() => write!(f, "{}", self.least),
            (true, true) => write!(f, "{}..{}", self.least, self.most),
            (true, false) => write!(f, "{}..", self.least),
            _ => write!(f, "..{}", self.most),
        }
    }
}

/// What runs of a controller shall be like.
pub type Expected = BTreeMap<ControllerName, BTreeMap<String, Bound>>;

/// A comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Versus {
    /// Who is compared.
    pub controller: ControllerName,
    /// With whom.
    pub against: ControllerName,
    /// By which measure.
    pub measure: String,
    /// Change in per cent.
    pub change: Bound,
}

/// Measures of a run by name.
pub type Measures = BTreeMap<String, f64>;

/// How an expectation fared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it is met.
    pub holds: bool,
    /// What was measured and what was expected.
    pub text: String,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", if self.holds { "as expected" } else { "missed" }, self.text)
    }
}

impl Versus {
    /// How two runs on the same seed compare; `None` for a measure that they do not have.
    pub fn judge(&self, own: &Measures, other: &Measures) -> Option<Verdict> {
        let (own, other) = (*own.get(&self.measure)?, *other.get(&self.measure)?);
        let change = if own.total_cmp(&other).is_eq() { 0.0 } else { 100.0 * (own - other) / other };
        let (one, two) = (self.controller.name(), self.against.name());
        let measure = &self.measure;
        let text = format!("{one} {measure} {own}, {two} {other}: {change:+.1} %, expected {} %", self.change);
        Some(Verdict { holds: self.change.holds(change), text })
    }
}

/// How the measures of a run lie to their bounds.
pub fn judge(bounds: &BTreeMap<String, Bound>, measures: &Measures) -> Vec<Verdict> {
    let judged = |(measure, bound): (&String, &Bound)| {
        let value = measures.get(measure)?;
        Some(Verdict { holds: bound.holds(*value), text: format!("{measure} is {value}, expected {bound}") })
    };
    bounds.iter().filter_map(judged).collect()
}

/// Read a bound of a measure; `measures` are the known ones.
pub(super) fn checked(
    place: &str,
    measure: &str,
    bound: &BoundFile,
    measures: &[&str],
    problems: &mut Problems,
) -> Option<Bound> {
    if !measures.contains(&measure) {
        problems.push(place, format_args!("unknown measure `{measure}`"), measures.join(", "));
    }
    let read = Bound::parse(bound);
    if read.is_none() {
        problems.push(place, format_args!("{bound:?}"), "a number, \"..MOST\", \"LEAST..\" or \"LEAST..MOST\"");
    }
    read
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bound(text: &str) -> Option<Bound> {
        Bound::parse(&BoundFile::Range(text.to_owned()))
    }

    #[test]
    fn a_bound_is_open_closed_or_one_number() {
        assert!(bound("..40").unwrap().holds(40.0) && !bound("..40").unwrap().holds(40.1));
        assert!(bound("0.95..").unwrap().holds(1.0) && !bound("0.95..").unwrap().holds(0.9));
        assert!(bound("3..5").unwrap().holds(4.0) && !bound("3..5").unwrap().holds(5.5));
        assert!(bound("0").unwrap().holds(0.0) && !bound("0").unwrap().holds(1.0));
        for wrong in ["..", "5..3", "few", "1..x"] {
            assert_eq!(bound(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_met_or_missed_is_said_with_value_and_bound() {
        let bounds = BTreeMap::from([("delay_s".to_owned(), bound("..40").unwrap())]);
        let told = |delay_s| judge(&bounds, &BTreeMap::from([("delay_s".to_owned(), delay_s)]))[0].to_string();
        assert_eq!(told(41.5), "missed: delay_s is 41.5, expected ..40");
        assert_eq!(told(39.5), "as expected: delay_s is 39.5, expected ..40");
    }

    #[test]
    fn a_comparison_is_in_per_cent_of_the_other_one() {
        let (controller, against) = (ControllerName::Adaptive, ControllerName::Fixed);
        let versus = Versus { controller, against, measure: "delay_s".into(), change: bound("..-10").unwrap() };
        let delay = |value| BTreeMap::from([("delay_s".to_owned(), value)]);
        assert!(versus.judge(&delay(18.0), &delay(20.0)).unwrap().holds);
        let missed = versus.judge(&delay(19.0), &delay(20.0)).unwrap().to_string();
        assert_eq!(missed, "missed: adaptive delay_s 19, fixed 20: -5.0 %, expected ..-10 %");
        assert_eq!(versus.judge(&delay(19.0), &BTreeMap::new()), None);
    }
}
