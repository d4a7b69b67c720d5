//! SUMO files that are refused: the exact words, and that no bytes at all make the import panic.

use lightwatch::network::import::sumo::{ImportOptions, RouteText, check_routes, import};
use lightwatch::time::Millis;
use proptest::prelude::*;

const CROSSINGS: &str = include_str!("../data/crossings.net.xml");

/// What the import says about a text.
fn refused(text: &str) -> String {
    import(text, "n.net.xml", &ImportOptions::default()).expect_err("this network is wrong").to_string()
}

/// Replace something in the good network; assert that its line is named, and hand back what is said after the place.
fn refused_with(old: &str, new: &str) -> String {
    let at = CROSSINGS.find(old).unwrap_or_else(|| panic!("{old} is not in the fixture"));
    let line = 1 + CROSSINGS[..at].matches('\n').count();
    let said = refused(&CROSSINGS.replacen(old, new, 1));
    let (place, said) = said.split_once("): ").expect("a place comes first");
    assert!(place.starts_with(&format!("n.net.xml:{line} (byte ")), "{place}, but line {line} is wrong");
    said.to_owned()
}

#[test]
fn a_truncated_file_is_called_truncated() {
    let cut = CROSSINGS.find("<tlLogic").expect("there is one") + 5;
    let line = 1 + CROSSINGS[..cut].matches('\n').count();
    let said = refused(&CROSSINGS[..cut]);
    let expected = format!(
        "n.net.xml:{line} (byte {}): the file ends inside <net>: it is truncated; allowed: a complete XML document",
        cut - 5
    );
    assert_eq!(said, expected);
    let between = CROSSINGS.find("<phase").expect("there is one");
    assert!(refused(&CROSSINGS[..between]).contains("the file ends inside <tlLogic>: it is truncated"));
}

#[test]
fn an_empty_file_and_another_kind_of_file_are_told_apart() {
    assert_eq!(refused(""), "n.net.xml:1 (byte 0): the root element is <>; allowed: <net>");
    assert_eq!(refused("<routes></routes>"), "n.net.xml:1 (byte 0): the root element is <routes>; allowed: <net>");
    assert_eq!(
        refused("<net></net>"),
        "n.net.xml: there is no <tlLogic> that controls a link; allowed: one or more signalised junctions"
    );
}

#[test]
fn a_missing_attribute_is_named_with_what_it_may_be() {
    assert_eq!(
        refused_with("speed=\"13.89\" length=\"109.60\" width=\"2.00\"", "speed=\"13.89\""),
        "<lane id=\"A0bottom0_0\"> has no attribute length; allowed: metres, 0…1000000"
    );
    assert_eq!(
        refused_with(" tl=\"A0\" linkIndex=\"8\"", " tl=\"A0\""),
        "<connection> has no attribute linkIndex; allowed: the position of the link in the states of its traffic light"
    );
}

#[test]
fn what_is_not_a_number_is_shown() {
    assert_eq!(
        refused_with("speed=\"6.51\" length=\"4.75\"", "speed=\"fast\" length=\"4.75\""),
        "<lane id=\":A0_0_0\"> speed=\"fast\"; allowed: a number 0…1000"
    );
    assert_eq!(
        refused_with("speed=\"6.51\" length=\"4.75\"", "speed=\"NaN\" length=\"4.75\""),
        "<lane id=\":A0_0_0\"> speed=\"NaN\"; allowed: a number 0…1000"
    );
    assert_eq!(
        refused_with("linkIndex=\"8\"", "linkIndex=\"-1\""),
        "<connection> linkIndex=\"-1\"; allowed: a whole number from 0"
    );
    assert_eq!(
        refused_with("state=\"gGGgrrrrgGGgrrrrrrrr\"", "state=\"gGGgrrrrgGGgrrrrrrrx\""),
        "<phase> state=\"gGGgrrrrgGGgrrrrrrrx\"; allowed: 1…256 of the letters G g r s y Y u o O"
    );
}

#[test]
fn states_of_unequal_length_are_refused() {
    assert_eq!(
        refused_with("yyyyrrrryyyyrrrrrrrr", "yyyyrrrryyyyrrrrrrr"),
        "tlLogic \"A0\" programme \"0\": state \"yyyyrrrryyyyrrrrrrr\" has 19 letters; allowed: 20, as many as in its first state"
    );
}

#[test]
fn a_link_index_beyond_the_states_is_refused() {
    assert_eq!(
        refused_with("linkIndex=\"8\"", "linkIndex=\"20\""),
        "<connection> tl=\"A0\" linkIndex=\"20\"; allowed: 0…19, the letters of its states"
    );
}

