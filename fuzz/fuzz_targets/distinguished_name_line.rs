#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| certward_fuzz::run(
    certward_server::fuzzing::distinguished_name_line,
    data,
    certward_fuzz::LIMIT
));
