//! A design as tables for people.

use super::{Design, Designed};
use crate::design::intervals::{From, GroupIntervals};
use std::fmt;

impl fmt::Display for Design {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.intervals.is_empty() {
            intervals(&self.intervals, f)?;
        }
        for it in &self.intersections {
            programme(it, f)?;
        }
        if let Some(corridor) = &self.corridor {
            let bands = &corridor.bands;
            let ends = [corridor.stops.first(), corridor.stops.last()].map(|it| it.map_or("", |it| it.id.as_str()));
            writeln!(
                f,
                "corridor {} to {}, cycle {:.0} s, inbound/outbound volume {:.2}",
                ends[0], ends[1], corridor.cycle_s, corridor.ratio
            )?;
            writeln!(f, "  {:<24} {:>8} {:>9} {:>16} {:>16}", "signal", "m", "offset s", "green out s", "green in s")?;
            for stop in &corridor.stops {
                let window = |it: Option<super::bandwidth::Window>| {
                    it.map_or_else(String::new, |it| format!("{:.1}+{:.1}", it.start_s, it.length_s))
                };
                let (out, back) = (window(Some(stop.signal.outbound)), window(stop.signal.inbound));
                writeln!(f, "  {:<24} {:>8.0} {:>9.0} {out:>16} {back:>16}", stop.id, stop.distance_m, stop.offset_s)?;
            }
            writeln!(
                f,
                "  bands: outbound {:.1} s, inbound {:.1} s; efficiency {:.0} % of the cycle, attainability {:.0} % of the shortest greens",
                bands.outbound_s,
                bands.inbound_s,
                100.0 * bands.efficiency,
                100.0 * bands.attainability
            )?;
        }
        self.notes.iter().try_for_each(|note| writeln!(f, "note: {note}"))
    }
}

fn intervals(rows: &[GroupIntervals], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    writeln!(f, "intervals in s, as file / formula / used (yellow or walkers' clearance; red clearance, the longest)")?;
    let heads = ["intersection", "km/h", "%", "width m", "yellow", "red", "min", "groups"];
    writeln!(
        f,
        "  {:<20} {:>5} {:>5} {:>11} {:>14} {:>14} {:>5}  {}",
        heads[0], heads[1], heads[2], heads[3], heads[4], heads[5], heads[6], heads[7]
    )?;
    let mut shown = vec![false; rows.len()];
    for (at, it) in rows.iter().enumerate() {
        if shown[at] {
            continue;
        }
        let alike = |other: &GroupIntervals| GroupIntervals { group: it.group.clone(), ..other.clone() } == *it;
        let same: Vec<usize> = (at..rows.len()).filter(|&other| alike(&rows[other])).collect();
        for &other in &same {
            shown[other] = true;
        }
        let groups: Vec<&str> = same.iter().map(|&other| rows[other].group.as_str()).collect();
        let mark = match it.width_from {
            Some(From::Lanes) => "lanes ",
            Some(From::Import) => "import",
            Some(From::Asked) => "asked ",
            _ => "",
        };
        let width = it.width_m.or(it.crosswalk_m).map_or_else(String::new, |it| format!("{it:.1}"));
        let speed = it.speed_mps.map_or_else(|| "walk".to_owned(), |it| format!("{:.0}", it * 3.6));
        let red = it.red_formula_s.map_or_else(|| "–".to_owned(), |it| format!("{it:.1}"));
        let change = format!("{:.1}/{:.1}/{:.1}", it.change_file_s, it.change_formula_s, it.change_s);
        let red = format!("{:.1}/{red}/{:.1}", it.red_file_s, it.red_s);
        writeln!(
            f,
            "  {:<20} {speed:>5} {:>5.1} {mark:<6}{width:>5} {change:>14} {red:>14} {:>5.1}  {}",
            it.intersection,
            100.0 * it.grade,
            it.green_min_s,
            groups.join(" ")
        )?;
    }
    Ok(())
}

fn programme(it: &Designed, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{}: cycle {:.0} s, offset {:.0} s", it.id, it.cycle_s, it.offset_s)?;
    match &it.webster {
        Some(found) => writeln!(
            f,
            "; {:.0} veh/h, Y {:.2}, Webster's cycle {:.0} s, delay by the model {:.1} s/veh",
            found.veh_per_h, found.flow_ratio, found.cycle_s, found.delay_s
        )?,
        None => writeln!(f, "; cycle and splits of the network")?,
    }
    writeln!(f, "  {:<24} {:>7} {:>11} {:>6} {:>6}", "stage", "green s", "intergreen", "split", "X")?;
    for step in &it.steps {
        let split = 100.0 * (step.green_s + step.intergreen_s) / it.cycle_s.max(0.1);
        let saturation = step.saturation.map_or_else(String::new, |it| format!("{it:.2}"));
        writeln!(
            f,
            "  {:<24} {:>7.1} {:>11.1} {split:>4.0} % {saturation:>6}",
            step.stage, step.green_s, step.intergreen_s
        )?;
    }
    Ok(())
}
