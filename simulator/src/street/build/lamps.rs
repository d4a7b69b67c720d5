//! Which lamp a link or crossing obeys, and how many groups a signal needs.

use super::super::{LampFile, Problems, SignalIx, StreetFile};
use super::{Names, known};

/// A signal that leaves its number of groups open gets what its links need.
pub(super) fn fill_groups(file: &mut StreetFile) {
    for signal in file.signals.iter_mut().filter(|signal| signal.groups == 0) {
        let lamps = file.links.iter().filter_map(|link| link.signal.as_ref());
        let lamps = lamps.chain(file.crossings.iter().filter_map(|crossing| crossing.signal.as_ref()));
        signal.groups = lamps.filter(|lamp| lamp.signal == signal.id).map(|lamp| lamp.group + 1).max().unwrap_or(0);
    }
}

/// The signal and group that are named; nothing for those that do not exist.
pub(super) fn lamp(
    lamp: Option<&LampFile>,
    place: &str,
    file: &StreetFile,
    signals: &Names,
    problems: &mut Problems,
) -> Option<(SignalIx, usize)> {
    let lamp = lamp?;
    let signal = known(signals, &lamp.signal, &format!("{place}.signal"), "signal", problems)?;
    let groups = file.signals[signal].groups;
    if lamp.group >= groups {
        problems.add(format!("{place}.signal.group"), format!("{}", lamp.group), format!("0 to {}", groups.max(1) - 1));
        return None;
    }
    Some((SignalIx::from(signal), lamp.group))
}
