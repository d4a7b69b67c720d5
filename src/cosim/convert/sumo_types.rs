//! Vehicle types of route files → classes: defaults of the `vClass`, what the type says, distributions.
//!
//! Types that are alike are one class, so that forty names for the same car do not become forty classes; the plain passenger
//! car is `car`. Members of a distribution come in turn, as often as their probability says, without any lot.

use super::report::Remarks;
use super::vehicle_class::defaults;
use crate::network::import::sumo::element::{Element, Elements, Step};
use crate::network::import::sumo::{ImportError, RouteText};
use simulator::street::ClassFile;
use std::collections::{BTreeMap, BTreeSet};

/// Root element of a route file.
pub(super) const ROOT: &str = "routes";

/// Vehicle types of the route files.
#[derive(Debug, Default)]
pub(super) struct Types {
    /// Class that a type has become.
    class_of: BTreeMap<String, String>,
    /// Classes with their `vClass`.
    classes: Vec<(ClassFile, String)>,
    /// Members of distributions with their probabilities.
    mixes: BTreeMap<String, Vec<(String, f64)>>,
    /// Types that have no road.
    pub(super) elsewhere: BTreeSet<String>,
}

impl Types {
    /// Classes that the street must know besides the built-in ones.
    pub(super) fn classes(&self) -> Vec<ClassFile> {
        self.classes.iter().map(|(class, _)| class.clone()).collect()
    }

    /// Their names with their `vClass`.
    pub(super) fn with_classes(&self) -> impl Iterator<Item = (String, String)> + '_ {
        self.classes.iter().map(|(class, vehicles)| (class.id.clone(), vehicles.clone()))
    }

    /// Take in a type; one that is like another becomes the same class.
    fn add(&mut self, id: &str, class: &ClassFile, vehicles: &str) {
        let built_in = ClassFile::built_in().into_iter().map(|it| {
            let vehicles = super::vehicle_class::of_built_in(&it.id).to_owned();
            (it, vehicles)
        });
        let known: Vec<(ClassFile, String)> = built_in.chain(self.classes.iter().cloned()).collect();
        let alike =
            known.iter().find(|(it, of)| of == vehicles && ClassFile { id: it.id.clone(), ..class.clone() } == *it);
        let id_of = if let Some((alike, _)) = alike {
            alike.id.clone()
        } else {
            // A type may not replace a built-in class by accident of its name.
            let taken = known.iter().any(|(it, _)| it.id == id);
            let name = if taken { format!("{id}.type") } else { id.to_owned() };
            self.classes.push((ClassFile { id: name.clone(), ..class.clone() }, vehicles.to_owned()));
            name
        };
        self.class_of.insert(id.to_owned(), id_of);
    }

    /// Class of a type name; members of a distribution come in turn.
    pub(super) fn class(&self, id: &str, turns: &mut Turns) -> Option<String> {
        let member = self.mixes.get(id).and_then(|mix| turns.next(id, mix));
        self.class_of.get(member.as_deref().unwrap_or(id)).cloned()
    }
}

/// Whose turn it is in each distribution: the member that lags most behind its probability.
#[derive(Debug, Default)]
pub(super) struct Turns(BTreeMap<String, Vec<f64>>);

impl Turns {
    pub(super) fn next(&mut self, id: &str, mix: &[(String, f64)]) -> Option<String> {
        let sum: f64 = mix.iter().map(|it| it.1).sum();
        let owed = self.0.entry(id.to_owned()).or_insert_with(|| vec![0.0; mix.len()]);
        for (owed, (_, share)) in owed.iter_mut().zip(mix) {
            *owed += share / sum.max(f64::MIN_POSITIVE);
        }
        let most = (0..mix.len()).max_by(|&a, &b| owed[a].total_cmp(&owed[b]).then(b.cmp(&a)))?;
        owed[most] -= 1.0;
        Some(mix[most].0.clone())
    }
}

