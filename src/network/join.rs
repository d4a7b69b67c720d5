//! Several network files of one city as one network.

use super::file::NetworkFile;
use super::problem::Problems;

impl NetworkFile {
    /// All intersections and links of files of one city, each with the name it goes by in problems.
    ///
    /// What occurs in two of them is for [`super::Network::build`] to find.
    pub fn join(files: Vec<(String, Self)>) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let mut files = files.into_iter();
        let Some((_, mut joined)) = files.next() else {
            problems.push("networks", "none", "at least one file");
            return Err(problems);
        };
        for (source, file) in files {
            if file.city != joined.city {
                let allowed = format!("`{}`, as in the first file", joined.city);
                problems.push(format_args!("{source}: city"), format_args!("`{}`", file.city), allowed);
            }
            joined.intersections.extend(file.intersections);
            joined.links.extend(file.links);
        }
        problems.into_result(joined)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(city: &str) -> (String, NetworkFile) {
        (format!("{city}.toml"), NetworkFile { city: city.into(), ..NetworkFile::default() })
    }

    #[test]
    fn files_of_two_cities_are_not_one_network() {
        let told = NetworkFile::join(vec![file("a"), file("a"), file("b")]).unwrap_err().to_string();
        assert_eq!(told, "b.toml: city: `b` (allowed: `a`, as in the first file)");
        assert!(NetworkFile::join(vec![file("a"), file("a")]).is_ok());
        assert!(NetworkFile::join(Vec::new()).is_err());
    }
}
