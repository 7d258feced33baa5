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
fn whether_a_lock_is_held_can_be_asked_without_taking_it() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(RunLock::is_held(dir.path()), Ok(false), "there is no lock file yet");
    let held = RunLock::acquire(dir.path()).unwrap();
    let before = fs::read(dir.path().join("lock")).unwrap();
    assert_eq!(RunLock::is_held(dir.path()), Ok(true));
    drop(held);
    assert_eq!(RunLock::is_held(dir.path()), Ok(false));
    assert_eq!(fs::read(dir.path().join("lock")).unwrap(), before, "asking writes nothing");
}

#[test]
fn a_lock_that_is_given_up_is_free_while_a_child_still_has_a_copy_of_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let held = RunLock::acquire(dir.path()).unwrap();
    // What a fork leaves in the child until it becomes another program.
    let copy = held.file.0.try_clone().unwrap();
    drop(held);
    assert_eq!(RunLock::is_held(dir.path()), Ok(false));
    assert!(RunLock::acquire(dir.path()).is_ok());
    drop(copy);
}

#[test]
fn one_lock_admits_one_writer_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let lock = RunLock::acquire(dir.path()).unwrap();
    let first = lock.lend().unwrap();
    let second = lock.lend().map(drop);
    let pid = std::process::id();
    assert_eq!(second, Err(IoFault::Locked { path: dir.path().join("lock"), pid }));
    drop(first);
    assert!(lock.lend().is_ok());
}

#[test]
fn a_symlink_in_the_place_of_the_lock_file_is_not_followed() {
    let dir = tempfile::tempdir().unwrap();
    let outside = dir.path().join("outside");
    let run = dir.path().join("run");
    fs::create_dir(&run).unwrap();
    std::os::unix::fs::symlink(&outside, run.join("lock")).unwrap();
    assert!(RunLock::acquire(&run).is_err());
    assert!(RunLock::is_held(&run).is_err());
    assert!(!outside.exists());
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
