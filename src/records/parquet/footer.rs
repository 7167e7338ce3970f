//! The end of a Parquet file, which says what its columns are: looked at before
//! memory is given to what it claims.

use parquet::errors::{ParquetError, Result};
use parquet::file::reader::ChunkReader;

use super::pages::varint;

/// Nesting of columns and of what describes them.
const MAX_DEPTH: usize = 64;
/// The length of the metadata and the mark that ends the file.
const END: u64 = 8;

// Kinds of Thrift's compact protocol.
const BYTE: u8 = 3;
const DOUBLE: u8 = 7;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const STRUCT: u8 = 12;

/// Checks that the file has an end and that its columns are as many as it says.
pub fn check(source: &impl ChunkReader) -> Result<()> {
    let error = |what: &str| Err(ParquetError::General(what.to_owned()));
    let Some(start) = source.len().checked_sub(END) else {
        return error("its end is missing");
    };
    let end = source.get_bytes(start, END as usize)?;
    let (length, mark) = end.split_at(4);
    match mark {
        b"PAR1" => {}
        b"PARE" => return error("its columns are encrypted"),
        _ => return error("its end is missing"),
    }
    let length = length.iter().rev().fold(0, |n, b| n << 8 | u64::from(*b));
    let Some(start) = start.checked_sub(length) else {
        return error("its end is longer than the file");
    };
    let metadata = source.get_bytes(start, length as usize)?;
    match schema_fits(&metadata) {
        Some(()) => Ok(()),
        None => error("its columns cannot be told"),
    }
}

/// Whether the schema, a list of columns in the order of their tree, has as
/// many as its groups claim.
fn schema_fits(mut bytes: &[u8]) -> Option<()> {
    let mut id = 0;
    loop {
        match field(&mut bytes, &mut id)? {
            LIST if id == 2 => break,
            kind => skip(&mut bytes, kind, 0)?,
        }
    }
    let header = *bytes.split_off_first()?;
    let count = match header >> 4 {
        15 => varint(&mut bytes)?,
        count => u64::from(count),
    };
    if header & 15 != STRUCT {
        return None;
    }
    // How many are to come on each level, the root at first.
    let mut levels = vec![1];
    for _ in 0..count {
        *levels.last_mut()? -= 1;
        let children = children(&mut bytes)?;
        if children > count || levels.len() > MAX_DEPTH {
            return None;
        }
        levels.push(children);
        while levels.last() == Some(&0) {
            levels.pop();
        }
    }
    levels.is_empty().then_some(())
}

/// Reads a column's description and gives how many others it holds.
fn children(bytes: &mut &[u8]) -> Option<u64> {
    let (mut id, mut children) = (0, 0);
    loop {
        match field(bytes, &mut id)? {
            0 => return Some(children),
            // Zigzag: an odd number is a negative one.
            5 if id == 5 => children = Some(varint(bytes)?).filter(|n| n % 2 == 0)? / 2,
            kind => skip(bytes, kind, 0)?,
        }
    }
}

/// The next field's kind, 0 at the end of the structure, and its id.
fn field(bytes: &mut &[u8], id: &mut u64) -> Option<u8> {
    let header = *bytes.split_off_first()?;
    *id = match header >> 4 {
        0 if header == 0 => 0,
        0 => varint(bytes)? / 2,
        step => *id + u64::from(step),
    };
    Some(header & 15)
}

fn skip(bytes: &mut &[u8], kind: u8, depth: usize) -> Option<()> {
    match kind {
        // A truth value is in the kind.
        1 | 2 => {}
        BYTE => bytes.split_off_first().map(|_| ())?,
        4..=6 => varint(bytes).map(|_| ())?,
        DOUBLE => bytes.split_off(..8).map(|_| ())?,
        BINARY => {
            let length = usize::try_from(varint(bytes)?).ok()?;
            bytes.split_off(..length)?;
        }
        STRUCT if depth < MAX_DEPTH => {
            let mut id = 0;
            loop {
                match field(bytes, &mut id)? {
                    0 => break,
                    kind => skip(bytes, kind, depth + 1)?,
                }
            }
        }
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Metadata with a root of so many columns and one column of the name "t".
    fn metadata(columns: u8) -> Vec<u8> {
        let version = [0x15, 4];
        let root = [0x48, 1, b'r', 0x15, columns * 2, 0];
        let column = [0x15, 12, 0x25, 2, 0x18, 1, b't', 0x6c, 0x1c, 0, 0, 0];
        [&version[..], &[0x19, 0x2c], &root, &column].concat()
    }

    #[test]
    fn groups_have_the_columns_that_they_claim() {
        assert_eq!(schema_fits(&metadata(1)), Some(()));
        for columns in [0, 2, 60] {
            assert_eq!(schema_fits(&metadata(columns)), None, "{columns}");
        }
        let whole = metadata(1);
        for length in 0..whole.len() {
            assert_eq!(schema_fits(&whole[..length]), None, "{length}");
        }
    }
}
