#![no_main]

libfuzzer_sys::fuzz_target!(init: certward_fuzz::make_inputs("subject_comparison"), |data: &[u8]| certward_fuzz::run(
    certward_server::fuzzing::subject_comparison,
    data,
    certward_fuzz::LIMIT
));
