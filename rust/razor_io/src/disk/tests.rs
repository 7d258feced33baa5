//! The lock, the reserve and the replacement on a real directory.

use super::*;

#[test]
fn a_second_writer_is_refused_and_told_who_holds_the_lock() {
    let dir = tempfile::tempdir().unwrap();
    let held = RunLock::acquire(dir.path()).unwrap();
    let refused = RunLock::acquire(dir.path()).unwrap_err();
    let pid = std::process::id();
    assert_eq!(refused, IoFault::Locked { path: dir.path().join("lock"), pid });
    let keeper = held.hold();
    drop(held);
    assert!(RunLock::acquire(dir.path()).is_err(), "someone still writes under it");
    drop(keeper);
    assert!(RunLock::acquire(dir.path()).is_ok());
}

#[test]
fn tokens_grow_over_restarts_and_over_a_lost_lock_file() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(RunLock::acquire(dir.path()).unwrap().token(), 1);
    assert_eq!(RunLock::acquire(dir.path()).unwrap().token(), 2);
    fs::remove_file(dir.path().join("lock")).unwrap();
    let mut lock = RunLock::acquire(dir.path()).unwrap();
    lock.outgrow(2).unwrap();
    assert_eq!(lock.token(), 3);
    lock.outgrow(1).unwrap();
    assert_eq!(lock.token(), 3);
}

#[test]
fn a_lock_left_by_a_dead_process_is_taken_over() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("lock"), b"\n41 99999\n42 12").unwrap();
    let lock = RunLock::acquire(dir.path()).unwrap();
    assert_eq!(lock.token(), 43);
    drop(lock);
    assert_eq!(RunLock::acquire(dir.path()).unwrap().token(), 44);
}

#[test]
fn the_lock_file_only_grows() {
    let dir = tempfile::tempdir().unwrap();
    drop(RunLock::acquire(dir.path()).unwrap());
    let before = fs::read(dir.path().join("lock")).unwrap();
    drop(RunLock::acquire(dir.path()).unwrap());
    assert!(fs::read(dir.path().join("lock")).unwrap().starts_with(&before));
}

#[test]
fn replacing_leaves_old_or_new_content_and_no_other_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("manifest.json");
    replace_file(&path, b"old").unwrap();
    replace_file(&path, b"new").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"new");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn a_failed_replacement_leaves_the_old_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("manifest.json");
    replace_file(&path, b"old").unwrap();
    fs::create_dir(dir.path().join("manifest.json.tmp")).unwrap();
    assert!(replace_file(&path, b"new").is_err());
    assert_eq!(fs::read(&path).unwrap(), b"old");
}

#[test]
fn too_little_space_is_refused_with_both_numbers() {
    let dir = tempfile::tempdir().unwrap();
    assert!(check_space(dir.path(), 1).is_ok());
    let refused = check_space(dir.path(), u64::MAX).unwrap_err();
    assert!(matches!(refused, IoFault::LowSpace { needed: u64::MAX, .. }), "{refused}");
    assert!(free_bytes(&dir.path().join("absent")).is_err());
}

#[test]
fn the_reserve_is_as_long_as_asked_and_goes_away() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("reserve");
    let reserve = Reserve::take(&path, 10_000).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().len(), 10_000);
    reserve.release().unwrap();
    assert!(!path.exists());
}
