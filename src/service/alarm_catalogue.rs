//! What each alarm means and what to do about it, for whoever is woken by it.
//!
//! In: the stable name of an alarm. Out: title, cause, advice, and the fault type of GB/T 20999-2017 where one says the same. The
//! longer words are in `docs/runbook.md`; tests hold this table, that page and the codes that the engine can raise against each other.
//! Fault types are those of annex A.2.14 as open implementations use them (the standard itself was not at hand); where none means the
//! same thing there is none here.

/// What is known of an alarm before it is raised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Stable name.
    pub code: &'static str,
    /// A few words.
    pub title: &'static str,
    /// What it usually comes from.
    pub cause: &'static str,
    /// What to do first.
    pub advice: &'static str,
    /// Fault type of GB/T 20999-2017.
    pub gbt20999: Option<u8>,
}

/// Communication fault.
const COMMUNICATION: u8 = 0x30;
/// Detector fault.
const DETECTOR: u8 = 0x41;

/// Every alarm that the engine raises, in order of its name.
pub const CATALOGUE: [Entry; 4] = [
    Entry {
        code: "counts_stale",
        title: "Counts are stale",
        cause: "Some or all lanes were not heard for longer than the patience: a detector, its station or the line to it.",
        advice: "The engine goes on with aged counts, without any with the programme. See which lanes are silent, then call detector service.",
        gbt20999: Some(DETECTOR),
    },
    Entry {
        code: "field_local",
        title: "Field controller runs on its own",
        cause: "It has no plan that it may obey: no lease in time, a plan refused by its own gate, or the way back from a fault.",
        advice: "Traffic is served by local control. Read the last refusal: a wrong configuration needs an engineer, a lost line ends by itself.",
        gbt20999: None,
    },
    Entry {
        code: "field_silent",
        title: "Field controller is silent",
        cause: "No report for longer than the patience: the line, the broker, the cabinet's power or the controller.",
        advice: "It has gone to local control by itself within 3 s of the last plan. Many at once: look at the broker. One: call field service.",
        gbt20999: Some(COMMUNICATION),
    },
    Entry {
        code: "gate_refused",
        title: "The gate refused the engine's own plan",
        cause: "A defect of the planner, or a network file that contradicts itself.",
        advice: "Nothing unsafe was sent; a simpler plan was. Run the programme by hand if it stays, keep the recording, tell the developers.",
        gbt20999: None,
    },
];

/// What is known of a code; `None` for one that somebody else has raised.
pub fn entry(code: &str) -> Option<&'static Entry> {
    CATALOGUE.iter().find(|it| it.code == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_stands_once_in_order_and_says_something() {
        assert!(CATALOGUE.windows(2).all(|pair| pair[0].code < pair[1].code));
        for it in &CATALOGUE {
            assert!([it.title, it.cause, it.advice].iter().all(|text| text.len() > 10), "{}", it.code);
            assert_eq!(entry(it.code), Some(it));
        }
        assert_eq!(entry("elsewhere"), None);
    }
}
