//! Identifies the instance of a resource block that a call is about.
//!
//! Terraform does not pass addresses in calls to a provider. It does return an instance's private data unchanged, so an
//! identifier is stored there, in front of the resource's own.

use prost::bytes::Bytes;

tokio::task_local! {
    static CALL: InstanceCall;
}

/// An id that an instance of a resource block has from its first plan on, as long as its object lives.
///
/// A replacement has that of the object before it while it is planned, and one of its own when it is applied. Two blocks,
/// and two instances of one (`count`, `for_each`), never share one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Instance(u128);

/// The instance that a read, plan or apply is about.
#[derive(Debug, Clone, Copy)]
pub struct InstanceCall {
    /// Its id.
    pub instance: Instance,
    /// True if Terraform passed the identifier. When the plan is for a creation, the new object then replaces one that
    /// was planned with this identifier just before, because of a forced replacement or `-replace`.
    pub is_known: bool,
}

/// The instance that the call running in this task is about; outside of a read, plan or apply a new one.
pub fn instance_call() -> InstanceCall {
    CALL.try_with(|call| *call).unwrap_or_else(|_| InstanceCall::new())
}

impl InstanceCall {
    fn new() -> Self {
        Self {
            instance: Instance(fastrand::u128(..)),
            is_known: false,
        }
    }

    /// The instance that private data name, or a new one when they name none.
    pub(crate) fn of(private: &[u8]) -> Self {
        match split(private) {
            (Some(instance), _) => Self {
                instance,
                is_known: true,
            },
            (None, _) => Self::new(),
        }
    }

    /// Runs a call so that [`instance_call`] answers this inside of it.
    pub async fn scope<F: Future>(self, call: F) -> F::Output {
        CALL.scope(self, call).await
    }
}

/// The resource's own private data, without the id in front of them.
pub(crate) fn own_private(private: &Bytes) -> Bytes {
    let (_, own) = split(private);
    private.slice_ref(own)
}

/// Private data with the id in front of them.
pub(crate) fn with_instance(instance: Instance, own: &[u8]) -> Bytes {
    [MARK, &instance.0.to_be_bytes(), own].concat().into()
}

/// Private data with the id that `before` had, if any.
pub(crate) fn with_instance_of(before: &[u8], own: Bytes) -> Bytes {
    match split(before) {
        (Some(instance), _) => with_instance(instance, &own),
        (None, _) => own,
    }
}

fn split(private: &[u8]) -> (Option<Instance>, &[u8]) {
    let marked = private.strip_prefix(MARK).and_then(|rest| rest.split_first_chunk());
    match marked {
        Some((id, own)) => (Some(Instance(u128::from_be_bytes(*id))), own),
        None => (None, private),
    }
}

/// The first byte begins no value of msgpack, so private data without an id are told apart.
const MARK: &[u8] = b"\xc1instance:";

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn instance_is_kept_in_front_of_the_private_data() {
        let first = InstanceCall::of(b"");
        assert!(!first.is_known);
        let private = with_instance(first.instance, b"\xa1p");
        assert_eq!(own_private(&private), b"\xa1p".as_slice());
        let second = InstanceCall::of(&private);
        assert!(second.is_known);
        assert_eq!(second.instance, first.instance);
        second
            .scope(async { assert_eq!(instance_call().instance, first.instance) })
            .await;
        assert_eq!(with_instance_of(&private, own_private(&private)), private);
    }

    #[test]
    fn private_data_without_an_instance_are_the_resources_own() {
        for private in [b"".as_slice(), b"\xc0", b"\xa1p", b"\xc1instance:too short"] {
            let private = Bytes::from_static(private);
            assert_eq!(own_private(&private), private);
            assert_eq!(with_instance_of(&private, private.clone()), private);
            assert_ne!(InstanceCall::of(&private).instance, InstanceCall::of(&private).instance);
        }
    }
}
