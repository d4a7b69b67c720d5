//! Which detector channel watches which phase: the small file that a log needs beside it.
//!
//! ```toml
//! [[phase]]
//! signal = "7115"
//! number = 2
//! name = "main street westbound"     # for tables; optional
//!
//! [[detector]]
//! signal = "7115"
//! channel = 5
//! phase = 2
//! role = "advance"                   # advance | count | presence
//! travel_s = 6.5                     # advance: from the detector to the stop line at free speed
//! ```
//!
//! A channel may have several roles, each in an entry of its own.

use crate::time::Millis;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;

/// What a channel is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Before the stop line: who comes when.
    Advance,
    /// At the stop line: how many pass.
    Count,
    /// At the stop line: whether anybody stands there.
    Presence,
}

/// One role of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watches {
    /// Phase that serves whom it watches.
    pub phase: u16,
    /// What it is good for.
    pub role: Role,
    /// From it to the stop line at free speed.
    pub travel: Millis,
}

/// The checked file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Channels {
    detectors: BTreeMap<String, BTreeMap<u16, Vec<Watches>>>,
    names: BTreeMap<String, BTreeMap<u16, String>>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AsWritten {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    phase: Vec<PhaseAsWritten>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    detector: Vec<DetectorAsWritten>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PhaseAsWritten {
    #[serde(deserialize_with = "text_or_number")]
    signal: String,
    number: u16,
    name: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DetectorAsWritten {
    #[serde(deserialize_with = "text_or_number")]
    signal: String,
    channel: u16,
    phase: u16,
    role: Role,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    travel_s: Option<f64>,
}

/// Signals of other people are numbers.
fn text_or_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Text(String),
        Number(i64),
    }
    Ok(match Either::deserialize(deserializer)? {
        Either::Text(text) => text,
        Either::Number(number) => number.to_string(),
    })
}

impl Channels {
    /// Of a text.
    ///
    /// # Errors
    /// What is wrong, with its line, or with signal and channel.
    pub fn parse(text: &str) -> Result<Self, String> {
        let written: AsWritten = toml::from_str(text).map_err(|error| error.to_string())?;
        let mut channels = Self::default();
        for it in written.phase {
            phase(it.number).map_err(|why| format!("signal {}: number = {why}", it.signal))?;
            channels.name(&it.signal, it.number, it.name);
        }
        for it in written.detector {
            let place = || format!("signal {}, channel {}", it.signal, it.channel);
            phase(it.phase).map_err(|why| format!("{}: phase = {why}", place()))?;
            let travel_s = it.travel_s.unwrap_or(0.0);
            if !(0.0..=120.0).contains(&travel_s) {
                return Err(format!("{}: travel_s = {travel_s}, allowed 0 to 120", place()));
            }
            let watches = Watches { phase: it.phase, role: it.role, travel: Millis::from_secs_f64(travel_s) };
            if !channels.watch(&it.signal, it.channel, watches) {
                return Err(format!("{}: two entries with role = {:?}", place(), it.role));
            }
        }
        Ok(channels)
    }

    /// As a file.
    pub fn to_toml(&self) -> String {
        let named = self.names.iter().flat_map(|(signal, phases)| phases.iter().map(move |it| (signal, it)));
        let phase = named.map(|(signal, (&number, name))| PhaseAsWritten {
            signal: signal.clone(),
            number,
            name: name.clone(),
        });
        let mapped = self.detectors.iter().flat_map(|(signal, channels)| channels.iter().map(move |it| (signal, it)));
        let roles = mapped.flat_map(|(signal, (&channel, roles))| roles.iter().map(move |it| (signal, channel, it)));
        let detector = roles.map(|(signal, channel, it)| DetectorAsWritten {
            signal: signal.clone(),
            channel,
            phase: it.phase,
            role: it.role,
            travel_s: (it.role == Role::Advance).then(|| it.travel.as_secs_f64()),
        });
        let written = AsWritten { phase: phase.collect(), detector: detector.collect() };
        toml::to_string(&written).expect("texts and numbers can be written")
    }

    /// Give a phase a name.
    pub fn name(&mut self, signal: &str, phase: u16, name: String) {
        self.names.entry(signal.to_owned()).or_default().insert(phase, name);
    }

    /// Add a role of a channel; whether it is new.
    pub fn watch(&mut self, signal: &str, channel: u16, watches: Watches) -> bool {
        let roles = self.detectors.entry(signal.to_owned()).or_default().entry(channel).or_default();
        let new = roles.iter().all(|it| it.role != watches.role);
        if new {
            roles.push(watches);
        }
        new
    }

    /// Channels of a signal.
    pub fn of(&self, signal: &str) -> Option<&BTreeMap<u16, Vec<Watches>>> {
        self.detectors.get(signal)
    }

    /// Name of a phase; empty where it has none.
    pub fn phase_name(&self, signal: &str, phase: u16) -> &str {
        self.names.get(signal).and_then(|phases| phases.get(&phase)).map_or("", String::as_str)
    }

    /// Whether no channel is known.
    pub fn is_empty(&self) -> bool {
        self.detectors.is_empty()
    }
}

fn phase(number: u16) -> Result<(), String> {
    if (1..=255).contains(&number) { Ok(()) } else { Err(format!("{number}, allowed 1 to 255")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_and_written_back() {
        let text = "[[phase]]\nsignal = 7115\nnumber = 2\nname = \"west\"\n[[detector]]\nsignal = 7115\nchannel = 5\nphase = 2\nrole = \"advance\"\n\
                    travel_s = 6.5\n[[detector]]\nsignal = \"7115\"\nchannel = 5\nphase = 2\nrole = \"count\"\n";
        let channels = Channels::parse(text).unwrap();
        assert_eq!(channels.of("7115").unwrap()[&5].len(), 2);
        assert_eq!((channels.phase_name("7115", 2), channels.phase_name("7115", 3)), ("west", ""));
        assert_eq!(Channels::parse(&channels.to_toml()).unwrap(), channels);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let detector = |rest: &str| format!("[[detector]]\nsignal = 1\nchannel = 5\n{rest}\n");
        for (text, word) in [
            (detector("phase = 300\nrole = \"count\""), "channel 5: phase = 300, allowed 1 to 255"),
            (detector("phase = 2\nrole = \"advance\"\ntravel_s = nan"), "allowed 0 to 120"),
            (detector("phase = 2\nrole = \"loop\""), "line 5"),
            (detector("phase = 2\nrole = \"count\"\nlane = 1"), "lane"),
            (detector("phase = 2\nrole = \"count\"").repeat(2), "two entries"),
        ] {
            let told = Channels::parse(&text).unwrap_err();
            assert!(told.contains(word), "{told}");
        }
    }
}
