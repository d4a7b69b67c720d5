//! SUMO's own `actuated` controller on the stages of the file: the programmes as a SUMO additional file.
//!
//! Same steps, same order. Green steps last between the minimum green and 60 s, yellow steps exactly the yellow asked
//! for, everything else (all-red) as in the file. Detectors and gaps are SUMO's defaults. Our own controllers need none
//! of this: they command the lamps.

use super::sumo_net::FileProgramme;
use std::fmt::Write as _;

/// Longest green of the actuated controller \[s\].
pub const GREEN_MAX_S: f64 = 60.0;

/// The additional file; `green_min_s` and `yellow_s` in seconds.
pub fn actuated(programmes: &[FileProgramme], green_min_s: f64, yellow_s: f64) -> String {
    let mut text = String::from("<additional>\n");
    for programme in programmes {
        let id = quick_xml::escape::escape(programme.id.as_str());
        let offset = quick_xml::escape::escape(programme.offset.as_str());
        put(
            &mut text,
            format_args!("  <tlLogic id=\"{id}\" type=\"actuated\" programID=\"actuated\" offset=\"{offset}\">\n"),
        );
        for (duration, state) in &programme.steps {
            let lamps = quick_xml::escape::escape(state.as_str());
            if state.contains(['y', 'Y']) {
                put(&mut text, format_args!("    <phase duration=\"{yellow_s}\" state=\"{lamps}\"/>\n"));
            } else if state.contains(['G', 'g']) {
                let green = duration.clamp(green_min_s, GREEN_MAX_S.max(green_min_s));
                put(
                    &mut text,
                    format_args!(
                        "    <phase duration=\"{green}\" minDur=\"{green_min_s}\" maxDur=\"{}\" state=\"{lamps}\"/>\n",
                        GREEN_MAX_S.max(green_min_s)
                    ),
                );
            } else {
                put(&mut text, format_args!("    <phase duration=\"{duration}\" state=\"{lamps}\"/>\n"));
            }
        }
        text.push_str("  </tlLogic>\n");
    }
    text.push_str("</additional>\n");
    text
}

fn put(text: &mut String, what: std::fmt::Arguments<'_>) {
    text.write_fmt(what).expect("writing to a string cannot fail");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greens_get_bounds_yellows_the_one_asked_for_and_all_red_stays() {
        let steps = [(42.0, "Gr"), (4.0, "yr"), (1.5, "rr"), (80.0, "rg")].map(|(s, l)| (s, l.to_owned())).to_vec();
        let text = actuated(&[FileProgramme { id: "a&b".into(), offset: "7".into(), steps }], 5.0, 3.0);
        let wanted = r#"<additional>
  <tlLogic id="a&amp;b" type="actuated" programID="actuated" offset="7">
    <phase duration="42" minDur="5" maxDur="60" state="Gr"/>
    <phase duration="3" state="yr"/>
    <phase duration="1.5" state="rr"/>
    <phase duration="60" minDur="5" maxDur="60" state="rg"/>
  </tlLogic>
</additional>
"#;
        assert_eq!(text, wanted);
    }
}
