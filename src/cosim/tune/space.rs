//! Which scalars may be varied, between which ends, and how they stand in a set of scalars.
//!
//! In: names, a scene or none, a set of scalars. Out: a point in the box [0, 1]ⁿ, and the other way round.
//!
//! The ends are narrower than what a configuration may say: beyond them a scalar has lost its meaning.

use crate::config::Scalars;
use crate::plan::Scene;
use crate::{estimate, optimize};

/// One scalar.
pub struct Scalar {
    /// Its key.
    pub name: &'static str,
    /// Least and largest value.
    pub range: (f64, f64),
    place: Place,
}

/// Where it stands: how it is read and written.
#[derive(Clone, Copy)]
enum Place {
    Search(fn(&optimize::Settings) -> f64, fn(&mut optimize::Settings, f64)),
    Estimate(fn(&mut estimate::Settings) -> &mut f64),
}

/// A scalar of the search that is a number.
macro_rules! price {
    ($name:ident, $low:expr, $high:expr) => {
        Scalar {
            name: stringify!($name),
            range: ($low, $high),
            place: Place::Search(|it| it.$name, |it, value| it.$name = value),
        }
    };
}

/// All of them.
pub static SCALARS: [Scalar; 14] = [
    Scalar {
        name: "horizon_s",
        range: (30.0, 120.0),
        place: Place::Search(|it| it.horizon_s as f64, |it, value| it.horizon_s = value.round() as usize),
    },
    price!(stop_cost_s, 0.0, 12.0),
    price!(change_cost_s, 0.0, 8.0),
    price!(spill_price, 0.0, 5.0),
    price!(block_price, 0.0, 20.0),
    price!(side_road_weight, 0.0, 2.0),
    price!(change_vehicles_min, 0.0, 2.0),
    price!(startup_s, 0.0, 3.0),
    price!(yellow_used_s, 0.0, 3.0),
    price!(terminal_weight, 0.2, 3.0),
    price!(terminal_red_s, 0.0, 30.0),
    price!(terminal_green_s, 5.0, 60.0),
    Scalar { name: "dispersion", range: (0.0, 1.0), place: Place::Estimate(|it| &mut it.dispersion) },
    Scalar { name: "permissive_factor", range: (0.1, 1.0), place: Place::Estimate(|it| &mut it.permissive_factor) },
];

/// The scalars that are varied, in one scene or in the whole.
pub struct Space {
    scalars: Vec<&'static Scalar>,
    scene: Option<Scene>,
}

impl Space {
    /// Scalars by name.
    ///
    /// # Errors
    /// Which name is not known, or cannot differ by scene; with those that can be said.
    pub fn new(names: &[String], scene: Option<Scene>) -> Result<Self, String> {
        let may = |scalar: &&Scalar| scene.is_none() || matches!(scalar.place, Place::Search(..));
        let find = |name: &String| {
            let all = || SCALARS.iter().filter(may);
            let known = || all().map(|it| it.name).collect::<Vec<_>>().join(", ");
            all().find(|it| it.name == name).ok_or_else(|| format!("`{name}` cannot be varied; there are {}", known()))
        };
        let scalars: Vec<&'static Scalar> = names.iter().map(find).collect::<Result<_, _>>()?;
        if let Some(twice) =
            scalars.iter().enumerate().find(|(at, it)| scalars[..*at].iter().any(|o| o.name == it.name))
        {
            return Err(format!("`{}` is named twice", twice.1.name));
        }
        if scalars.len() < 2 { Err("at least two scalars are varied".to_owned()) } else { Ok(Self { scalars, scene }) }
    }

    /// What is varied, by name; those of a scene with it.
    pub fn names(&self) -> Vec<String> {
        let name = |it: &&Scalar| match self.scene {
            Some(scene) => format!("scenes.{scene}.{}", it.name),
            None => it.name.to_owned(),
        };
        self.scalars.iter().map(name).collect()
    }

