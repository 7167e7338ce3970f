//! Pages of a Parquet table, looked at before memory is given to what they claim.

use std::io::{Chain, Cursor, Read};
use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::Encoding;
use parquet::bloom_filter::Sbbf;
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::reader::{ChunkReader, Length, RowGroupReader};
use parquet::record::reader::RowIter;
use parquet::schema::types::{ColumnDescriptor, Type};

/// Most bytes of an unpacked page; writers split at a hundredth of it or so.
const MAX_PAGE: u64 = 1 << 28;
/// Bytes at the end of the file that say where its metadata are.
const FOOTER: u64 = 8;
/// Bytes in which a page says what its size is: three marks, a number of one
/// byte and two of five at most.
const SIZES: u64 = 14;

/// A file of which no page unpacks to more than [`MAX_PAGE`].
pub struct Bounded<R>(pub R);

impl<R: Length> Length for Bounded<R> {
    fn len(&self) -> u64 {
        self.0.len()
    }
}

impl<R: ChunkReader> ChunkReader for Bounded<R> {
    type T = Chain<Cursor<Vec<u8>>, R::T>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        let mut rest = self.0.get_read(start)?;
        let mut head = Vec::new();
        if start.saturating_add(FOOTER) < self.len() {
            rest.by_ref().take(SIZES).read_to_end(&mut head)?;
            if page_size(&head).is_none_or(|size| size > MAX_PAGE) {
                return Err(damaged("a page claims an impossible size"));
            }
        }
        Ok(Cursor::new(head).chain(rest))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        self.0.get_bytes(start, length)
    }
}

fn damaged(what: &str) -> ParquetError {
    ParquetError::General(what.to_owned())
}

/// The unpacked size that a page's header claims: a 32-bit integer in Thrift's
/// compact protocol, after one other.
fn page_size(mut header: &[u8]) -> Option<u64> {
    const NEXT_INTEGER: u8 = 0x15;
    let mut integer = || {
        let marked = header.split_off_first()? == &NEXT_INTEGER;
        marked.then(|| varint(&mut header)).flatten()
    };
    integer()?;
    // Zigzag: an odd number is a negative one.
    integer().filter(|n| n % 2 == 0).map(|n| n / 2)
}

/// An integer of seven bits a byte, the lowest first.
pub(super) fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = *bytes.split_off_first()?;
        number |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

/// A group of rows of which every page is checked.
pub struct Group<'a>(pub Box<dyn RowGroupReader + 'a>);

impl RowGroupReader for Group<'_> {
    fn metadata(&self) -> &RowGroupMetaData {
        self.0.metadata()
    }

    fn num_columns(&self) -> usize {
        self.0.num_columns()
    }

    fn get_column_page_reader(&self, i: usize) -> Result<Box<dyn PageReader>> {
        let column = self.metadata().column(i);
        let (start, packed) = (column.data_page_offset(), column.compressed_size());
        if start
            .min(packed)
            .min(column.dictionary_page_offset().unwrap_or(0))
            < 0
        {
            return Err(damaged("a column has an impossible place"));
        }
        Ok(Box::new(Pages {
            pages: self.0.get_column_page_reader(i)?,
            column: column.column_descr_ptr(),
            has_dictionary: false,
        }))
    }

    fn get_column_bloom_filter(&self, i: usize) -> Option<&Sbbf> {
        self.0.get_column_bloom_filter(i)
    }

    fn get_row_iter(&self, projection: Option<Type>) -> Result<RowIter<'_>> {
        RowIter::from_row_group(projection, self)
    }
}

/// Pages of which none claims more values than its bytes can hold.
struct Pages {
    pages: Box<dyn PageReader>,
    column: Arc<ColumnDescriptor>,
    has_dictionary: bool,
}

