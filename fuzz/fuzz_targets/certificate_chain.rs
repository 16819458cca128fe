#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| certward_fuzz::run(
    certward_server::fuzzing::certificate_chain,
    data,
    certward_fuzz::LIMIT
));
