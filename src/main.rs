//! The command `colla-parte`.

fn main() -> std::process::ExitCode {
    colla_parte::cli::run()
}
