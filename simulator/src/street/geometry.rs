//! Lines in the plane: where lanes end, how links bend, where two links cross.
//!
//! Metres, x east, y north. A road's lanes lie to the right of its line, each [`LANE_WIDTH_M`] wide, and stop short of the
//! junction by a radius that its widest road needs. Weakness: junctions are round, and links are parabolas.

/// Width of every lane \[m\].
pub const LANE_WIDTH_M: f64 = 3.2;

pub type Point = [f64; 2];

pub fn minus(a: Point, b: Point) -> Point {
    [a[0] - b[0], a[1] - b[1]]
}

fn along(a: Point, direction: Point, by: f64) -> Point {
    [a[0] + direction[0] * by, a[1] + direction[1] * by]
}

fn dot(a: Point, b: Point) -> f64 {
    a[0] * b[0] + a[1] * b[1]
}

fn cross(a: Point, b: Point) -> f64 {
    a[0] * b[1] - a[1] * b[0]
}

pub fn distance(a: Point, b: Point) -> f64 {
    let d = minus(a, b);
    d[0].hypot(d[1])
}

pub fn length(line: &[Point]) -> f64 {
    line.windows(2).map(|pair| distance(pair[0], pair[1])).sum()
}

/// Unit vector; east for a point.
pub fn direction(from: Point, to: Point) -> Point {
    let by = distance(from, to);
    if by > 1e-9 { [(to[0] - from[0]) / by, (to[1] - from[1]) / by] } else { [1.0, 0.0] }
}

/// Angle from one direction to another, left positive, in (-180°, 180°].
pub fn turned_degrees(from: Point, to: Point) -> f64 {
    cross(from, to).atan2(dot(from, to)).to_degrees()
}

/// Point and direction of a lane's end (or begin), `cut_m` before the end of the road's line.
pub fn lane_end(line: &[Point], at_end: bool, lanes_left: f64, cut_m: f64) -> (Point, Point) {
    let n = line.len();
    let (tip, ahead) = if at_end {
        (line[n - 1], direction(line[n - 2], line[n - 1]))
    } else {
        (line[0], direction(line[0], line[1]))
    };
    let back = if at_end { -cut_m } else { cut_m };
    let right = [ahead[1], -ahead[0]];
    (along(along(tip, ahead, back), right, (lanes_left + 0.5) * LANE_WIDTH_M), ahead)
}

/// A parabola from one lane's end to another's begin, as a polyline.
pub fn bend(from: (Point, Point), to: (Point, Point)) -> Vec<Point> {
    const PIECES: usize = 10;
    let ((a, ahead), (b, onward)) = (from, to);
    let turn = cross(ahead, onward);
    if turn.abs() < 0.05 {
        return vec![a, b];
    }
    let by = cross(minus(b, a), onward) / turn;
    let apex = if by > 0.0 { along(a, ahead, by) } else { along(a, minus(b, a), 0.5) };
    let point = |k: usize| {
        let t = k as f64 / PIECES as f64;
        let (u, v, w) = ((1.0 - t) * (1.0 - t), 2.0 * t * (1.0 - t), t * t);
        [u * a[0] + v * apex[0] + w * b[0], u * a[1] + v * apex[1] + w * b[1]]
    };
    (0..=PIECES).map(point).collect()
}

/// Where two polylines cross first: the distances along each \[m\].
pub fn crossing(a: &[Point], b: &[Point]) -> Option<(f64, f64)> {
    let mut on_a = 0.0;
    for p in a.windows(2) {
        let mut on_b = 0.0;
        for q in b.windows(2) {
            if let Some((s, t)) = meet(p, q) {
                return Some((on_a + s * distance(p[0], p[1]), on_b + t * distance(q[0], q[1])));
            }
            on_b += distance(q[0], q[1]);
        }
        on_a += distance(p[0], p[1]);
    }
    None
}

/// Shares of two segments at which they cross.
fn meet(p: &[Point], q: &[Point]) -> Option<(f64, f64)> {
    let (d, e) = (minus(p[1], p[0]), minus(q[1], q[0]));
    let turn = cross(d, e);
    if turn.abs() < 1e-9 {
        return None;
    }
    let offset = minus(q[0], p[0]);
    let (s, t) = (cross(offset, e) / turn, cross(offset, d) / turn);
    ((0.0..=1.0).contains(&s) && (0.0..=1.0).contains(&t)).then_some((s, t))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_streets_cross_in_the_middle() {
        let (a, b) = ([[0.0, -10.0], [0.0, 10.0]], [[-5.0, 0.0], [15.0, 0.0]]);
        assert_eq!(crossing(&a, &b), Some((10.0, 5.0)));
        assert_eq!(crossing(&a, &[[5.0, 0.0], [15.0, 0.0]]), None);
    }

    #[test]
    fn lanes_lie_to_the_right_of_their_road() {
        let line = [[0.0, 0.0], [100.0, 0.0]];
        let (point, ahead) = lane_end(&line, true, 0.0, 10.0);
        assert_eq!((point, ahead), ([90.0, -1.6], [1.0, 0.0]));
    }

    #[test]
    fn a_left_turn_bends_to_the_left_and_is_longer_than_the_chord() {
        let line = bend(([0.0, 0.0], [1.0, 0.0]), ([10.0, 10.0], [0.0, 1.0]));
        assert!(length(&line) > distance(line[0], line[10]) && length(&line) < 20.0);
        assert!((turned_degrees([1.0, 0.0], [0.0, 1.0]) - 90.0).abs() < 1e-9);
    }
}
