//! `man` and `completions`: what a package carries beside the command, made from the command's own arguments.

use super::files;
use anyhow::{Context, Result, bail};
use clap::{Args, Command};
use clap_complete::Shell;
use std::path::PathBuf;

#[derive(Args)]
pub(super) struct Manual {
    /// Folder for the pages, one for the command and one for each subcommand
    folder: PathBuf,
}

impl Manual {
    pub(super) fn run(self, command: Command) -> Result<()> {
        if !self.folder.is_dir() {
            bail!("{}: expected a folder, found none", self.folder.display());
        }
        clap_mangen::generate_to(command, &self.folder).with_context(|| self.folder.display().to_string())
    }
}

#[derive(Args)]
pub(super) struct Completions {
    /// Whose script
    #[arg(value_enum)]
    shell: Shell,
    /// Write it here; `-` is standard output
    #[arg(short, long, value_name = "OUT", default_value = "-")]
    output: PathBuf,
}

impl Completions {
    pub(super) fn run(self, mut command: Command) -> Result<()> {
        let name = command.get_name().to_owned();
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, name, &mut script);
        files::write(&self.output, |out| Ok(out.write_all(&script)?))
    }
}
