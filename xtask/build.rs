//! Lets tests that need real data be listed as ignored where there is none.

fn main() {
    println!("cargo::rerun-if-env-changed=FROSTLINE_DATA");
    println!("cargo::rustc-check-cfg=cfg(frostline_data)");
    if std::env::var_os("FROSTLINE_DATA").is_some() {
        println!("cargo::rustc-cfg=frostline_data");
    }
}
