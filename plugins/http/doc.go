// Package http is the backend of a vendor who has a REST API already: one block
// of the config says, for each life-cycle verb and each action, which request
// is sent and what its answer means. No code is needed.
//
// What this package promises beyond sending requests: an order whose answer was
// lost is found again or ordered again with the same idempotency key, never
// taken for failed; nothing that a customer or a server says leads a request,
// or our credentials, to another place than the operator wrote; a secret is in
// headers and bodies and nowhere else.
//
// What it does not do: it keeps nothing between calls but tokens of OAuth2, and
// it never guesses what an API means. What is not in the config is not known.
//
// Read [Backend] first, then perform in perform.go, which is one call from
// beginning to end, then send in client.go, which is one request.
package http
