//! SUMO network file → [`SumoNet`], in one pass over the text, connections resolved at the end.

use super::element::{Element, Elements, Step};
use super::error::ImportError;
use super::net::{Connection, Function, Junction, Lane, Request, SumoNet, TlLogic, TlPhase};
use super::permissions::Permissions;

/// Most letters in a lamp string; tables grow with its square.
const STATE_MAX: usize = 256;

/// A connection as it is written, with names.
struct NamedConnection {
    from: (String, usize),
    to: (String, usize),
    via: Option<String>,
    control: Option<(String, usize)>,
    direction: String,
    pass: bool,
    minor: bool,
    offset: usize,
}

/// Read a network.
pub(crate) fn parse<'a>(text: &'a str, source: &'a str) -> Result<SumoNet<'a>, ImportError> {
    let mut net = SumoNet::new(source, text);
    let mut named = Vec::new();
    let mut elements = Elements::new(text, source, "net");
    loop {
        match elements.next()? {
            Step::Open(element) => match (element.path.as_str(), element.name.as_str()) {
                ("net", "edge") => edge(&mut net, &element)?,
                ("net/edge", "lane") => lane(&mut net, &element)?,
                ("net", "tlLogic") => logic(&mut net, &element, None)?,
                ("net/tlLogic", "phase") => phase(&mut net, &element)?,
                ("net", "junction") => junction(&mut net, &element)?,
                ("net/junction", "request") => request(&mut net, &element)?,
                ("net", "connection") => named.push(connection(&element)?),
                _ => {}
            },
            Step::Close => {}
            Step::End => break,
        }
    }
    for connection in named {
        resolve(&mut net, connection)?;
    }
    Ok(net)
}

fn edge(net: &mut SumoNet<'_>, element: &Element<'_>) -> Result<(), ImportError> {
    let id = element.required("id", "the name of the edge")?;
    let function = match element.optional("function")?.as_deref() {
        None | Some("normal" | "connector") => Function::Normal,
        Some("internal") => Function::Internal,
        Some("crossing") => Function::Crossing,
        Some("walkingarea") => Function::WalkingArea,
        Some(other) => {
            let allowed = "normal, connector, internal, crossing, walkingarea".to_owned();
            return Err(element.bad("function", other.to_owned(), allowed));
        }
    };
    net.add_edge(id, function, element.offset)?;
    let edge = net.edges.last_mut().expect("an edge was just added");
    edge.ends = element.optional("from")?.zip(element.optional("to")?);
    edge.priority = element.number("priority", &(-1e6..=1e6))?.unwrap_or(0.0) as i32;
    Ok(())
}

/// Points of a line, `x,y` or `x,y,z`, with blanks between them; a point that cannot be read is left out.
fn shape(element: &Element<'_>) -> Result<Vec<[f64; 2]>, ImportError> {
    let text = element.optional("shape")?.unwrap_or_default();
    let point = |text: &str| {
        let mut numbers = text.split(',').map(|it| it.parse::<f64>().ok().filter(|it| it.is_finite()));
        Some([numbers.next()??, numbers.next()??])
    };
    Ok(text.split_whitespace().filter_map(point).collect())
}

fn lane(net: &mut SumoNet<'_>, element: &Element<'_>) -> Result<(), ImportError> {
    let id = element.required("id", "the name of the lane")?;
    let length_m = element.required_number("length", &(0.0..=1e6), "metres, 0…1000000")?;
    let speed_mps = element.required_number("speed", &(0.0..=1e3), "metres a second, 0…1000")?;
    let (allow, disallow) = (element.optional("allow")?, element.optional("disallow")?);
    let permissions = Permissions::from_lists(allow.as_deref(), disallow.as_deref());
    let edge = net.edges.len() - 1;
    let expected = net.edges[edge].lanes.len();
    if let Some(index) = element.position("index")?.filter(|&index| index != expected) {
        let allowed = format!("{expected}, the lanes of an edge are numbered in order");
        return Err(element.bad("index", index.to_string(), allowed));
    }
    let shape = shape(element)?;
    net.add_lane(Lane { id, edge, speed_mps, length_m, permissions, shape }, element.offset)
}

pub(super) fn logic(net: &mut SumoNet<'_>, element: &Element<'_>, file: Option<usize>) -> Result<(), ImportError> {
    let id = element.required("id", "the name of the traffic light")?;
    let programme = element.optional("programID")?.unwrap_or_default();
    let offset_s = match element.optional("offset")?.as_deref() {
        None | Some("begin") => 0.0,
        Some(_) => element.required_number("offset", &(-1e6..=1e6), "seconds, or begin")?,
    };
    let offset = element.offset;
    let (phases, groups_without_programme) = (Vec::new(), None);
    net.logics.push(TlLogic { id, programme, offset_s, phases, groups_without_programme, file, offset });
    Ok(())
}

