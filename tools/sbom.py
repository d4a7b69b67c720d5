#!/usr/bin/env python3
"""What lightwatch is built of: a CycloneDX 1.5 bill of materials from `cargo metadata`, the same bytes for the same Cargo.lock.

    tools/sbom.py > lightwatch.cdx.json

Packages that are linked into the program or run while it is built (kind `normal` and `build`, for Linux), each with version, licence, checksum
of its archive and what it needs. Packages of tests are not part of what is given away and are left out.
"""

import json
import re
import subprocess
import sys

TARGET = "x86_64-unknown-linux-gnu"


def metadata():
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--filter-platform", TARGET]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def checksums():
    """Name and version to the SHA-256 of the archive, from Cargo.lock."""
    found = {}
    for entry in open("Cargo.lock", encoding="utf-8").read().split("[[package]]")[1:]:
        fields = dict(re.findall(r'^(name|version|checksum) = "([^"]*)"$', entry, re.M))
        if "checksum" in fields:
            found[fields["name"], fields["version"]] = fields["checksum"]
    return found


def built():
    """Packages that are really built: `cargo metadata` also names those of features that nobody asked for."""
    command = ["cargo", "tree", "--locked", "--target", TARGET, "--edges", "normal,build", "--prefix", "none", "--format", "{p}"]
    lines = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    return {tuple(line.replace(" v", " ").split(" ")[:2]) for line in lines}


def reachable(nodes, root):
    """Packages that the root needs to run or to be built."""
    seen, open_ = set(), [root]
    while open_:
        package = open_.pop()
        if package not in seen:
            seen.add(package)
            open_ += needed(nodes[package])
    return seen


def needed(node):
    return [it["pkg"] for it in node["deps"] if any(kind["kind"] in (None, "build") for kind in it["dep_kinds"])]


def reference(package):
    return f"pkg:cargo/{package['name']}@{package['version']}"


def component(package, sums):
    told = {
        "type": "library",
        "bom-ref": reference(package),
        "name": package["name"],
        "version": package["version"],
        "purl": reference(package),
        "licenses": [{"expression": (package["license"] or "NOASSERTION").replace("/", " OR ")}],
    }
    checksum = sums.get((package["name"], package["version"]))
    if checksum:
        told["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    if package.get("repository"):
        told["externalReferences"] = [{"type": "vcs", "url": package["repository"]}]
    return told


def main():
    data, sums = metadata(), checksums()
    packages = {it["id"]: it for it in data["packages"]}
    nodes = {it["id"]: it for it in data["resolve"]["nodes"]}
    root = next(it for it in packages.values() if it["name"] == "lightwatch")
    real = built()
    used = [it for it in reachable(nodes, root["id"]) if (packages[it]["name"], packages[it]["version"]) in real]
    used.sort(key=lambda it: reference(packages[it]))
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {**component(root, sums), "type": "application"}},
        "components": [component(packages[it], sums) for it in used if it != root["id"]],
        "dependencies": [
            {"ref": reference(packages[it]), "dependsOn": sorted({reference(packages[to]) for to in needed(nodes[it]) if to in used})}
            for it in used
        ],
    }
    json.dump(bill, sys.stdout, indent=1, sort_keys=True)
    print()


if __name__ == "__main__":
    main()
