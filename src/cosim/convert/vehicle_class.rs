//! SUMO's vehicle types as classes of our street, with the defaults of their `vClass`.
//!
//! Numbers: SUMO 1.28, "Vehicle Type Parameter Defaults" and "Definition of Vehicles, Vehicle Types, and Routes" (speed
//! deviation: passenger, pedestrian, bicycle 0.1; truck, trailer, coach, delivery 0.05; others 0). Only road vehicles.

use simulator::street::{ClassFile, Kind};

/// Defaults of a `vClass`; `None` for rails, ships and people.
pub(in crate::cosim) fn defaults(class: &str) -> Option<ClassFile> {
    let car = ClassFile { speed_deviation: 0.0, ..ClassFile::car() };
    let heavy = ClassFile { decel_mps2: 4.0, emergency_decel_mps2: 7.0, speed_deviation: 0.05, ..ClassFile::truck() };
    let found = match class {
        "passenger" => ClassFile::car(),
        "bus" => ClassFile::bus(),
        "truck" => heavy,
        "trailer" => ClassFile { length_m: 16.5, accel_mps2: 1.1, ..heavy },
        "coach" => {
            ClassFile { kind: Kind::Bus, length_m: 14.0, accel_mps2: 2.0, max_speed_mps: 27.78, persons: 30.0, ..heavy }
        }
        "delivery" => ClassFile { length_m: 6.5, speed_deviation: 0.05, ..car },
        "emergency" => ClassFile { length_m: 6.5, emergency: true, ..car },
        "motorcycle" => ClassFile {
            length_m: 2.2,
            accel_mps2: 6.0,
            decel_mps2: 10.0,
            emergency_decel_mps2: 10.0,
            persons: 1.0,
            ..car
        },
        "moped" => ClassFile {
            length_m: 2.1,
            accel_mps2: 1.1,
            decel_mps2: 7.0,
            emergency_decel_mps2: 10.0,
            max_speed_mps: 16.67,
            persons: 1.0,
            ..car
        },
        "bicycle" => ClassFile::bicycle(),
        "private" | "taxi" | "hov" | "evehicle" | "authority" | "army" | "vip" | "custom1" | "custom2" | "ignoring" => {
            car
        }
        _ => return None,
    };
    Some(found)
}

/// The `vClass` of a built-in class of the street.
pub(super) fn of_built_in(id: &str) -> &'static str {
    match id {
        "bus" => "bus",
        "truck" => "truck",
        "bicycle" => "bicycle",
        _ => "passenger",
    }
}
