//! The program `longroad`; everything it does is in the library.

fn main() -> std::process::ExitCode {
    longroad::cli::main()
}
