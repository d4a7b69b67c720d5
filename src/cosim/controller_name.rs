//! Who decides what the lamps show: the controllers that a run can be given, by their names on the command line, in
//! scenarios and in records.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A controller by its name on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum ControllerName {
    /// The rolling-horizon search on counts.
    Adaptive,
    /// The street's own programmes.
    Fixed,
    /// Webster's programmes from the demand, coordinated.
    Webster,
    /// Every intersection actuated by itself on the same stages, greens of 5…60 s.
    Actuated,
    /// RESCO's MAXWAVE: most vehicles within 50 m.
    Greedy,
    /// RESCO's MAXPRESSURE: largest difference of queues.
    MaxPressure,
}

impl ControllerName {
    /// Whether the street looks after itself and the engine has no part.
    pub const fn is_streets_own(self) -> bool {
        matches!(self, Self::Fixed | Self::Actuated)
    }

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Adaptive => "adaptive",
            Self::Fixed => "fixed",
            Self::Webster => "webster",
            Self::Actuated => "actuated",
            Self::Greedy => "greedy",
            Self::MaxPressure => "max-pressure",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum as _;

    #[test]
    fn the_name_is_the_same_on_the_command_line_in_files_and_in_records() {
        for controller in ControllerName::value_variants() {
            let command_line = controller.to_possible_value().map(|it| it.get_name().to_owned());
            assert_eq!(command_line.as_deref(), Some(controller.name()));
            assert_eq!(serde_json::to_value(controller).unwrap(), controller.name());
        }
    }
}
