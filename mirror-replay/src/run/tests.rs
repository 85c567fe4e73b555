mod keeping;
mod panicking;