    /// Where a set stands in the box.
    pub fn point(&self, set: &Scalars) -> Vec<f64> {
        let search = self.scene.and_then(|scene| set.scenes.get(&scene)).unwrap_or(&set.search);
        let value = |scalar: &Scalar| match scalar.place {
            Place::Search(read, _) => read(search),
            Place::Estimate(place) => *place(&mut set.estimate.clone()),
        };
        let share = |it: &&Scalar| ((value(it) - it.range.0) / (it.range.1 - it.range.0)).clamp(0.0, 1.0);
        self.scalars.iter().map(share).collect()
    }

    /// The set at a point of the box: values with three digits, everything else as in `set`. What is varied in the whole is varied in
    /// the scenes that do not say otherwise.
    pub fn at(&self, set: &Scalars, point: &[f64]) -> Scalars {
        let mut moved = set.clone();
        for (scalar, share) in self.scalars.iter().zip(point) {
            let value = three_digits(scalar.range.0 + share.clamp(0.0, 1.0) * (scalar.range.1 - scalar.range.0));
            match (scalar.place, self.scene) {
                (Place::Search(_, write), Some(scene)) => {
                    write(moved.scenes.entry(scene).or_insert_with(|| set.search.clone()), value);
                }
                (Place::Search(read, write), None) => {
                    for settings in moved.scenes.values_mut().filter(|it| same(read(it), read(&set.search))) {
                        write(settings, value);
                    }
                    write(&mut moved.search, value);
                }
                (Place::Estimate(place), _) => *place(&mut moved.estimate) = value,
            }
        }
        moved
    }
}

fn same(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-12
}

fn three_digits(value: f64) -> f64 {
    format!("{value:.2e}").parse().expect("a number that was just written")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(all: &[&str]) -> Vec<String> {
        all.iter().map(|&it| it.to_owned()).collect()
    }

    #[test]
    fn a_point_leads_to_a_set_and_back_and_all_else_stays() {
        let set = Scalars::built_in();
        let space = Space::new(&names(&["stop_cost_s", "dispersion", "horizon_s"]), None).unwrap();
        assert_eq!(space.at(&set, &space.point(&set)), set, "where it stands it stays");
        let moved = space.at(&set, &[0.5, 1.2, 0.123_456]);
        assert_eq!((moved.search.stop_cost_s, moved.estimate.dispersion, moved.search.horizon_s), (6.0, 1.0, 41));
        assert!(same(moved.search.spill_price, set.search.spill_price));
    }

    #[test]
    fn what_is_varied_in_a_scene_leaves_the_others_alone_and_what_is_varied_in_the_whole_leaves_what_a_scene_says() {
        let set = Scalars::built_in();
        let all = names(&["stop_cost_s", "spill_price"]);
        let peak = Space::new(&all, Some(Scene::Peak)).unwrap().at(&set, &[0.5, 0.5]);
        assert_eq!((peak.search.clone(), peak.scenes[&Scene::Peak].stop_cost_s), (set.search, 6.0));
        let both = Space::new(&all, None).unwrap().at(&peak, &[0.25, 0.5]);
        assert_eq!((both.search.stop_cost_s, both.scenes[&Scene::Peak].stop_cost_s), (3.0, 6.0));
    }

    #[test]
    fn what_cannot_be_varied_is_told_with_what_can() {
        let told = |all: &[&str], scene| Space::new(&names(all), scene).err().unwrap_or_default();
        assert!(
            told(&["stop_cost", "spill_price"], None).contains("`stop_cost` cannot be varied; there are horizon_s")
        );
        assert!(told(&["dispersion", "spill_price"], Some(Scene::Peak)).contains("`dispersion`"));
        assert!(told(&["spill_price"], None).contains("at least two"));
        assert!(told(&["spill_price", "spill_price"], None).contains("twice"));
    }

    #[test]
    fn every_scalar_stands_between_its_ends_today() {
        let set = Scalars::built_in();
        for scalar in &SCALARS {
            let value = match scalar.place {
                Place::Search(read, _) => read(&set.search),
                Place::Estimate(place) => *place(&mut set.estimate.clone()),
            };
            assert!((scalar.range.0..=scalar.range.1).contains(&value), "{}: {value}", scalar.name);
        }
    }
}
