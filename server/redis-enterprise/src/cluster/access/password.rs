//! Password hashing: Argon2id (RFC 9106), with a bound on the cost that unauthenticated clients can cause.

use std::sync::Arc;

use argon2::{Algorithm, Argon2, Version};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use super::fair_queue::{FairQueue, Turn};
use certward_redis_model::password_hash::{HASH_LENGTH, HashCost, PasswordHash, SALT_LENGTH};
use certward_redis_model::uid::UserUid;
use certward_redis_proxy::PasswordRefusal;
use certward_system::network::Network;

/// Computes and verifies hashes in a limited number of threads. Unauthenticated clients have a separate queue, so that
/// a flood of guesses does not delay known clients; in it networks take turns.
#[derive(Debug)]
pub struct PasswordHasher {
    cost: HashCost,
    strangers: Arc<FairQueue<Network>>,
    known: Arc<FairQueue<Applicant>>,
    /// Hash against which passwords of unknown users are checked, so that they take as long as those of known ones.
    decoy: PasswordHash,
}

/// The client for which a hash is computed or checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Applicant {
    /// A client in this network that claims to be a user.
    Stranger(Network),
    /// A client in this network that claims to be this user, who recently logged in from there.
    Familiar(Network, UserUid),
    /// An authenticated client.
    LetIn,
}

/// A turn of either queue, held while a hash is computed.
#[derive(Debug)]
struct HashTurn {
    _stranger: Option<Turn<Network>>,
    _known: Option<Turn<Applicant>>,
}

/// The queue for password hashing is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("more passwords are being checked than the server takes on at once")]
pub struct HasherBusy;

impl PasswordHasher {
    /// Computes hashes at `cost`; verifies hashes of every cost.
    #[must_use]
    pub fn new(cost: HashCost) -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            cost,
            strangers: FairQueue::new(threads.div_ceil(2), MAX_WAITING),
            known: FairQueue::new((threads / 2).max(1), MAX_WAITING),
            decoy: PasswordHash {
                cost,
                salt: [0; SALT_LENGTH],
                hash: [0; HASH_LENGTH],
            },
        }
    }

    /// Hashes `password` with a new salt. Only authenticated clients set passwords.
    ///
    /// # Errors
    ///
    /// [`HasherBusy`].
    pub async fn hash(&self, password: &SecretString) -> Result<PasswordHash, HasherBusy> {
        self.hash_beside(&[], password).await
    }

    /// Hashes `password` with the salt of its user's other passwords, so that a login costs one derivation and its time
    /// does not reveal the number of passwords. Different users have different salts. A thief of the hashes gets one
    /// guess at all passwords of one user for the price of one, but no more.
    ///
    /// # Errors
    ///
    /// [`HasherBusy`].
    pub async fn hash_beside(
        &self,
        others: &[PasswordHash],
        password: &SecretString,
    ) -> Result<PasswordHash, HasherBusy> {
        let (cost, password) = (self.cost, bytes(password));
        let shared = others.iter().rfind(|other| other.cost == cost).map(|other| other.salt);
        self.work(Applicant::LetIn, move || {
            let salt = shared.unwrap_or_else(|| {
                let mut salt = [0; SALT_LENGTH];
                aws_lc_rs::rand::fill(&mut salt).expect("the system gives random bytes");
                salt
            });
            let hash = *derive(cost, &salt, &password);
            PasswordHash { cost, salt, hash }
        })
        .await
    }

    /// Returns the index of the first of `hashes` that matches `password`. With no hashes, or several with the same
    /// salt, it takes as long as with one.
    ///
    /// # Errors
    ///
    /// [`HasherBusy`].
    pub async fn verify(
        &self,
        applicant: Applicant,
        password: &SecretString,
        hashes: &[PasswordHash],
    ) -> Result<Option<usize>, HasherBusy> {
        let (password, hashes, decoy) = (bytes(password), hashes.to_vec(), self.decoy.clone());
        self.work(applicant, move || {
            let derive = |cost, salt: &[u8; SALT_LENGTH]| derive(cost, salt, &password);
            if hashes.is_empty() {
                // The hash of all zeros is nobody's: the answer is always no.
                std::hint::black_box(place_among(std::slice::from_ref(&decoy), derive));
                return None;
            }
            place_among(&hashes, derive)
        })
        .await
    }

    async fn work<T: Send + 'static>(
        &self,
        applicant: Applicant,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, HasherBusy> {
        let turn = match applicant {
            Applicant::Stranger(network) => HashTurn {
                _stranger: Some(self.strangers.turn(network).await?),
                _known: None,
            },
            Applicant::Familiar(..) | Applicant::LetIn => HashTurn {
                _stranger: None,
                _known: Some(self.known.turn(applicant).await?),
            },
        };
        // The turn goes with the thread, and not with the caller, who may hang up.
        tokio::task::spawn_blocking(move || {
            let done = work();
            drop(turn);
            done
        })
        .await
        .map_err(|_| HasherBusy)
    }
}

/// The index of the first of `hashes` that matches the password. Each salt is derived once.
fn place_among(
    hashes: &[PasswordHash],
    mut derive: impl FnMut(HashCost, &[u8; SALT_LENGTH]) -> Zeroizing<[u8; HASH_LENGTH]>,
) -> Option<usize> {
    let mut derived: Vec<(&PasswordHash, Zeroizing<[u8; HASH_LENGTH]>)> = Vec::new();
    hashes.iter().position(|hash| {
        let place = derived
            .iter()
            .position(|(like, _)| (like.cost, like.salt) == (hash.cost, hash.salt))
            .unwrap_or_else(|| {
                derived.push((hash, derive(hash.cost, &hash.salt)));
                derived.len() - 1
            });
        verify_slices_are_equal(derived[place].1.as_slice(), &hash.hash).is_ok()
    })
}

