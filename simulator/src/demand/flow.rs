//! When the vehicles of a flow come.
//!
//! In: a rate with its time profile, a process, a stream of random numbers. Out: instants \[s\], ascending. Poisson: by
//! thinning (Lewis and Shedler 1979); uniform: whenever the integral of the rate gains one; platoons: their first
//! vehicles are a Poisson process, the others follow at the headway.

use super::{FlowFile, Process};
use crate::random::Stream;

/// Factor of a profile at an instant; held before its first and after its last point.
fn factor(profile: &[(f64, f64)], at: f64) -> f64 {
    let after = profile.partition_point(|point| point.0 <= at);
    match (after.checked_sub(1).map(|k| profile[k]), profile.get(after)) {
        (None, None) => 1.0,
        (Some(only), None) => only.1,
        (None, Some(only)) => only.1,
        (Some(a), Some(b)) => a.1 + (b.1 - a.1) * (at - a.0) / (b.0 - a.0).max(1e-9),
    }
}

/// Instants of departure within `[begin, end)`.
pub fn instants(flow: &FlowFile, random: &mut Stream) -> Vec<f64> {
    let rate = flow.veh_per_h / 3600.0;
    let most = flow.profile.iter().map(|point| point.1).fold(f64::NAN, f64::max);
    let most = if most.is_nan() { 1.0 } else { most };
    let mut instants = Vec::new();
    if rate * most <= 0.0 {
        return instants;
    }
    match flow.process {
        Process::Uniform => {
            let mut sum = 0.5;
            let mut at = flow.begin_s;
            while at < flow.end_s {
                let step = (flow.end_s - at).min(1.0);
                let gain = rate * factor(&flow.profile, at) * step;
                let mut next = 1.0;
                while sum + gain >= next {
                    instants.push(at + step * (next - sum) / gain);
                    next += 1.0;
                }
                sum = (sum + gain).fract();
                at += step;
            }
        }
        Process::Poisson | Process::Platoon { .. } => {
            let (size, headway) = match flow.process {
                Process::Platoon { size, headway_s } => (size.max(1), headway_s),
                _ => (1, 0.0),
            };
            let mut at = flow.begin_s;
            loop {
                at += random.exponential() / (rate * most / f64::from(size));
                if at >= flow.end_s {
                    break;
                }
                if random.unit() * most < factor(&flow.profile, at) {
                    instants.extend((0..size).map(|k| at + f64::from(k) * headway).filter(|&it| it < flow.end_s));
                }
            }
            instants.sort_by(f64::total_cmp);
        }
    }
    instants
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demand::Depart;

    fn flow(process: Process, profile: Vec<(f64, f64)>) -> FlowFile {
        let (id, route) = ("f".to_owned(), vec![]);
        let depart = Depart::default();
        FlowFile {
            id,
            route,
            veh_per_h: 720.0,
            begin_s: 0.0,
            end_s: 36_000.0,
            process,
            profile,
            classes: vec![],
            depart,
        }
    }

    #[test]
    fn every_process_sends_as_many_as_its_rate_says() {
        let platoon = Process::Platoon { size: 8, headway_s: 2.0 };
        for (process, slack) in [(Process::Poisson, 300), (Process::Uniform, 1), (platoon, 800)] {
            let n = instants(&flow(process, vec![]), &mut Stream::new(1, 1)).len();
            assert!(n.abs_diff(7200) <= slack, "{process:?}: {n}");
        }
    }

    #[test]
    fn a_profile_moves_departures_to_its_peak() {
        let profile = vec![(0.0, 0.0), (18_000.0, 2.0), (36_000.0, 0.0)];
        for process in [Process::Poisson, Process::Uniform] {
            let all = instants(&flow(process, profile.clone()), &mut Stream::new(1, 1));
            let middle = all.iter().filter(|&&at| (9_000.0..27_000.0).contains(&at)).count();
            assert!(all.len().abs_diff(7200) < 300, "{}", all.len());
            assert!((middle as f64 / all.len() as f64 - 0.75).abs() < 0.02);
        }
    }
}
