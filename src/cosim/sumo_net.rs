//! The little of a SUMO network file that the co-simulation itself needs: names of edges and the signal programmes.
//!
//! The street as the engine sees it comes from [`crate::network::import`]; this here serves the reference runs that
//! the engine has no part in, and the check of route files.

use super::error::CosimError;
use super::xml;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Edges and programmes of a network file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SumoNet {
    /// Ids of the edges on which vehicles can be routed.
    pub edges: BTreeSet<String>,
    /// Length of every lane \[m\].
    pub lanes_m: BTreeMap<String, f64>,
    /// The programme of each traffic light; of several the last, which is the one that SUMO runs.
    pub programmes: Vec<FileProgramme>,
}

/// One `tlLogic`.
#[derive(Debug, Clone, PartialEq)]
pub struct FileProgramme {
    /// Id of the traffic light.
    pub id: String,
    /// Offset as written.
    pub offset: String,
    /// Duration as written \[s\] and lamp string of each step.
    pub steps: Vec<(f64, String)>,
}

impl SumoNet {
    /// Read a network file.
    pub fn read(path: &Path) -> Result<Self, CosimError> {
        let mut net = Self::default();
        xml::elements(path, |element| {
            match element.name() {
                "edge" if element.get("function")?.is_none_or(|function| function != "internal") => {
                    net.edges.insert(element.text("id")?);
                }
                "lane" => {
                    net.lanes_m.insert(element.text("id")?, element.number("length")?);
                }
                "tlLogic" => {
                    let id = element.text("id")?;
                    let offset = element.get("offset")?.unwrap_or_else(|| "0".into());
                    net.programmes.retain(|programme| programme.id != id);
                    net.programmes.push(FileProgramme { id, offset, steps: Vec::new() });
                }
                "phase" => {
                    if let Some(programme) = net.programmes.last_mut() {
                        programme.steps.push((element.number("duration")?, element.text("state")?));
                    }
                }
                _ => {}
            }
            Ok(())
        })?;
        Ok(net)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_lanes_and_the_last_programmes_are_read() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let text = r#"<net><edge id=":j_0" function="internal"/><edge id="e"><lane id="e_0" length="80.5"/></edge>
            <tlLogic id="J" type="static" programID="0"><phase duration="30" state="Gr"/></tlLogic>
            <tlLogic id="J" type="static" programID="1" offset="5"><phase duration="9" state="rG"/></tlLogic></net>"#;
        std::fs::write(file.path(), text).unwrap();
        let net = SumoNet::read(file.path()).unwrap();
        assert_eq!(net.edges.into_iter().collect::<Vec<_>>(), ["e"]);
        assert!((net.lanes_m["e_0"] - 80.5).abs() < 1e-9);
        assert_eq!(net.programmes.len(), 1);
        let programme = &net.programmes[0];
        assert_eq!((programme.offset.as_str(), &programme.steps[0]), ("5", &(9.0, "rG".to_owned())));
    }
}
