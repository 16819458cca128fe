//! Users and groups outside the process's user namespace (user_namespaces(7)).

/// The id that stands for every user, or group, without a number in this namespace; `None` where that id is one of the
/// namespace's own, as on a machine itself, where 65534 is `nobody`.
///
/// `map` is `/proc/self/uid_map` or `gid_map`, `overflow` is `/proc/sys/kernel/overflowuid` or `overflowgid`.
pub(super) fn unmapped_id(map: &str, overflow: &str) -> Option<u32> {
    let overflow = overflow.trim().parse().unwrap_or(DEFAULT_OVERFLOW);
    let mut ranges = map.lines().filter_map(|line| {
        let mut numbers = line.split_ascii_whitespace().map(str::parse::<u32>);
        let (first, _, count) = (numbers.next()?.ok()?, numbers.next()?, numbers.next()?.ok()?);
        Some(u64::from(first)..u64::from(first) + u64::from(count))
    });
    let is_mapped = ranges.any(|range| range.contains(&u64::from(overflow)));
    // A kernel without namespaces has no such file.
    (!is_mapped && !map.trim().is_empty()).then_some(overflow)
}

const DEFAULT_OVERFLOW: u32 = 65_534;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_overflow_id_stands_for_the_host_only_where_it_is_nobodys_number() {
        for (map, overflow, expected) in [
            ("         0          0 4294967295\n", "65534\n", None),
            // unshare --map-root-user, bubblewrap
            ("         0       1000          1\n", "65534\n", Some(65_534)),
            ("         0       1000          1\n", "", Some(65_534)),
            ("0 1000 1\n1 100000 65533\n", "65534", Some(65_534)),
            // Rootless Podman with the usual range: `nobody` is a user of the container.
            ("0 1000 1\n1 100000 65536\n", "65534", None),
            ("0 1000 1\n1 100000 65536\n", "70000", Some(70_000)),
            ("", "65534", None),
        ] {
            assert_eq!(unmapped_id(map, overflow), expected, "{map} {overflow}");
        }
    }
}
