//! Plans of a controller that run at their times.

use super::signals::Signals;
use crate::network::Intersection;
use crate::network::file::{NamedProgrammeFile, PhaseFile, TimetableFile};
use crate::network::import::sumo::{ImportOptions, ImportReport};
use crate::network::import::times::{Times, timetable};

impl Signals {
    /// Plans that run at their times, and when.
    pub(super) fn timetable(
        &self,
        phases: &[PhaseFile],
        built: &Intersection,
        options: &ImportOptions,
        report: &mut ImportReport,
    ) -> (Vec<NamedProgrammeFile>, Option<TimetableFile>) {
        let mut programmes: Vec<NamedProgrammeFile> = Vec::new();
        // Position of each plan among the programmes that are taken; those that are not run as the first one does.
        let mut taken: Vec<Option<usize>> = Vec::new();
        for (name, other) in &self.others {
            taken.push(None);
            if other.serving != self.serving {
                let why = format!("plan {name} serves movements in another way than the programme: not taken");
                report.refuse(&self.id, why);
                continue;
            }
            match other.programme(phases, built, report) {
                Some(it) => {
                    taken.pop();
                    taken.push(Some(programmes.len()));
                    programmes.push(NamedProgrammeFile { id: name.clone(), offset_ms: it.offset_ms, steps: it.steps });
                }
                None => report.refuse(&self.id, format!("plan {name}: not taken")),
            }
        }
        let times = self.times.iter().map(|(plan, times)| (plan.and_then(|it| taken[it]), times));
        let times: Vec<(Option<usize>, &Times)> = times.collect();
        let names: Vec<&str> = programmes.iter().map(|it| it.id.as_str()).collect();
        let found = timetable(&times, &names, (options, self.utc_offset_min), (&self.id, report));
        (programmes, found)
    }
}
