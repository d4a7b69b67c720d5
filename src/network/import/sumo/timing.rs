use crate::time::Millis;
pub(super) const WALK_MIN: Millis = Millis(7_000);
fn up(s: f64) -> Millis {
    Millis((s * 10.0 - 1e-9).ceil() as i64 * 100)
}
pub(super) fn yellow_ite(v: f64) -> Millis {
    up((1.0 + v / 6.1).clamp(3.0, 6.0))
}
pub(super) fn red_clearance(w: f64, v: f64) -> Millis {
    up((w + 6.1) / v)
}
pub(super) struct Ped {
    pub(super) clearance: Millis,
}
pub(super) fn pedestrian(d: f64) -> Ped {
    Ped { clearance: up((d / 1.07).max((d + 1.8) / 0.91 - 7.0)) }
}