impl Pages {
    fn check(&mut self, page: &Page) -> Result<()> {
        let plausible = match page {
            Page::DictionaryPage {
                buf, num_values, ..
            } => {
                self.has_dictionary = true;
                // No value of a dictionary takes less than a byte.
                *num_values as usize <= buf.len()
            }
            Page::DataPage { encoding, .. } | Page::DataPageV2 { encoding, .. } => match encoding {
                Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY => self.has_dictionary,
                Encoding::DELTA_LENGTH_BYTE_ARRAY | Encoding::DELTA_BYTE_ARRAY => {
                    self.lengths_fit(page, *encoding).is_some()
                }
                _ => true,
            },
        };
        if plausible {
            Ok(())
        } else {
            Err(damaged("a page claims values that it does not have"))
        }
    }

    /// Whether a page that begins with lengths of its values has no more of
    /// them than values.
    fn lengths_fit(&self, page: &Page, encoding: Encoding) -> Option<()> {
        let mut values = self.values(page)?;
        let most = u64::from(page.num_values());
        skip_deltas(&mut values, most)?;
        if encoding == Encoding::DELTA_BYTE_ARRAY {
            skip_deltas(&mut values, most)?;
        }
        Some(())
    }

    /// The bytes of a page after its levels.
    fn values<'a>(&self, page: &'a Page) -> Option<&'a [u8]> {
        let mut values: &[u8] = page.buffer();
        match page {
            Page::DataPageV2 {
                def_levels_byte_len,
                rep_levels_byte_len,
                ..
            } => {
                let levels = def_levels_byte_len.checked_add(*rep_levels_byte_len)?;
                values.get(levels as usize..)
            }
            _ => {
                for max in [self.column.max_rep_level(), self.column.max_def_level()] {
                    if max > 0 {
                        let length = values.split_off(..4)?.try_into().ok()?;
                        values.split_off(..u32::from_le_bytes(length) as usize)?;
                    }
                }
                Some(values)
            }
        }
    }
}

/// Steps over a run of delta-packed integers, `None` when it has more than
/// `most` of them or is cut.
fn skip_deltas(bytes: &mut &[u8], most: u64) -> Option<()> {
    let (block, parts, count) = (varint(bytes)?, varint(bytes)?, varint(bytes)?);
    varint(bytes)?;
    let per_part = block.checked_div(parts).filter(|n| *n > 0)?;
    if count > most {
        return None;
    }
    let mut left = count.saturating_sub(1);
    while left > 0 {
        varint(bytes)?;
        let widths = bytes.split_off(..usize::try_from(parts).ok()?)?;
        for width in widths {
            if left == 0 {
                break;
            }
            let packed = per_part.checked_mul(u64::from(*width))? / 8;
            // The last part may be cut short.
            let packed = usize::try_from(packed).ok()?.min(bytes.len());
            bytes.split_off(..packed)?;
            left = left.saturating_sub(per_part);
        }
    }
    Some(())
}

impl PageReader for Pages {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        let page = self.pages.get_next_page()?;
        if let Some(page) = &page {
            self.check(page)?;
        }
        Ok(page)
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        self.pages.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.pages.skip_next_page()
    }
}

impl Iterator for Pages {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_is_read_from_a_page_header() {
        assert_eq!(page_size(&[0x15, 0, 0x15, 0x80, 0x02, 0x15, 4]), Some(128));
        let huge = [0x15, 0, 0x15, 0xfe, 0xff, 0xff, 0xff, 0x0f];
        assert_eq!(page_size(&huge), Some(0x7fff_ffff));
        assert_eq!(page_size(&[0x15, 0, 0x15, 0x03]), None);
        assert_eq!(page_size(&[0x15, 0, 0x19]), None);
        assert_eq!(page_size(b""), None);
    }

    #[test]
    fn runs_of_deltas_are_stepped_over() {
        // Five values in blocks of 128 with four parts, three bits each.
        let mut run = vec![0x80, 0x01, 4, 5, 2, 0, 3, 0, 0, 0];
        run.extend([0xff; 12]);
        run.push(7);
        let mut bytes = run.as_slice();
        assert_eq!(skip_deltas(&mut bytes, 5), Some(()));
        assert_eq!(bytes, [7]);
        assert_eq!(skip_deltas(&mut run.as_slice(), 4), None);
        assert_eq!(skip_deltas(&mut [0x80, 0x01, 0, 5, 2].as_slice(), 9), None);
    }
}
