//! A bounded mailbox in which the newest value of a key wins: what every queue of this program is.
//!
//! A sender never waits. A value for a key that is already waiting replaces it and keeps its place in the queue; a new key
//! beyond the capacity is dropped. Both are counted, so that falling behind shows in numbers and not in memory.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// The mailbox; shared by reference.
#[derive(Debug)]
pub struct Mailbox<K, V> {
    inner: Mutex<Inner<K, V>>,
    filled: Notify,
    capacity: usize,
}

#[derive(Debug)]
struct Inner<K, V> {
    values: BTreeMap<K, V>,
    order: VecDeque<K>,
    replaced: u64,
    dropped: u64,
    closed: bool,
}

impl<K: Ord + Clone, V> Mailbox<K, V> {
    /// An empty mailbox for at most `capacity` keys.
    pub fn new(capacity: usize) -> Self {
        let (values, order) = (BTreeMap::new(), VecDeque::new());
        let inner = Inner { values, order, replaced: 0, dropped: 0, closed: false };
        Self { inner: Mutex::new(inner), filled: Notify::new(), capacity }
    }

    /// Put a value in; whether it is there now.
    pub fn push(&self, key: K, value: V) -> bool {
        {
            let mut inner = self.lock();
            if let Some(waiting) = inner.values.get_mut(&key) {
                *waiting = value;
                inner.replaced += 1;
            } else if inner.order.len() >= self.capacity || inner.closed {
                inner.dropped += 1;
                return false;
            } else {
                inner.order.push_back(key.clone());
                inner.values.insert(key, value);
            }
        }
        self.filled.notify_one();
        true
    }

    /// The value whose key has waited longest; waits for one. `None` once the mailbox is closed and empty.
    ///
    /// Cancel safe. One receiver at a time.
    pub async fn pop(&self) -> Option<(K, V)> {
        loop {
            if let Some(first) = self.try_pop() {
                return Some(first);
            }
            if self.lock().closed {
                return None;
            }
            self.filled.notified().await;
        }
    }

    /// The value whose key has waited longest, if there is one.
    pub fn try_pop(&self) -> Option<(K, V)> {
        let mut inner = self.lock();
        let key = inner.order.pop_front()?;
        let value = inner.values.remove(&key)?;
        Some((key, value))
    }

    /// Throw away what waits and does not fit `keep`.
    pub fn retain(&self, keep: impl Fn(&K, &V) -> bool) {
        let mut inner = self.lock();
        inner.values.retain(|key, value| keep(key, value));
        let Inner { values, order, .. } = &mut *inner;
        order.retain(|key| values.contains_key(key));
    }

    /// Nothing more comes in; what waits can still be taken out.
    pub fn close(&self) {
        self.lock().closed = true;
        self.filled.notify_one();
    }

    /// Values that a newer one replaced before they were read.
    pub fn replaced(&self) -> u64 {
        self.lock().replaced
    }

    /// Values that found the mailbox full or closed.
    pub fn dropped(&self) -> u64 {
        self.lock().dropped
    }

    fn lock(&self) -> MutexGuard<'_, Inner<K, V>> {
        // Nothing in here can panic half way, so a poisoned lock still guards a sound value.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_value_wins_and_keeps_the_place_of_the_oldest() {
        let mailbox = Mailbox::new(4);
        for (key, value) in [("a", 1), ("b", 2), ("a", 3)] {
            assert!(mailbox.push(key, value));
        }
        assert_eq!(mailbox.try_pop(), Some(("a", 3)));
        assert_eq!(mailbox.try_pop(), Some(("b", 2)));
        assert_eq!(mailbox.try_pop(), None);
        assert_eq!(mailbox.replaced(), 1);
    }

    #[test]
    fn a_full_mailbox_drops_new_keys_and_still_takes_news_of_the_old_ones() {
        let mailbox = Mailbox::new(1);
        assert!(mailbox.push(1, 'x'));
        assert!(!mailbox.push(2, 'y'));
        assert!(mailbox.push(1, 'z'));
        assert_eq!((mailbox.try_pop(), mailbox.dropped()), (Some((1, 'z')), 1));
    }

    #[test]
    fn throwing_away_keeps_order_and_values_together() {
        let mailbox = Mailbox::new(9);
        (0..6).for_each(|n| assert!(mailbox.push(n, n * 10)));
        mailbox.retain(|key, _| key % 2 == 1);
        let left: Vec<_> = std::iter::from_fn(|| mailbox.try_pop()).collect();
        assert_eq!(left, [(1, 10), (3, 30), (5, 50)]);
    }

    #[tokio::test]
    async fn a_waiting_receiver_wakes_for_a_value_and_for_the_end() {
        let mailbox = std::sync::Arc::new(Mailbox::new(2));
        let waiting = tokio::spawn({
            let mailbox = mailbox.clone();
            async move { (mailbox.pop().await, mailbox.pop().await) }
        });
        mailbox.push(1, 1);
        tokio::task::yield_now().await;
        mailbox.close();
        assert_eq!(waiting.await.unwrap(), (Some((1, 1)), None));
    }
}
