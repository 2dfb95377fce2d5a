//! What the name of a pod says: `pool22-300-128-0000618412` is a pod of the pool `pool22-300-128`, with
//! 300 millicores and 128 MB.

use super::super::TraceError;
use super::super::columns::Places;
use super::super::lines::Row;
use super::super::sizes::sold;
use super::{FUNCTION, POD, USER};
use crate::units::Memory;

/// Between the parts of a function's name, as the authors write it.
const SEPARATOR: &[u8] = b"---";

/// Writes a function's name into `key`; `fields` are function, user and pod, the first three columns
/// of both tables.
///
/// # Errors
/// When one of them is no name, or the pod's has other parts.
pub(super) fn key<const N: usize>(
    places: &Places<N>,
    row: Row<'_>,
    fields: [&[u8]; 3],
    key: &mut Vec<u8>,
) -> Result<(), TraceError> {
    let [function, user, pod] = fields;
    key.clear();
    key.extend(places.name(row, FUNCTION, function)?.bytes());
    key.extend(SEPARATOR);
    key.extend(places.name(row, USER, user)?.bytes());
    key.extend(SEPARATOR);
    let name = places.name(row, POD, pod)?;
    let Some(pool) = pool(name) else {
        let expected = "a pod such as pool22-300-128-0000618412";
        return Err(places.wrong(row, POD, pod, expected));
    };
    key.extend(pool.bytes());
    Ok(())
}

/// The pool of a pod.
fn pool(pod: &str) -> Option<&str> {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let (pool, number) = pod.rsplit_once('-')?;
    let (rest, megabytes) = pool.rsplit_once('-')?;
    let (name, millicores) = rest.rsplit_once('-')?;
    let sound = [number, megabytes, millicores].into_iter().all(is_number);
    (sound && !name.is_empty()).then_some(pool)
}

/// The memory of a function's pods.
pub(super) fn memory_of(key: &[u8]) -> Option<Memory> {
    let text = std::str::from_utf8(key).ok()?;
    let megabytes: f64 = text.rsplit_once('-')?.1.parse().ok()?;
    Some(sold(megabytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pods_name_their_pool() {
        assert_eq!(pool("pool22-300-128-0000618412"), Some("pool22-300-128"));
        assert_eq!(pool("a-b-300-128-1"), Some("a-b-300-128"));
        for odd in [
            "",
            "pool22",
            "pool22-300-128",
            "-300-128-1",
            "p-300-x-1",
            "p-300-128-",
        ] {
            assert_eq!(pool(odd), None, "{odd}");
        }
        assert_eq!(memory_of(b"1---2---pool22-300-512"), Some(Memory(512)));
        let beyond = format!("1---2---p-1-{}", "9".repeat(400));
        assert_eq!(memory_of(beyond.as_bytes()), Some(Memory(10_240)));
    }
}
