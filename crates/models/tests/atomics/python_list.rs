//! The list of references to release (`bindings/python/src/list.rs`).

use loom::cell::Cell;
use loom::sync::Arc;

use crate::explore;
use crate::list::List;
use crate::sync::thread;

/// Loom reports a value that is read before its writing is visible.
fn value(number: u32) -> Cell<u32> {
    let cell = Cell::new(0);
    cell.set(number);
    cell
}

fn take(list: &List<Cell<u32>>) -> Vec<u32> {
    list.take().map(|cell| cell.get()).collect()
}

#[test]
fn each_value_is_taken_once() {
    explore(3, || {
        let list = Arc::new(List::new());
        let pushers = [1, 2].map(|number| {
            let list = Arc::clone(&list);
            thread::spawn(move || list.push(value(number)))
        });
        let mut taken = take(&list);
        for pusher in pushers {
            pusher.join().unwrap();
        }
        taken.extend(take(&list));
        taken.sort_unstable();
        assert_eq!(taken, [1, 2]);
    });
}

#[test]
fn two_threads_that_take_share_the_values() {
    explore(3, || {
        let list = Arc::new(List::new());
        list.push(value(1));
        let takers = [(); 2].map(|()| {
            let list = Arc::clone(&list);
            thread::spawn(move || take(&list))
        });
        list.push(value(2));
        let mut taken: Vec<u32> = takers.into_iter().flat_map(|taker| taker.join().unwrap()).collect();
        taken.extend(take(&list));
        taken.sort_unstable();
        assert_eq!(taken, [1, 2]);
    });
}

#[test]
fn values_that_are_not_iterated_over_are_dropped() {
    explore(3, || {
        let list = Arc::new(List::new());
        let counted = Arc::new(());
        let other = Arc::clone(&list);
        let clone = Arc::clone(&counted);
        let pusher = thread::spawn(move || other.push(clone));
        list.push(Arc::clone(&counted));
        drop(list.take().next());
        pusher.join().unwrap();
        drop(list.take());
        assert_eq!(Arc::strong_count(&counted), 1);
    });
}
