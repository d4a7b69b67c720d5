//! The first line of a recording: form, program, settings and their digest, seed, period, network.
//!
//! Every segment begins with it. [`Header::FORMAT`] grows when a reader of the old form would misread the new one; a new optional field
//! needs no new form.

use crate::controller::{Memory, Settings};
use crate::network::file::NetworkFile;
use crate::network::{Network, Problems};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// What was run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// Form of the log.
    #[serde(rename = "lightwatch_events")]
    pub format: u32,
    /// Version of the program that wrote it.
    pub program: String,
    /// Name of the scenario or file that was run.
    pub scenario: String,
    /// Who decided.
    pub controller: String,
    /// Seed of demand and drivers.
    pub seed: u64,
    /// First second.
    pub begin_s: i64,
    /// First second that was not run; `None` where nobody knew when it would end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_s: Option<i64>,
    /// Number of this segment in its folder, from 1.
    #[serde(default = "first")]
    pub segment: u32,
    /// Whether the run began in an earlier segment.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub continues: bool,
    /// In which order the lines stand.
    #[serde(default)]
    pub order: Order,
    /// Settings of the engine's controllers: one for all, or one an intersection; none where no engine had a part.
    pub settings: Vec<Settings>,
    /// SHA-256 of the settings as JSON, in hex digits.
    pub settings_digest: String,
    /// What the controllers began with; those that are not named had learned nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub memories: Vec<Memory>,
    /// Whether the controllers heard their neighbours.
    pub neighbours: bool,
    /// Id and configuration hash of each intersection, in the order of the network.
    pub intersections: Vec<(String, String)>,
    /// The street as the engine knew it.
    pub network: NetworkFile,
}

/// In which order the lines of a recording stand; see [`super::event`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Second by second, for a run in simulated time.
    #[default]
    Seconds,
    /// As each controller heard it.
    AsHeard,
}

const fn first() -> u32 {
    1
}

/// What a run says of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Name of the scenario or file.
    pub scenario: String,
    /// Who decides.
    pub controller: String,
    /// Seed of demand and drivers.
    pub seed: u64,
    /// First second and first second that is not run, where that is known.
    pub period_s: (i64, Option<i64>),
    /// In which order the lines stand.
    pub order: Order,
    /// Settings of the engine's controllers, in the order of the network; empty where no engine has a part. What stands there for an
    /// intersection of another engine is of no account: no controller of it is driven again, for it never decides.
    pub settings: Vec<Settings>,
    /// What the controllers begin with, in any order.
    pub memories: Vec<Memory>,
    /// Whether the controllers hear their neighbours.
    pub neighbours: bool,
}

impl Header {
    /// The form that this program writes.
    pub const FORMAT: u32 = 3;
    /// The oldest form that it reads: one file, `events.jsonl`, of a run in simulated time.
    pub const OLDEST: u32 = 2;

    /// The header of a run on a network.
    pub fn new(network: &Network, run: Run) -> Self {
        let Run { scenario, controller, seed, period_s, order, mut settings, memories, neighbours } = run;
        if settings.windows(2).all(|pair| pair[0] == pair[1]) {
            settings.truncate(1);
        }
        Self {
            format: Self::FORMAT,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            scenario,
            controller,
            seed,
            begin_s: period_s.0,
            end_s: period_s.1,
            segment: 1,
            continues: false,
            order,
            settings_digest: digest(&serde_json::to_string(&settings).expect("settings are numbers and names")),
            settings,
            memories,
            neighbours,
            intersections: network
                .intersections
                .iter()
                .map(|it| (it.id.as_str().to_owned(), it.config_hash.clone()))
                .collect(),
            network: network.to_file(),
        }
    }

    /// Whether another header is that of a later segment of the same run.
    pub fn is_continued_by(&self, later: &Self) -> bool {
        let same = |it: &Self| (it.seed, it.begin_s, it.order, it.format);
        later.continues
            && later.segment == self.segment + 1
            && same(self) == same(later)
            && self.settings_digest == later.settings_digest
            && self.intersections == later.intersections
    }

    /// Settings of the controller of an intersection; `None` where no engine had a part.
    pub fn settings_of(&self, ix: usize) -> Option<&Settings> {
        if self.settings.len() == 1 { self.settings.first() } else { self.settings.get(ix) }
    }

    /// The network, the same as was recorded.
    ///
    /// # Errors
    /// What is not sound in it, or which intersections are not as they were.
    pub fn build(&self) -> Result<Network, Problems> {
        let network = Network::build(self.network.clone())?;
        let mut problems = Problems::default();
        for (position, (id, hash)) in self.intersections.iter().enumerate() {
            let found = network.intersections.get(position);
            if found.is_none_or(|it| it.id.as_str() != id || &it.config_hash != hash) {
                let found = found.map_or("nothing".to_owned(), |it| format!("{} with hash {}", it.id, it.config_hash));
                problems.push(format!("intersections[{position}]"), found, format!("{id} with hash {hash}"));
            }
        }
        problems.into_result(network)
    }
}

/// SHA-256 of settings as they stand in the header, in hex digits. Of the text, not of the values: a program that knows more
/// settings reads an older recording with its own defaults for them.
pub fn digest(text: &str) -> String {
    hexadecimal(&Sha256::digest(text))
}

/// Bytes as hexadecimal digits.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
        text
    })
}
