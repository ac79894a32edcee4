//! Compiles this package with the locks and threads of a model checker.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(gettickets_model)");
    println!("cargo::rustc-cfg=gettickets_model");
    // A feature of the client that this package does not have.
    println!("cargo::rustc-check-cfg=cfg(feature, values(\"async\"))");
}
