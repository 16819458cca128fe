#![no_main]

libfuzzer_sys::fuzz_target!(init: certward_fuzz::make_inputs("pkcs12"), |data: &[u8]| certward_fuzz::run(
    certward_server::fuzzing::certificate_file,
    data,
    certward_fuzz::LIMIT_OF_PKCS12
));
