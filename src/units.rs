//! What a lamp shows, and the numbers of traffic: the small vocabulary that every other module speaks.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the driver of one signal group sees.
///
/// The letters are SUMO's, so that a lamp string reads the same in a plan, in a SUMO file and in a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Indication {
    /// `r`: stop.
    #[serde(rename = "r")]
    Red,
    /// `s`: stop, then turn right when the way is free (right turn on red, green-arrow plate).
    #[serde(rename = "s")]
    RedTurnAllowed,
    /// `u`: red and yellow together, get ready.
    #[serde(rename = "u")]
    RedYellow,
    /// `y`: yellow change interval, stop if you can.
    #[serde(rename = "y")]
    Yellow,
    /// `g`: go, yielding to conflicting traffic (permissive green).
    #[serde(rename = "g")]
    Permissive,
    /// `G`: go, conflicting traffic is stopped or yields (protected green).
    #[serde(rename = "G")]
    Protected,
    /// `o`: flashing yellow, the cabinet's fallback; never commanded by a plan.
    #[serde(rename = "o")]
    FlashingYellow,
    /// `O`: dark.
    #[serde(rename = "O")]
    Dark,
}

impl Indication {
    /// Every indication, for tests and schemas.
    pub const ALL: [Self; 8] = [
        Self::Red,
        Self::RedTurnAllowed,
        Self::RedYellow,
        Self::Yellow,
        Self::Permissive,
        Self::Protected,
        Self::FlashingYellow,
        Self::Dark,
    ];

    /// The letter in a lamp string.
    pub const fn letter(self) -> char {
        match self {
            Self::Red => 'r',
            Self::RedTurnAllowed => 's',
            Self::RedYellow => 'u',
            Self::Yellow => 'y',
            Self::Permissive => 'g',
            Self::Protected => 'G',
            Self::FlashingYellow => 'o',
            Self::Dark => 'O',
        }
    }

    /// The indication of a letter, `None` for a letter that is none.
    pub fn from_letter(letter: char) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.letter() == letter)
    }

    /// Whether vehicles may go (protected or permissive green).
    pub const fn is_green(self) -> bool {
        matches!(self, Self::Permissive | Self::Protected)
    }

    /// Whether vehicles must stop at the line (red, or red with a turn allowed after stopping).
    pub const fn is_red(self) -> bool {
        matches!(self, Self::Red | Self::RedTurnAllowed | Self::RedYellow)
    }
}

/// A lamp string, one letter per signal group.
pub fn lamps_to_string(lamps: &[Indication]) -> String {
    lamps.iter().map(|lamp| lamp.letter()).collect()
}

/// The lamps of a string; the first letter that is none comes back as the error.
pub fn lamps_from_str(text: &str) -> Result<Vec<Indication>, char> {
    text.chars().map(|letter| Indication::from_letter(letter).ok_or(letter)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_indication_survives_its_letter() {
        for lamp in Indication::ALL {
            assert_eq!(Indication::from_letter(lamp.letter()), Some(lamp));
        }
        assert_eq!(Indication::from_letter('x'), None);
    }

    #[test]
    fn a_lamp_string_names_the_letter_it_does_not_know() {
        assert_eq!(lamps_from_str("Grq"), Err('q'));
        assert_eq!(lamps_to_string(&lamps_from_str("GgyrsuoO").unwrap()), "GgyrsuoO");
    }
}
