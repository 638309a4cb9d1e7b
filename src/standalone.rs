//! The plugin as a program of its own, under JACK or ALSA: `colla-parte-standalone --help`.

fn main() -> std::process::ExitCode {
    match nice_plug::nice_export_standalone::<colla_parte::plugin::CollaParte>() {
        true => std::process::ExitCode::SUCCESS,
        false => std::process::ExitCode::FAILURE,
    }
}