fn bytes(password: &SecretString) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(password.expose_secret().as_bytes().to_vec())
}

fn derive(cost: HashCost, salt: &[u8], password: &[u8]) -> Zeroizing<[u8; HASH_LENGTH]> {
    let params = cost
        .params()
        .expect("a cost is checked when it is read, and the default is one");
    let mut hash = Zeroizing::new([0; HASH_LENGTH]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(password, salt, hash.as_mut_slice())
        .expect("salt and hash have lengths that Argon2 allows, and passwords are far below its limit");
    hash
}

/// Maximum number of passwords in each queue, about 20 ms each. Later ones are refused, so that a flood of wrong
/// passwords takes neither the memory (19 MiB per thread) nor the time of requests without a password.
const MAX_WAITING: usize = 64;

impl From<HasherBusy> for PasswordRefusal {
    fn from(HasherBusy: HasherBusy) -> Self {
        Self::Busy
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hasher() -> PasswordHasher {
        PasswordHasher::new(HashCost { memory: 8, passes: 1 })
    }

    #[tokio::test]
    async fn a_password_is_recognised_among_the_hashes_of_several_and_another_is_not() {
        let hasher = hasher();
        let mut hashes = Vec::new();
        for password in ["first", "second"] {
            hashes.push(hasher.hash(&SecretString::from(password)).await.unwrap());
        }
        for (password, place) in [("first", Some(0)), ("second", Some(1)), ("third", None), ("", None)] {
            assert_eq!(
                hasher
                    .verify(Applicant::LetIn, &SecretString::from(password), &hashes)
                    .await,
                Ok(place),
                "{password}"
            );
        }
        assert_eq!(
            hasher.verify(Applicant::LetIn, &SecretString::from("first"), &[]).await,
            Ok(None)
        );
    }

    #[tokio::test]
    async fn eight_passwords_of_one_user_cost_a_login_what_one_does() {
        let hasher = hasher();
        let passwords: Vec<_> = (0..8).map(|number| SecretString::from(number.to_string())).collect();
        let mut hashes = Vec::new();
        for password in &passwords {
            hashes.push(hasher.hash_beside(&hashes, password).await.unwrap());
        }
        for (place, password) in passwords.iter().map(Some).chain([None]).enumerate() {
            let password = bytes(password.unwrap_or(&SecretString::from("wrong")));
            let mut derivations = 0;
            let found = place_among(&hashes, |cost, salt| {
                derivations += 1;
                derive(cost, salt, &password)
            });
            assert_eq!(found, Some(place).filter(|place| *place < 8));
            assert_eq!(derivations, 1);
        }
        let of_another_user = hasher.hash(&passwords[0]).await.unwrap();
        assert_ne!(of_another_user.salt, hashes[0].salt);
        assert_ne!(of_another_user.hash, hashes[0].hash);
    }

    #[tokio::test]
    async fn a_hash_survives_its_text_and_shows_nothing_in_debug() {
        let hash = hasher().hash(&SecretString::from("secret")).await.unwrap();
        let text = hash.to_string();
        assert!(text.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{text}");
        assert_eq!(text.parse(), Ok(hash.clone()));
        assert_eq!(format!("{hash:?}"), "PasswordHash(..)");
    }

    #[test]
    fn the_hash_is_the_one_of_the_reference_implementation() {
        // phc-winner-argon2, src/test.c: Argon2id, version 0x13, 2 passes, 256 KiB, 1 lane.
        let hash = derive(HashCost { memory: 256, passes: 2 }, b"somesalt", b"password");
        assert_eq!(
            data_encoding::HEXLOWER.encode(hash.as_slice()),
            "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe"
        );
    }

    #[test]
    fn a_damaged_text_is_no_hash() {
        for text in [
            "",
            "$argon2i$v=19$m=8,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "$argon2id$v=19$m=8,t=0,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "$argon2id$v=19$m=8,t=1,p=1$AAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAA",
            "$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA",
        ] {
            assert!(text.parse::<PasswordHash>().is_err(), "{text}");
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_flood_of_strangers_takes_no_turn_of_those_who_are_known_nor_all_of_another_network() {
        let hasher = Arc::new(PasswordHasher::new(HashCost {
            memory: 1024,
            passes: 64,
        }));
        let flood = Applicant::Stranger(network("192.0.2.1"));
        let flooding: Vec<_> = (0..MAX_WAITING + 20)
            .map(|_| {
                let hasher = Arc::clone(&hasher);
                tokio::spawn(async move { hasher.verify(flood, &SecretString::from("x"), &[]).await })
            })
            .collect();
        while hasher.strangers.turn_is_free() {
            tokio::task::yield_now().await;
        }
        let alice = UserUid::new(1).unwrap();
        for applicant in [
            Applicant::LetIn,
            Applicant::Familiar(network("192.0.2.1"), alice),
            Applicant::Stranger(network("192.0.2.2")),
        ] {
            assert_eq!(
                hasher.verify(applicant, &SecretString::from("x"), &[]).await,
                Ok(None),
                "{applicant:?}"
            );
        }
        let waiting = flooding.iter().filter(|checked| !checked.is_finished()).count();
        assert!(waiting > MAX_WAITING / 2, "the flood was over: {waiting}");
        flooding.iter().for_each(tokio::task::JoinHandle::abort);
    }

    fn network(address: &str) -> Network {
        Network::of(address.parse().unwrap())
    }
}