/// Read the types of a route file.
pub(super) fn read_types(file: &RouteText<'_>, types: &mut Types, refused: &mut Remarks) -> Result<(), ImportError> {
    for id in ["DEFAULT_VEHTYPE", "DEFAULT_BIKETYPE"] {
        let class = if id == "DEFAULT_BIKETYPE" { "bicycle" } else { "car" };
        types.class_of.entry(id.to_owned()).or_insert_with(|| class.to_owned());
    }
    let mut elements = Elements::new(file.text, file.source, ROOT);
    let mut mix = String::new();
    loop {
        let element = match elements.next()? {
            Step::Open(element) => element,
            Step::Close => continue,
            Step::End => return Ok(()),
        };
        match element.name.as_str() {
            "vTypeDistribution" => {
                mix = element.required("id", "the name of the distribution")?;
                let listed = element.optional("vTypes")?.unwrap_or_default();
                types.mixes.insert(mix.clone(), listed.split_whitespace().map(|it| (it.to_owned(), 1.0)).collect());
            }
            "vType" => {
                let id = element.required("id", "the name of the type")?;
                vehicle_type(&element, &id, types, refused)?;
                if element.path.ends_with("vTypeDistribution") {
                    let share = element.number("probability", &(0.0..=1e9))?.unwrap_or(1.0);
                    types.mixes.entry(mix.clone()).or_default().push((id, share));
                }
            }
            _ => {}
        }
    }
}

fn vehicle_type(element: &Element<'_>, id: &str, types: &mut Types, refused: &mut Remarks) -> Result<(), ImportError> {
    let vehicles = element.optional("vClass")?.unwrap_or_else(|| "passenger".to_owned());
    let Some(mut class) = defaults(&vehicles) else {
        refused.say(id, format!("a type of the class {vehicles}, which has no road: left out"));
        types.elsewhere.insert(id.to_owned());
        return Ok(());
    };
    let set = |attribute, low: f64, high: f64, value: &mut f64| -> Result<(), ImportError> {
        if let Some(number) = element.number(attribute, &(low..=high))? {
            *value = number;
        }
        Ok(())
    };
    set("length", 0.5, 40.0, &mut class.length_m)?;
    set("minGap", 0.0, 10.0, &mut class.min_gap_m)?;
    set("accel", 0.1, 20.0, &mut class.accel_mps2)?;
    set("decel", 0.5, 20.0, &mut class.decel_mps2)?;
    class.emergency_decel_mps2 = class.emergency_decel_mps2.max(class.decel_mps2);
    set("emergencyDecel", class.decel_mps2, 30.0, &mut class.emergency_decel_mps2)?;
    set("tau", 0.1, 10.0, &mut class.tau_s)?;
    set("sigma", 0.0, 1.0, &mut class.sigma)?;
    set("impatience", 0.0, 1.0, &mut class.impatience)?;
    set("maxSpeed", 0.5, 100.0, &mut class.max_speed_mps)?;
    set("speedDev", 0.0, 1.0, &mut class.speed_deviation)?;
    if let Some(text) = element.optional("speedFactor")? {
        let numbers: Vec<f64> = text
            .trim_start_matches(|it: char| it.is_ascii_alphabetic() || it == '(')
            .trim_end_matches(')')
            .split(',')
            .map_while(|it| it.trim().parse().ok())
            .collect();
        let normal = text.starts_with("norm");
        match numbers[..] {
            [mean, deviation, ..] if normal && mean.is_finite() && deviation.is_finite() => {
                (class.speed_factor, class.speed_deviation) = (mean.clamp(0.2, 2.0), deviation.clamp(0.0, 1.0));
            }
            [mean] if mean.is_finite() => class.speed_factor = mean.clamp(0.2, 2.0),
            _ => return Err(element.bad("speedFactor", text, "a number, norm(m,d) or normc(m,d,low,high)".to_owned())),
        }
    }
    if element.optional("carFollowModel")?.is_some_and(|model| model != "Krauss") {
        refused.say(id, "its car-following model: Krauß instead");
    }
    types.add(id, &class, &vehicles);
    Ok(())
}
