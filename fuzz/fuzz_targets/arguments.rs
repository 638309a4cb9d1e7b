//! Any words on the command line: a command or an error, and the error can be said.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    let words = std::iter::once("colla-parte").chain(text.lines());
    if let Err(error) = colla_parte::cli::syntax().try_get_matches_from(words) {
        assert!(!error.to_string().is_empty());
        assert!(matches!(error.exit_code(), 0 | 2));
    }
});
