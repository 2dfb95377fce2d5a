//! Every compression that is read, as an encoder.

use std::io::{Read, Write};

/// The name of a compression in messages, and its encoder.
pub(super) type Packing = (&'static str, fn(&[u8]) -> Vec<u8>);

pub(super) const PACKINGS: [Packing; 4] =
    [("gzip", gzip), ("zstd", zstd), ("bzip2", bzip2), ("xz", xz)];

pub(super) fn gzip(text: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    let mut encoder = flate2::read::GzEncoder::new(text, flate2::Compression::best());
    encoder.read_to_end(&mut packed).unwrap();
    packed
}

fn zstd(text: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(text, ruzstd::encoding::CompressionLevel::Fastest)
}

fn bzip2(text: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    let mut encoder = bzip2::read::BzEncoder::new(text, bzip2::Compression::best());
    encoder.read_to_end(&mut packed).unwrap();
    packed
}

fn xz(text: &[u8]) -> Vec<u8> {
    let options = lzma_rust2::XzOptions::with_preset(1);
    let mut encoder = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}
