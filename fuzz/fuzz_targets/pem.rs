#![no_main]

libfuzzer_sys::fuzz_target!(init: certward_fuzz::make_inputs("pem"), |data: &[u8]| certward_fuzz::run(
    certward_server::fuzzing::pem,
    data,
    certward_fuzz::LIMIT
));
