//! What a field controller says about itself once a second: lamps, since when, who is in charge, which plan it obeys.

use super::Shown;
use crate::ids::IntersectionId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The report of one field controller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateReport {
    /// Whose report it is.
    pub intersection: IntersectionId,
    /// Configuration that the controller runs.
    pub config_hash: String,
    /// Lamps, stage and since when; `shown.at` is the instant of the report.
    pub shown: Shown,
    /// Who is in charge.
    pub mode: FieldMode,
    /// The plan that is being obeyed, or was the last one obeyed.
    pub applied: Option<PlanRef>,
    /// Stable name of the reason why the newest plan was refused; `None` when it was accepted or none came.
    pub refused: Option<String>,
    /// Fresh number; a plan must echo one that was sent lately. At most [`StateReport::NONCE_MAX`].
    pub nonce: u64,
}

impl StateReport {
    /// Largest nonce, epoch and sequence number: what every JSON reader keeps exactly (2⁵³ − 1, RFC 7493).
    pub const NONCE_MAX: u64 = (1 << 53) - 1;
}

/// Which plan: author's epoch and number within it. Ordered, the later plan is the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct PlanRef {
    /// Fencing number of the author.
    #[schemars(range(max = 9_007_199_254_740_991_u64))]
    pub epoch: u64,
    /// Number within the epoch.
    #[schemars(range(max = 9_007_199_254_740_991_u64))]
    pub seq: u64,
}

/// Who is in charge of the lamps, from the best to the last resort.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FieldMode {
    /// Obeys leased plans.
    Remote,
    /// No lease: local actuated control.
    LocalActuated,
    /// No lease and no usable detectors: local fixed-time programme.
    LocalFixed,
    /// Everything red: start-up.
    AllRed,
    /// Flashing yellow: nothing else is left.
    Flash,
}

impl FieldMode {
    /// Every mode, for schemas and tests.
    pub const ALL: [Self; 5] = [Self::Remote, Self::LocalActuated, Self::LocalFixed, Self::AllRed, Self::Flash];

    /// GB/T 20999-2017 control-mode code (as open implementations use them).
    pub const fn gbt20999(self) -> u8 {
        match self {
            Self::Remote => 0x10,
            Self::LocalActuated => 0x22,
            Self::LocalFixed => 0x21,
            Self::Flash => 0x31,
            Self::AllRed => 0x32,
        }
    }

    /// Whether the controller runs on its own.
    pub const fn is_local(self) -> bool {
        !matches!(self, Self::Remote)
    }
}
