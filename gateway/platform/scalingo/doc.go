// Package scalingo speaks Scalingo's add-on provider API: the flat manifest,
// the endpoints that Scalingo calls to provision, change, suspend, resume and
// deprovision, the customer's single sign-on by a link, and the calls to
// Scalingo's own app add-on API.
//
// Scalingo takes "accepted" for an answer: where a backend needs longer than a
// request may wait, the order is answered 202 and completed on Scalingo's own
// API. What the public documents leave open, and where the platform's newer
// clients differ from them, is decided beside the code that decides it;
// spec/scalingo holds the facts, their sources and the exchanges.
//
// Read [Dialect] first, then the handlers in api.go, then ownapi.go for the
// calls the other way round.
package scalingo
