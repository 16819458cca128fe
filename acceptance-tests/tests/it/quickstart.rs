//! The scripts of the quickstart, as far as they need no build and no server.

use std::fs::File;
use std::path::Path;
use std::process::Command;

#[test]
fn a_second_run_of_the_quickstart_is_refused_while_one_is_at_work() {
    // Elsewhere, so that a quickstart of the one who runs this test is left alone.
    let root = tempfile::tempdir().unwrap();
    let scripts = root.path().join("examples/quickstart");
    std::fs::create_dir_all(&scripts).unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/quickstart");
    for script in ["common.sh", "run.sh", "down.sh"] {
        std::fs::copy(source.join(script), scripts.join(script)).unwrap();
    }
    let work = root.path().join(".quickstart");
    let at_work = File::open(&scripts).unwrap();
    at_work.lock().unwrap();
    for script in ["run.sh", "down.sh"] {
        let output = Command::new(scripts.join(script)).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{script}: {error}");
        assert!(
            error.contains("another run.sh or down.sh is at work"),
            "{script}: {error}"
        );
        assert!(!work.exists(), "{script} has begun");
    }
    drop(at_work);
    let output = Command::new(scripts.join("down.sh")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
