#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| topicwire_fuzz::read(bytes, "a.eml"));