#[test]
fn a_junction_without_right_of_way_table_has_no_conflict_information() {
    let without = CROSSINGS.lines().filter(|it| !it.contains("<request")).collect::<Vec<_>>().join("\n");
    let said = refused(&without);
    assert!(
        said.ends_with(
            "junction \"A0\" has no <request> elements, so there is no conflict information for the traffic light \"A0\"; \
             allowed: one <request> a link (write the network with netconvert)"
        ),
        "{said}"
    );
    let last = CROSSINGS.lines().find(|it| it.contains("<request index=\"19\"")).expect("there are 20 requests");
    let said = refused(&CROSSINGS.replace(last, ""));
    assert!(said.ends_with("junction \"A0\" has 19 <request> elements for 20 links; allowed: one a link"), "{said}");
    assert_eq!(
        refused_with("foes=\"10010000000001100000\"", "foes=\"1001\""),
        "junction \"A0\" request 0: foes has 4 bits; allowed: 20, one a link"
    );
}

#[test]
fn lanes_and_lights_that_do_not_exist_are_refused() {
    assert_eq!(
        refused_with("from=\"bottom0A0\" to=\"A0right0\"", "from=\"nowhere\" to=\"A0right0\""),
        "<connection> from names the lane \"nowhere_1\"; allowed: lanes of the edges in this file"
    );
    assert_eq!(
        refused_with("via=\":A0_8_0\" tl", "via=\":A0_99_0\" tl"),
        "<connection> via names the lane \":A0_99_0\"; allowed: lanes of the edges in this file"
    );
    assert_eq!(
        refused_with("tl=\"A0\" linkIndex=\"8\"", "tl=\"B0\" linkIndex=\"8\""),
        "<connection> is controlled by tl=\"B0\", which has no <tlLogic>; allowed: the tlLogics of this file"
    );
    assert_eq!(
        refused_with("<edge id=\":A0_1\"", "<edge id=\":A0_0\""),
        "<edge id=\":A0_0\"> is there twice; allowed: unique ids"
    );
}

#[test]
fn a_programme_that_serves_nobody_is_refused() {
    let mut text = CROSSINGS.to_owned();
    for state in CROSSINGS.lines().filter_map(|it| it.split("state=\"").nth(1)).filter(|it| it.len() > 20) {
        text = text.replace(&state[..20], &"r".repeat(20));
    }
    let said = refused(&text);
    let expected = "tlLogic \"A0\" programme \"0\": no state serves anybody without conflict; \
                    allowed: at least one state with G or g and without y, Y, u";
    assert!(said.ends_with(expected), "{said}");
}

#[test]
fn an_option_out_of_range_is_refused() {
    let options = ImportOptions { yellow: Some(Millis(1_500)), ..ImportOptions::default() };
    let error = import(CROSSINGS, "n", &options).expect_err("too short");
    assert_eq!(error.to_string(), "option yellow = 1.5 s; allowed: 2…6 s");
}

#[test]
fn a_route_over_an_unknown_edge_names_vehicle_and_edge() {
    let text = "<routes>\n<vehicle id=\"v1\"><route edges=\"left0A0 A0right0\"/></vehicle>\n\
                <vehicle id=\"v2\"><route edges=\"left0A0 A0moon\"/></vehicle>\n</routes>";
    let said = check_routes(CROSSINGS, "n.net.xml", RouteText { text, source: "r.rou.xml" }).expect_err("no such edge");
    assert_eq!(
        said.to_string(),
        "r.rou.xml:3 (byte 87): route \"v2\" uses the edge \"A0moon\", which is not in n.net.xml; allowed: its edges"
    );
    let text = "<routes><trip id=\"t\" from=\"left0A0\" to=\"A0right0\"/></routes>";
    let counts = check_routes(CROSSINGS, "n.net.xml", RouteText { text, source: "r.rou.xml" }).expect("both are there");
    assert_eq!((counts.vehicles, counts.routes), (1, 0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_damage_to_a_file_makes_the_import_panic(
        cuts in proptest::collection::vec((any::<prop::sample::Index>(), 0_usize..40, "[ -~]{0,12}"), 1..6),
    ) {
        let mut text = CROSSINGS.to_owned();
        for (at, length, new) in cuts {
            let at = at.index(text.len());
            let end = (at + length).min(text.len());
            text.replace_range(at..end, &new);
        }
        let _ = import(&text, "n", &ImportOptions::default());
    }

    #[test]
    fn no_exchange_of_values_makes_the_import_panic(
        first in any::<prop::sample::Index>(),
        second in any::<prop::sample::Index>(),
    ) {
        let mut values: Vec<&str> = CROSSINGS.split('"').collect();
        let odd = values.len() / 2;
        let (first, second) = (2 * first.index(odd) + 1, 2 * second.index(odd) + 1);
        values[first] = values[second];
        let _ = import(&values.join("\""), "n", &ImportOptions::default());
    }

    #[test]
    fn no_text_at_all_makes_the_import_panic(text in "\\PC{0,200}") {
        let _ = import(&text, "n", &ImportOptions::default());
        let _ = import(&format!("<net>{text}</net>"), "n", &ImportOptions::default());
    }
}
