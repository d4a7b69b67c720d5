//! Which policy runs as a shadow beside the one on duty, as the operator says it.

use super::file::ShadowFile;
use super::{Scalars, Settings};
use crate::network::{Network, Problems};
use crate::shadow::Policy;
use std::path::PathBuf;

/// A shadow as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shadow {
    /// Who it is.
    pub policy: ShadowPolicy,
    /// File of scalars of an adaptive one, as written, relative to the configuration.
    pub settings: Option<PathBuf>,
    /// Intersections that have one; empty = all that the engine controls.
    pub intersections: Vec<String>,
}

/// Who a shadow is, as the operator names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum ShadowPolicy {
    /// The programme of each intersection.
    Fixed,
    /// Local actuated control.
    Actuated,
    /// The rolling-horizon search with scalars of another file.
    Adaptive,
}

impl ShadowPolicy {
    const ALL: [(&str, Self); 3] = [("fixed", Self::Fixed), ("actuated", Self::Actuated), ("adaptive", Self::Adaptive)];

    /// The policy itself; `base` are the settings of the controllers on duty.
    pub fn with(self, scalars: &Scalars, base: &crate::controller::Settings) -> Policy {
        match self {
            Self::Fixed => Policy::Fixed,
            Self::Actuated => Policy::Actuated,
            Self::Adaptive => Policy::Adaptive(Box::new(scalars.applied(base.clone()))),
        }
    }
}

/// Check what was written; `None` when there is none.
pub(super) fn check(file: &ShadowFile, key: &dyn Fn(&str) -> String, problems: &mut Problems) -> Option<Shadow> {
    problems.unique(key("shadow.intersections"), file.intersections.iter().map(String::as_str));
    if file.policy.is_empty() {
        if !file.settings.is_empty() || !file.intersections.is_empty() {
            problems.push(key("shadow.policy"), "none, but other keys of [shadow]", "fixed, actuated, adaptive");
        }
        return None;
    }
    let Some((_, policy)) = ShadowPolicy::ALL.into_iter().find(|(name, _)| *name == file.policy) else {
        let given = format!("`{}`", file.policy);
        problems.push(key("shadow.policy"), given, "fixed, actuated, adaptive, or \"\" for none");
        return None;
    };
    let settings = Some(&file.settings).filter(|it| !it.is_empty()).map(PathBuf::from);
    if (policy == ShadowPolicy::Adaptive) != settings.is_some() {
        let given = format!("`{}`", file.settings);
        problems.push(key("shadow.settings"), given, "a file of scalars with policy = \"adaptive\", else \"\"");
    }
    Some(Shadow { policy, settings, intersections: file.intersections.clone() })
}

impl Shadow {
    /// Which intersections of a network have one; the engine's own alone.
    pub fn chosen(&self, network: &Network, settings: &Settings) -> Vec<bool> {
        let named = |list: &[String], id: &str| list.is_empty() || list.iter().any(|it| it == id);
        let ids = network.intersections.iter().map(|it| it.id.as_str());
        ids.map(|id| named(&self.intersections, id) && named(&settings.intersections, id)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Settings, parse};
    use super::*;

    fn read(shadow: &str) -> Result<Settings, Problems> {
        parse(&format!("city = 'x'\nnetworks = ['net.toml']\n[shadow]\n{shadow}"), "run.toml", Scalars::built_in())
    }

    #[test]
    fn none_by_default_and_an_adaptive_one_needs_scalars_of_its_own() {
        assert_eq!(read("").unwrap().shadow, None);
        let fixed = read("policy = 'fixed'\nintersections = ['a']").unwrap().shadow.unwrap();
        assert_eq!((fixed.policy, fixed.settings), (ShadowPolicy::Fixed, None));
        let adaptive = read("policy = 'adaptive'\nsettings = 'other.toml'").unwrap().shadow.unwrap();
        assert_eq!(adaptive.settings, Some(PathBuf::from("other.toml")));
    }

    #[test]
    fn what_cannot_be_is_told_with_key_value_and_what_is_allowed() {
        let told = |text: &str| read(text).unwrap_err().to_string();
        assert!(told("policy = 'best'").contains("shadow.policy: `best` (allowed: fixed, actuated, adaptive"));
        assert!(told("policy = 'adaptive'").contains("shadow.settings: `` (allowed: a file of scalars"));
        assert!(told("policy = 'fixed'\nsettings = 'x.toml'").contains("shadow.settings: `x.toml`"));
        assert!(told("settings = 'x.toml'").contains("shadow.policy: none"));
        assert!(told("policy = 'fixed'\nintersections = ['a', 'a']").contains("shadow.intersections"));
    }
}
