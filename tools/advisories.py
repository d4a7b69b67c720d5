#!/usr/bin/env python3
"""Hold Cargo.lock against a copy of the RustSec advisory database on this machine; nothing is fetched.

    tools/advisories.py [FOLDER]

FOLDER is a checkout of https://github.com/rustsec/advisory-db (its `crates/` holds one file an advisory); without it the variable
ADVISORY_DB and then the places where cargo-audit and cargo-deny keep theirs are looked at. Exit code: 0 no advisory, 1 a finding,
65 an advisory that cannot be read, 69 no database, and then nothing was checked.
"""

import os
import pathlib
import re
import sys

try:
    import tomllib
except ImportError:
    sys.exit("advisories: Python 3.11 or newer is needed, nothing was checked")

WARNINGS = {"unmaintained", "notice", "unsound"}


def database(arguments):
    home = pathlib.Path(os.environ.get("CARGO_HOME", pathlib.Path.home() / ".cargo"))
    places = [pathlib.Path(it) for it in arguments[1:2] or [os.environ.get("ADVISORY_DB")] if it]
    if not places:
        places = [home / "advisory-db", *sorted((home / "advisory-dbs").glob("*"))]
    return next((it for it in places if (it / "crates").is_dir()), None)


def version(text):
    """A version as something that can be compared: a release lies behind its previews."""
    numbers, _, preview = text.split("+")[0].partition("-")
    numbers = [int(it) for it in numbers.split(".")]
    parts = [(0, int(it), "") if it.isdigit() else (1, 0, it) for it in preview.split(".")] if preview else []
    return (numbers + [0, 0, 0])[:3], not preview, parts


def fits(found, requirement):
    """Whether a version is within a requirement of Cargo, such as `>= 1.2.3, < 2` or `^0.4.1`."""
    return all(fits_one(found, part.strip()) for part in requirement.split(","))


def fits_one(found, part):
    sign, text = re.fullmatch(r"(>=|<=|>|<|=|\^|~)?\s*(\S+)", part).groups()
    if text == "*":
        return True
    found, wanted = version(found), version(text)
    if sign in (None, "^", "~"):
        numbers = wanted[0]
        first = next((at for at, number in enumerate(numbers) if number), 2) if sign != "~" else 1
        above = [*numbers[:first], numbers[first] + 1, 0, 0][:3]
        return wanted <= found and found[0] < above
    return {">=": found >= wanted, "<=": found <= wanted, ">": found > wanted, "<": found < wanted, "=": found == wanted}[sign]


def advisory(path):
    """The table at the beginning of an advisory."""
    text = path.read_text(encoding="utf-8")
    table = text.split("```toml", 1)[1].split("```", 1)[0] if path.suffix == ".md" else text
    return tomllib.loads(table)


def affects(told, found):
    versions = told.get("versions", {})
    good = versions.get("patched", []) + versions.get("unaffected", [])
    return "withdrawn" not in told["advisory"] and not any(fits(found, it) for it in good)


def main():
    folder = database(sys.argv)
    if folder is None:
        print("advisories: no copy of the database on this machine (ADVISORY_DB, ~/.cargo/advisory-db): NOTHING was checked")
        return 69
    packages = tomllib.loads(pathlib.Path("Cargo.lock").read_text(encoding="utf-8"))["package"]
    findings = looked_at = 0
    for package in packages:
        for path in sorted((folder / "crates" / package["name"]).glob("RUSTSEC-*")):
            looked_at += 1
            try:
                told = advisory(path)
                affected = affects(told, package["version"])
            except (IndexError, KeyError, ValueError, AttributeError) as error:
                print(f"advisories: {path}: cannot be read: {error!r}")
                return 65
            if affected:
                kind = told["advisory"].get("informational")
                findings += kind not in WARNINGS
                word = f"note, {kind}" if kind in WARNINGS else "FINDING"
                print(f"{told['advisory']['id']}: {package['name']} {package['version']}: {word}: {told['advisory'].get('url', path.name)}")
    print(f"advisories: {len(packages)} packages of Cargo.lock, {looked_at} advisories about them in {folder}, {findings} finding(s)")
    return int(findings > 0)


if __name__ == "__main__":
    sys.exit(main())
