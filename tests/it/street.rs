//! A street to talk about: two intersections, `north` and `south`, joined by one link.

use lightwatch::network::Network;
use lightwatch::network::file::NetworkFile;

fn intersection(id: &str, entry: &str, exit: &str) -> String {
    format!(
        r#"
[[intersections]]
id = "{id}"
approaches = [
    {{ id = "{entry}", lanes = [
        {{ id = "{entry}_0", length_m = 200.0, speed_mps = 13.9 }},
        {{ id = "{entry}_1", length_m = 200.0, speed_mps = 13.9 }},
    ] }},
    {{ id = "{id}_side", lanes = [{{ id = "{id}_side_0", length_m = 80.0, speed_mps = 13.9, is_source = true }}] }},
]
exits = [{{ id = "{exit}_0", link = "{exit}", length_m = 200.0 }}]
feeders = [{{ id = "{id}_far_0", distance_m = 80.0, zone_m = 120.0, speed_mps = 13.9, into = [{{ lane = "{id}_side_0", share = 1.0 }}] }}]
groups = [
    {{ id = "main", change_ms = 3000, green_min_ms = 5000 }},
    {{ id = "side", change_ms = 3000, green_min_ms = 5000 }},
]
movements = [
    {{ id = "m0", lane = "{entry}_0", group = "main", exit = "{exit}_0", turn = "through" }},
    {{ id = "m1", lane = "{entry}_1", group = "main", exit = "{exit}_0", turn = "through" }},
    {{ id = "s0", lane = "{id}_side_0", group = "side", exit = "{exit}_0", turn = "right" }},
]
conflicts = [{{ between = ["main", "side"], red_clearance_ms = [1000, 1000] }}]
stages = [{{ id = "A", signals = "Gr" }}, {{ id = "B", signals = "rG" }}]
detectors = [{{ id = "{id}_loop", role = "stop_bar", lane = "{entry}_0", distance_m = 1.0 }}]
"#
    )
}

/// The street as a file.
pub fn toml() -> String {
    format!(
        "city = \"Testville\"\n{}{}\n[[links]]\nid = \"middle\"\nfrom = \"north\"\nto = \"south\"\napproach = \"middle\"\n\
         length_m = 200.0\nspeed_mps = 13.9\n",
        intersection("north", "top", "middle"),
        intersection("south", "middle", "bottom"),
    )
}

/// Many intersections that know nothing of each other, as a file.
pub fn many(count: usize) -> String {
    let each = (0..count).map(|it| intersection(&format!("i{it}"), &format!("top{it}"), &format!("out{it}")));
    format!("city = \"Testville\"\n{}", each.collect::<String>())
}

/// The street.
pub fn network() -> Network {
    let file = NetworkFile::from_toml(&toml(), "street").expect("the street can be read");
    Network::build(file).expect("the street is sound")
}