pub(super) fn phase(net: &mut SumoNet<'_>, element: &Element<'_>) -> Result<(), ImportError> {
    let duration_s = element.required_number("duration", &(0.0..=1e6), "seconds, 0…1000000")?;
    let state = element.required("state", "one letter a link")?;
    if state.is_empty() || state.len() > STATE_MAX || state.contains(|it| !"GgrsyYuoO".contains(it)) {
        return Err(element.bad("state", state, format!("1…{STATE_MAX} of the letters G g r s y Y u o O")));
    }
    let duration_min_s = element.number("minDur", &(0.0..=1e6))?;
    let name = element.optional("name")?;
    let logic = net.logics.last_mut().expect("a phase stands inside a tlLogic");
    logic.phases.push(TlPhase { duration_s, state, duration_min_s, name, offset: element.offset });
    Ok(())
}

fn junction(net: &mut SumoNet<'_>, element: &Element<'_>) -> Result<(), ImportError> {
    let id = element.required("id", "the name of the junction")?;
    let kind = element.required("type", "a SUMO junction type")?;
    let incoming = element.optional("incLanes")?.unwrap_or_default();
    let incoming = incoming.split_whitespace().map(str::to_owned).collect();
    let place = |axis| Ok::<f64, ImportError>(element.number(axis, &(-1e9..=1e9))?.unwrap_or(0.0));
    let at_m = [place("x")?, place("y")?];
    net.junctions.push(Junction { id, kind, at_m, incoming, requests: Vec::new(), offset: element.offset });
    Ok(())
}

fn request(net: &mut SumoNet<'_>, element: &Element<'_>) -> Result<(), ImportError> {
    element.required("index", "the number of the link")?;
    let index = element.position("index")?.expect("the attribute is there");
    let response = bits(element, "response")?;
    let foes = bits(element, "foes")?;
    let junction = net.junctions.last_mut().expect("a request stands inside a junction");
    if index != junction.requests.len() {
        let allowed = format!("{}, the requests are numbered in order", junction.requests.len());
        return Err(element.bad("index", index.to_string(), allowed));
    }
    junction.requests.push(Request { response, foes, offset: element.offset });
    Ok(())
}

/// A string of 0 and 1, the first link last, as a list with the first link first.
fn bits(element: &Element<'_>, attribute: &'static str) -> Result<Vec<bool>, ImportError> {
    let text = element.required(attribute, "one 0 or 1 a link")?;
    if text.contains(|it| it != '0' && it != '1') {
        return Err(element.bad(attribute, text, "one 0 or 1 a link".to_owned()));
    }
    Ok(text.bytes().rev().map(|it| it == b'1').collect())
}

/// Whether a link at a traffic light is left to right of way: SUMO gives it the index -1 and the state M.
fn uncontrolled(element: &Element<'_>) -> Result<bool, ImportError> {
    let (index, state) = (element.optional("linkIndex")?, element.optional("state")?);
    Ok(index.as_deref() == Some("-1") && state.as_deref() == Some("M"))
}

fn connection(element: &Element<'_>) -> Result<NamedConnection, ImportError> {
    let end = |edge, lane| -> Result<(String, usize), ImportError> {
        let id = element.required(edge, "an edge of this file")?;
        element.required(lane, "the index of a lane of the edge")?;
        Ok((id, element.position(lane)?.expect("the attribute is there")))
    };
    let (from, to) = (end("from", "fromLane")?, end("to", "toLane")?);
    let control = match element.optional("tl")? {
        None => None,
        Some(_) if uncontrolled(element)? => None,
        Some(tl) => {
            element.required("linkIndex", "the position of the link in the states of its traffic light")?;
            Some((tl, element.position("linkIndex")?.expect("the attribute is there")))
        }
    };
    let direction = element.optional("dir")?.unwrap_or_default();
    let pass = element.optional("pass")?.is_some_and(|it| it == "1" || it == "true");
    let minor = element.optional("state")?.is_some_and(|it| matches!(it.as_str(), "m" | "=" | "s" | "w"));
    let (via, offset) = (element.optional("via")?, element.offset);
    Ok(NamedConnection { from, to, via, control, direction, pass, minor, offset })
}

fn resolve(net: &mut SumoNet<'_>, named: NamedConnection) -> Result<(), ImportError> {
    let unknown = |attribute, lane: String| ImportError::UnknownLane {
        place: net.place(named.offset),
        element: "connection".to_owned(),
        attribute,
        lane,
    };
    let find = |attribute, (edge, index): (String, usize)| {
        let lanes = net.edge_position(&edge).map(|it| &net.edges[it].lanes);
        lanes.and_then(|it| it.get(index).copied()).ok_or_else(|| unknown(attribute, format!("{edge}_{index}")))
    };
    let (from, to) = (find("from", named.from)?, find("to", named.to)?);
    let via = match named.via {
        None => None,
        Some(via) => Some(net.lane_position(&via).ok_or_else(|| unknown("via", via))?),
    };
    net.add_connection(Connection {
        from,
        to,
        via,
        control: named.control,
        direction: named.direction,
        pass: named.pass,
        minor: named.minor,
        offset: named.offset,
    });
    Ok(())
}
