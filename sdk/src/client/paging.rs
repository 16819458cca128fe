//! Listings of several pages, as streams of their entries.

use futures_util::stream::{self, Stream, TryStreamExt as _};

use super::budget::{Budget, Limits};
use super::error::Error;

/// The position of a listing.
pub(crate) trait Cursor: Send + 'static {
    type Entry: Send + 'static;

    fn limits(&self) -> Limits;

    /// The entries of the next page that were on none before; `None` after the last page.
    fn next(&mut self, budget: &mut Budget) -> impl Future<Output = Result<Option<Vec<Self::Entry>>, Error>> + Send;
}

/// The entries of all pages. A page is asked for when the one before is used up, and is an operation of its own: what the
/// reader does between two pages takes no time from it. The stream ends with the first error.
pub(crate) fn stream<C: Cursor>(cursor: C) -> impl Stream<Item = Result<C::Entry, Error>> + Send + Unpin + use<C> {
    let pages = stream::try_unfold(cursor, |mut cursor| async move {
        let mut budget = cursor.limits().budget();
        let page = cursor.next(&mut budget).await?;
        Ok(page.map(|page| (page, cursor)))
    });
    Box::pin(
        pages
            .map_ok(|page| stream::iter(page.into_iter().map(Ok)))
            .try_flatten(),
    )
}
