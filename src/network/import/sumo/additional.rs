//! Additional files of SUMO: further programmes, and when they are switched to. Everything else in them is left to SUMO.

use super::element::{Element, Elements, Step};
use super::error::ImportError;
use super::net::{SumoNet, Waut};
use super::parse;

/// Roots of such files; the last is that of programmes as netconvert and netedit write them.
const ROOTS: [&str; 3] = ["additionals", "additional", "tlLogics"];
/// Longest time in such a file \[s\].
const TIME_MAX_S: f64 = 1e9;

/// Read a file; what it holds joins the network.
pub(super) fn read<'a>(net: &mut SumoNet<'a>, text: &'a str, source: &'a str) -> Result<(), ImportError> {
    let file = net.additionals.len();
    net.additionals.push((source, text));
    let root = ROOTS.into_iter().find(|it| text.contains(&format!("<{it}"))).unwrap_or("additional");
    let mut elements = Elements::new(text, source, root);
    loop {
        match elements.next()? {
            Step::Open(element) => match (element.path.strip_prefix(root).unwrap_or("/"), element.name.as_str()) {
                ("", "tlLogic") => parse::logic(net, &element, Some(file))?,
                ("/tlLogic", "phase") => parse::phase(net, &element)?,
                ("", "WAUT") => waut(net, &element)?,
                ("/WAUT", "wautSwitch") => switch(net, &element)?,
                ("", "wautJunction") => signal(net, &element)?,
                _ => {}
            },
            Step::Close => {}
            Step::End => return Ok(()),
        }
    }
}

fn seconds(element: &Element<'_>, attribute: &'static str) -> Result<Option<f64>, ImportError> {
    element.number(attribute, &(0.0..=TIME_MAX_S))
}

fn waut(net: &mut SumoNet<'_>, element: &Element<'_>) -> Result<(), ImportError> {
    let id = element.required("id", "the name of the WAUT")?;
    if net.wauts.iter().any(|it| it.id == id) {
        return Err(ImportError::Duplicate { place: element.place(), element: "WAUT", id });
    }
    let start = element.required("startProg", "the programme with which it begins")?;
    let reference_s = seconds(element, "refTime")?.unwrap_or(0.0);
    let period_s = seconds(element, "period")?.filter(|it| *it > 0.0);
    net.wauts.push(Waut { id, start, reference_s, period_s, switches: Vec::new(), signals: Vec::new() });
    Ok(())
}

fn switch(net: &mut SumoNet<'_>, element: &Element<'_>) -> Result<(), ImportError> {
    element.required("time", "seconds after refTime")?;
    let at = seconds(element, "time")?.expect("the attribute is there");
    let to = element.required("to", "a programme")?;
    net.wauts.last_mut().expect("a switch stands inside a WAUT").switches.push((at, to));
    Ok(())
}

fn signal(net: &mut SumoNet<'_>, element: &Element<'_>) -> Result<(), ImportError> {
    let waut = element.required("wautID", "the id of a WAUT before it")?;
    let junction = element.required("junctionID", "the id of a traffic light")?;
    if !net.logics.iter().any(|it| it.id == junction) {
        let known = "the id of a tlLogic of the network or of the files before".to_owned();
        return Err(element.bad("junctionID", junction, known));
    }
    match net.wauts.iter_mut().find(|it| it.id == waut) {
        Some(it) => it.signals.push(junction),
        None => return Err(element.bad("wautID", waut, "the id of a WAUT before it".to_owned())),
    }
    Ok(())
}
